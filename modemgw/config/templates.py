"""[templates]: a directory of template files; and what such a file, or a request, has in it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from modemgw.config.base import Identifier, Section
from modemgw.config.errors import ConfigError, problems_of

MAX_PARAMETERS: Final = 32
MAX_VARIANTS: Final = 64
MAX_CHARACTERS: Final = 8000
"""Of a variant."""


ParameterType = Literal[
    "string", "code", "integer", "decimal", "date", "time", "datetime", "url", "phone", "boolean"
]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _Document(BaseModel):
    """A part of a template: nothing is converted silently, unknown keys are refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class VariantDocument(_Document):
    """What a template says in one language."""

    language: Annotated[
        str,
        Field(
            min_length=2,
            max_length=11,
            description="`en`, `pt`, `zh-Hant` (BCP 47, without a region).",
            json_schema_extra={"pattern": "^[a-z]{2,3}(?:-[A-Z][a-z]{3})?$"},
        ),
    ]
    region: Annotated[
        Annotated[str, Field(json_schema_extra={"pattern": "^(?:[A-Z]{2}|[0-9]{3})$"})] | None,
        Field(description="`BR`, `419` (ISO 3166 or UN M.49); null: any."),
    ] = None
    text: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_CHARACTERS,
            description="`{{ name }}` stands for a parameter, with filters as `{{ name | upper }}`;"
            " `{% if name %}…{% else %}…{% endif %}` asks for one.",
        ),
    ]


class ParameterDocument(_Document):
    """What stands in for a placeholder."""

    type: Annotated[
        ParameterType, Field(description="What its values are; a `boolean` is for `if` alone.")
    ] = "string"
    max_length: Annotated[
        Annotated[int, Field(ge=1, le=1000), BeforeValidator(_whole)] | None,
        Field(
            description="Characters; emoji and the characters of GSM 7-bit's extension (€ and "
            "brackets) count twice. null: what the type has, 100 for a string."
        ),
    ] = None
    default: Annotated[
        str | int | float | bool | None,
        Field(description='Where a message gives none; "" for nothing. null: it must.'),
    ] = None
    allow_unicode: Annotated[
        bool, Field(description="Its values may bring characters that GSM 7-bit lacks.")
    ] = False


def _some(variants: tuple[VariantDocument, ...]) -> tuple[VariantDocument, ...]:
    """Counted here, for pydantic counts those alone that are right."""
    if not 1 <= len(variants) <= MAX_VARIANTS:
        raise ValueError(f"there must be 1 to {MAX_VARIANTS} variants, not {len(variants):,}")
    return variants


class TemplateDocument(_Document):
    """A template without its name."""

    variants: Annotated[
        tuple[VariantDocument, ...],
        AfterValidator(_some),
        Field(
            description="The first is for whoever no other fits.",
            json_schema_extra={"minItems": 1, "maxItems": MAX_VARIANTS},
        ),
    ]
    parameters: Annotated[
        dict[str, ParameterDocument],
        Field(
            max_length=MAX_PARAMETERS,
            description="By their names.",
            json_schema_extra={"propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"}},
        ),
    ] = {}
    allow_unicode: Annotated[
        bool,
        Field(
            description="Values may bring characters that GSM 7-bit lacks: then the message is "
            "sent as UCS-2, in more parts. false: such a value is refused."
        ),
    ] = False
    transliterate: Annotated[
        bool,
        Field(
            description="Such characters of values are replaced by similar ones, where there are "
            "any, instead of being refused."
        ),
    ] = False
    description: Annotated[
        str | None, Field(max_length=255, description="Your own words for it.")
    ] = None


class TemplateFile(TemplateDocument):
    """A template in a file."""

    name: Identifier | None = None
    """None: that of the file."""


class TemplatesSection(Section):
    """[templates]"""

    directory: Annotated[
        Path | None, BeforeValidator(lambda value: None if value == "" else value)
    ] = None
    """Where template files are; None: nowhere."""

    def read(self) -> dict[str, tuple[Path, TemplateDocument]]:
        """The templates in the files of the directory, by name; it may block.

        Raises ConfigError with everything that is wrong, by file and key.
        """
        if self.directory is None:
            return {}
        found: dict[str, tuple[Path, TemplateDocument]] = {}
        problems: list[str] = []
        try:
            files = sorted(path for path in self.directory.iterdir() if path.suffix in _READERS)
        except OSError as error:
            raise ConfigError([f"templates.directory: {error}"]) from error
        for file in files:
            try:
                template = _read(file)
                name = template.name or _named_after(file)
                if name in found:
                    raise ConfigError([f"{file}: {found[name][0]} is named {name!r} as well"])
                found[name] = file, template
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(problems)
        return found


_READERS: dict[str, Callable[[str], Any]] = {".toml": tomllib.loads, ".json": json.loads}


def _read(file: Path) -> TemplateFile:
    try:
        document = _READERS[file.suffix](file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{file}: cannot be read: {error}"]) from error
    except ValueError as error:  # of TOML, JSON and UTF-8 alike
        raise ConfigError([f"{file}: not valid {file.suffix[1:].upper()}: {error}"]) from error
    try:
        return TemplateFile.model_validate_json(to_json(document))
    except ValidationError as error:
        problems = [f"{file}: {line}" for line in problems_of(error, TemplateFile)]
        raise ConfigError(problems) from error


def _named_after(file: Path) -> str:
    try:
        return _NameOnly.model_validate({"name": file.stem}).name
    except ValidationError as error:
        raise ConfigError(
            [f"{file}: its name is no name for a template; give it one with the key name"]
        ) from error


class _NameOnly(BaseModel):
    name: Identifier
