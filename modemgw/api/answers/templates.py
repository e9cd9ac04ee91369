"""Templates, how long their texts can become, and what one makes of some values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from modemgw.api.answers.problems import FieldError
from modemgw.api.answers.shared import Time


class WorstCase(TypedDict):
    """The most that a text can take in one encoding."""

    encoding: Literal["gsm7", "ucs2"]
    parts: Annotated[int, Field(description="No message takes more.")]
    units: Annotated[int, Field(description="Septets, or UTF-16 units.")]


class TemplateVariant(TypedDict):
    """What a template says in one language, and how long that can become."""

    language: str
    region: str | None
    text: str
    placeholders: Annotated[list[str], Field(description="The parameters that it uses.")]
    encoding: Annotated[
        Literal["gsm7", "ucs2"], Field(description="As which it is sent with ordinary values.")
    ]
    worst_case: Annotated[
        list[WorstCase],
        Field(
            description="Of messages that ask for no `encoding` or `transliterate` of their own; "
            "two of them where values or conditions decide the encoding."
        ),
    ]


class TemplateParameter(TypedDict):
    """What stands in for a placeholder."""

    type: str
    max_length: Annotated[
        int, Field(description="Characters; emoji and the extension of GSM 7-bit count twice.")
    ]
    default: Annotated[
        str | int | float | bool | None, Field(description="null: each message must give it.")
    ]
    allow_unicode: bool


class Template(TypedDict):
    """A version of a template."""

    name: str
    version: Annotated[int, Field(description="From 1; messages say which one made them.")]
    description: str | None
    variants: list[TemplateVariant]
    parameters: dict[str, TemplateParameter]
    allow_unicode: bool
    transliterate: bool
    source: Annotated[
        Literal["api", "file"],
        Field(description="`file`: it is in a file of the gateway, and is changed there."),
    ]
    key: Annotated[str | None, Field(description="Name of the API key that made this version.")]
    created_at: Annotated[Time, Field(description="When this version was made.")]
    warnings: Annotated[
        list[FieldError], Field(description="What is odd about it, though it can be used.")
    ]


class Templates(TypedDict):
    """Every template, by name."""

    items: list[Template]
    next_cursor: None


class TemplateVersion(TypedDict):
    """That there was a version of a template."""

    name: str
    version: int
    deleted: Annotated[bool, Field(description="Whether this is that it was deleted.")]
    source: Literal["api", "file"]
    key: str | None
    created_at: Time


class TemplateVersions(TypedDict):
    """Every version of a template, the newest first."""

    items: list[TemplateVersion]
    next_cursor: None


class TemplatePreview(TypedDict):
    """What a template makes of some values."""

    name: str
    version: int
    language: Annotated[str, Field(description="Of the variant that was chosen.")]
    text: str
    encoding: str
    parts: int
    characters_left: Annotated[
        int, Field(description="Free in the last part: septets or UTF-16 units.")
    ]
    units: Annotated[list[int], Field(description="Used in each part.")]
    warnings: Annotated[
        list[FieldError],
        Field(description="What makes it cost more than may be meant, or is changed."),
    ]
