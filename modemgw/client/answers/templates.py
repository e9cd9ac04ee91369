"""Templates, how long their texts can become, and what one makes of some values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from modemgw.client.answer import Answer
from modemgw.client.answers.problems import FieldError


class WorstCase(Answer):
    """The most that a text can take in one encoding."""

    encoding: str
    parts: int
    units: int
    """Septets, or UTF-16 units."""


class TemplateVariant(Answer):
    """What a template says in one language, and how long that can become."""

    language: str
    region: str | None
    text: str
    placeholders: tuple[str, ...]
    """The parameters that it uses."""
    encoding: str
    """As which it is sent with ordinary values."""
    worst_case: tuple[WorstCase, ...]


class Template(Answer):
    """A version of a template."""

    name: str
    version: int
    description: str | None
    variants: tuple[TemplateVariant, ...]
    parameters: dict[str, Any]
    """By their names: `type`, `max_length`, `default`, `allow_unicode`."""
    allow_unicode: bool
    transliterate: bool
    source: str
    """`api`, or `file`: it is in a file of the gateway, and is changed there."""
    key: str | None
    """Name of the API key that made this version."""
    created_at: datetime
    warnings: tuple[FieldError, ...]
    """What is odd about it, though it can be used."""


class TemplateVersion(Answer):
    """That there was a version of a template."""

    name: str
    version: int
    deleted: bool
    """Whether this is that it was deleted."""
    source: str
    key: str | None
    created_at: datetime


class TemplatePreview(Answer):
    """What a template makes of some values."""

    name: str
    version: int
    language: str
    """Of the variant that was chosen."""
    text: str
    encoding: str
    parts: int
    characters_left: int
    """Free in the last part: septets or UTF-16 units."""
    units: tuple[int, ...]
    """Used in each part."""
    warnings: tuple[FieldError, ...]
    """What makes it cost more than may be meant, or is changed."""
