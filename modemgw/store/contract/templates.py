"""Templates: texts by name, every version of each; and which messages were made by which.

A version is never changed. That a template was deleted is a version, too, one without a content: so
a name that is used again goes on with the next number, and what a message names stays clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Source = Literal["api", "file"]
"""Where a version came from: by the API, or from a file of the configuration."""
Scalar = str | int | float | bool
"""A value as JSON has it."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What a template says in one language."""

    language: str
    """BCP 47: `pt`, `zh-Hant`."""
    region: str | None
    """ISO 3166 or UN M.49: `BR`, `419`; None: any."""
    text: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """What stands in for a placeholder."""

    type: str
    max_length: int | None = None
    """None: what its type has."""
    default: Scalar | None = None
    """None: each message must give it."""
    allow_unicode: bool = False
    """Whether its values may bring characters that GSM 7-bit lacks."""


@dataclass(frozen=True, slots=True)
class TemplateContent:
    """What a version of a template says."""

    variants: tuple[Variant, ...]
    """The first is for whoever no other fits."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    allow_unicode: bool = False
    """As with a parameter, for all of them."""
    transliterate: bool = False
    """Whether characters of values that may not be brought are replaced by similar ones."""
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a template."""

    name: str
    version: int
    """From 1."""
    content: TemplateContent | None
    """None: the template was deleted."""
    source: Source
    created_at: float
    """UTC seconds."""
    key: str | None
    """Name of the API key that made it; None: nobody by the API."""


class TemplatesView(Protocol):
    """Templates: what can be asked."""

    def all(self) -> list[Template]:
        """The newest version of every template that is not deleted, by name."""

    def get(self, name: str, version: int | None = None) -> Template | None:
        """A version of a template; None: the newest, be it that the template was deleted."""

    def versions(self, name: str) -> list[Template]:
        """Every version of a template, the newest first."""


class Templates(TemplatesView, Protocol):
    """Templates."""

    def add(
        self,
        name: str,
        content: TemplateContent | None,
        *,
        source: Source,
        at: float,
        key: str | None,
    ) -> Template:
        """Keep the next version of a template, made at `at` (UTC seconds); None: it is deleted."""
