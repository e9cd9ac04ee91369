"""What a configuration says that is not the default anyway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_jsonable_python

from modemgw.config import HandlerSection, ModemSection, RouteSection, Section, SmtpSection

_ITEMS: dict[str, type[Section]] = {
    "modem": ModemSection,
    "route": RouteSection,
    "handler": HandlerSection,
}
"""Tables of which there are many: each of its settings has its own default."""
_MAY_BE_MISSING: dict[str, type[Section]] = {"smtp": SmtpSection}
"""Tables without which the gateway does; those that are there have defaults all the same."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting by its dotted name; values as JSON has them."""

    setting: str
    value: Any
    default: Any
    """None: there is no default."""


def differences(document: dict[str, Any], defaults: dict[str, Any]) -> Iterator[Difference]:
    """What is in a configuration and not in the one of defaults, both as JSON has them."""
    for name, value in document.items():
        if name not in _ITEMS:
            section = _MAY_BE_MISSING.get(name)
            usual = defaults.get(name) if section is None else _defaults(section)
            yield from () if value is None else _between(value, usual, name)
            continue
        usual = _defaults(_ITEMS[name])
        for place, item in enumerate(value, 1):
            yield from _between(item, usual, f"{name}.{item['id'] or place}")


def _between(value: Any, default: Any, at: str) -> Iterator[Difference]:
    if isinstance(value, dict):
        usual = default if isinstance(default, dict) else {}
        for key, inner in value.items():
            yield from _between(inner, usual.get(key), f"{at}.{key}")
    elif value != default:
        yield Difference(at, value, default)


def _defaults(section: type[Section]) -> dict[str, Any]:
    """Those of a table, by what the file calls its settings."""
    return {
        field.alias or name: to_jsonable_python(
            field.get_default(call_default_factory=True, validated_data={}), by_alias=True
        )
        for name, field in section.model_fields.items()
        if not field.is_required()
    }
