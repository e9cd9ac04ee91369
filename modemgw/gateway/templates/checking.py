"""What is wrong with a template, and what is only odd: by the fields of the API. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from modemgw.gateway.errors import FieldProblem
from modemgw.gateway.templates import languages, pieces
from modemgw.gateway.templates.bounds import bounds, lengths
from modemgw.gateway.templates.filters import FILTERS, is_plain
from modemgw.gateway.templates.languages import Language
from modemgw.gateway.templates.parameters import MAX_LENGTH, TYPES, BadValue, readers
from modemgw.gateway.templates.pieces import LanguageError, Piece
from modemgw.store import Parameter, TemplateContent

NAME = "1 to 64 letters, digits and underscores, no digit first"
MAX_PARTS = 255
"""TS 23.040 9.2.3.24.1."""


def check(content: TemplateContent) -> list[FieldProblem]:
    """Everything that is wrong with a template, so that it cannot be kept."""
    problems = [*_check_languages(content), *_check_parameters(content)]
    sound = {
        name: parameter for name, parameter in content.parameters.items() if parameter.type in TYPES
    }
    texts: list[tuple[str, tuple[Piece, ...]]] = []
    for i, variant in enumerate(content.variants):
        field = f"variants[{i}].text"
        try:
            parsed = pieces.parse(variant.text)
        except LanguageError as error:
            problems.append(FieldProblem(field, str(error), "not-a-template"))
            continue
        found = list(_check_text(field, parsed, content, sound))
        problems += found
        if not found and not problems:
            texts.append((field, parsed))
    if problems:
        return problems
    for field, parsed in texts:
        most = max(bound.parts for bound in bounds(parsed, lengths(content)))
        if most > MAX_PARTS:
            detail = f"may become {most} parts, {MAX_PARTS} at most: give parameters a max_length"
            problems.append(FieldProblem(field, detail, "too-many-parts"))
    return [*problems, *_check_defaults(content, [parsed for _, parsed in texts])]


def warnings(
    content: TemplateContent, texts: Sequence[tuple[str, tuple[Piece, ...]]]
) -> Iterator[FieldProblem]:
    """What is odd about a template that nothing is wrong with. `texts`: those of its variants, by
    their fields.
    """
    used = {field: set(pieces.names(parsed)) for field, parsed in texts}
    for name in content.parameters:
        lacking = [field for field, names in used.items() if name not in names]
        if len(lacking) == len(used):
            yield FieldProblem(f"parameters.{name}", "no variant uses it", "unused")
        else:
            for field in lacking:
                yield FieldProblem(field, f"does not use {name}, as other variants do", "unused")
    for field, parsed in texts:
        found = bounds(parsed, lengths(content))
        if [bound.alphabet for bound in found] == ["gsm7", "ucs2"]:
            plain, unicode = found
            detail = (
                f"may be sent as UCS-2: {unicode.parts} parts then, and {plain.parts} as GSM 7-bit"
            )
            yield FieldProblem(field, detail, "may-be-ucs2")
        elif found[0].alphabet == "ucs2":
            character = next(c for c in _written(parsed) if not is_plain(c))
            detail = f"is sent as UCS-2, for GSM 7-bit lacks {character!r}"
            yield FieldProblem(field, detail, "ucs2")


def _check_languages(content: TemplateContent) -> Iterator[FieldProblem]:
    for i, variant in enumerate(content.variants):
        tag = str(Language(variant.language, variant.region))
        try:
            if languages.parse(tag) != (variant.language, variant.region):
                raise ValueError(f"write it {languages.parse(tag)}, language and region apart")
        except ValueError as error:
            yield FieldProblem(f"variants[{i}].language", str(error), "invalid")
    counted = Counter((variant.language, variant.region) for variant in content.variants)
    for (language, region), count in counted.items():
        if count > 1:
            detail = f"there are {count} variants for {Language(language, region)}"
            yield FieldProblem("variants", detail, "repeated")


def _check_parameters(content: TemplateContent) -> Iterator[FieldProblem]:
    for name, parameter in content.parameters.items():
        field = f"parameters.{name}"
        if not pieces.NAME.fullmatch(name):
            yield FieldProblem(field, f"its name must be {NAME}", "invalid")
        elif name in pieces.RESERVED:
            yield FieldProblem(field, "its name means something else in a template", "reserved")
        about = TYPES.get(parameter.type)
        if about is None:
            detail = f"there is no type {parameter.type!r}; there is {', '.join(TYPES)}"
            yield FieldProblem(f"{field}.type", detail, "unknown")
            continue
        if parameter.max_length is not None:
            if about.fixed:
                detail = f"a {parameter.type} has always the same length: leave it out"
                yield FieldProblem(f"{field}.max_length", detail, "contradiction")
            elif not 1 <= parameter.max_length <= MAX_LENGTH:
                detail = f"must be 1 to {MAX_LENGTH:,}"
                yield FieldProblem(f"{field}.max_length", detail, "out-of-range")


def _check_defaults(
    content: TemplateContent, texts: Sequence[tuple[Piece, ...]]
) -> Iterator[FieldProblem]:
    known = readers(content)
    free = all(bounds(text, lengths(content))[0].alphabet == "ucs2" for text in texts)
    for name, parameter in content.parameters.items():
        if parameter.default is None or parameter.default == "":
            continue
        try:
            known[name].read(parameter.default, free=free)
        except BadValue as error:
            yield FieldProblem(f"parameters.{name}.default", str(error), error.code)


def _check_text(
    field: str,
    parsed: Sequence[Piece],
    content: TemplateContent,
    sound: dict[str, Parameter],
) -> Iterator[FieldProblem]:
    for name in pieces.names(parsed):
        if name not in content.parameters:
            known = ", ".join(content.parameters) or "none"
            detail = f"uses {name}, which parameters does not declare; there is {known}"
            yield FieldProblem(field, detail, "undeclared")
    for place in pieces.placeholders(parsed):
        parameter = sound.get(place.name)
        if parameter is None:
            continue
        if parameter.type == "boolean":
            detail = f"shows {place.name}, a boolean: that is for {{% if {place.name} %}} alone"
            yield FieldProblem(field, detail, "wrong-type")
        if len(place.calls) > 1 and any(call.filter == "format" for call in place.calls):
            detail = f"has another filter beside format on {place.name}: it stands alone"
            yield FieldProblem(field, detail, "contradiction")
            continue
        for call in place.calls:
            about = FILTERS[call.filter]
            if parameter.type not in about.types:
                detail = (
                    f"has the filter {call.filter} on {place.name}, a {parameter.type}: it is for "
                    f"{', '.join(sorted(about.types))}"
                )
                yield FieldProblem(field, detail, "wrong-type")
                break
            try:
                about.check(parameter.type, call.arguments)
            except ValueError as error:
                yield FieldProblem(field, f"{place.name}: {error}", "invalid")
    for test in pieces.tests(parsed):
        parameter = sound.get(test.name)
        if parameter is None or test.operator is None:
            continue
        kind, given = parameter.type, type(test.constant)
        wanted = {"integer": int, "boolean": bool}.get(kind, str)
        ordered = test.operator not in ("==", "!=")
        if given is not wanted or (ordered and kind != "integer"):
            detail = f"asks whether {test.name} {test.operator} {test.constant!r}: a {kind} " + {
                int: "compares with whole numbers",
                bool: "is asked for by its name alone",
            }.get(wanted, "is == or != a text")
            yield FieldProblem(field, detail, "wrong-type")
        elif ordered and parameter.default == "":
            detail = f"asks whether {test.name} {test.operator} a number, but it may be empty"
            yield FieldProblem(field, detail, "contradiction")


def _written(parsed: Sequence[Piece]) -> str:
    return "".join(
        piece
        if isinstance(piece, str)
        else "".join(map(_written, piece.branches))
        if isinstance(piece, pieces.Choice)
        else ""
        for piece in parsed
    )
