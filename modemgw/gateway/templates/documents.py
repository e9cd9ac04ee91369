"""From a template as somebody writes it, in a request or a file, to what is kept of it."""

from __future__ import annotations

from modemgw.config import ConfigError, ParameterDocument, TemplateDocument, TemplatesSection
from modemgw.gateway.templates.checking import check
from modemgw.gateway.templates.parameters import TYPES
from modemgw.store import Parameter, TemplateContent, Variant


def content_of(document: TemplateDocument) -> TemplateContent:
    """What a document says, as yet unchecked."""
    return TemplateContent(
        variants=tuple(
            Variant(variant.language, variant.region, variant.text) for variant in document.variants
        ),
        parameters={
            name: Parameter(
                parameter.type, _length(parameter), parameter.default, parameter.allow_unicode
            )
            for name, parameter in document.parameters.items()
        },
        allow_unicode=document.allow_unicode,
        transliterate=document.transliterate,
        description=document.description,
    )


def _length(parameter: ParameterDocument) -> int | None:
    """What is kept says how long it may be: another version of us may have other defaults."""
    about = TYPES[parameter.type]
    if parameter.max_length is None and not about.fixed:
        return about.units
    return parameter.max_length


def read_files(section: TemplatesSection) -> dict[str, TemplateContent]:
    """The templates in files, by name; it may block.

    Raises ConfigError with everything that is wrong, by file and key: then none counts.
    """
    found: dict[str, TemplateContent] = {}
    problems: list[str] = []
    for name, (file, document) in section.read().items():
        found[name] = content_of(document)
        problems += [f"{file}: {one.field}: {one.detail}" for one in check(found[name])]
    if problems:
        raise ConfigError(problems)
    return found
