"""What an answer is: the JSON object as it came, and its known fields as typed attributes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Any, ClassVar, get_args, get_origin, get_type_hints


class NotInAnswer(AttributeError):
    """The gateway did not send this field: it is of another version than this client."""


class Answer(Mapping[str, Any]):
    """A JSON object of the API. Nothing in it can be set.

    Each annotation of a subclass is a field: an attribute, converted when it is read (a time to a
    datetime, an amount to a Decimal, base64 to bytes, an object to its own Answer, a list to a
    tuple). As a mapping it is what came, by the names of the API, fields that this client does not
    know among them:
    `message.created_at` is a datetime, `message["created_at"]` a string.
    """

    __slots__ = ("document",)
    _names: ClassVar[Mapping[str, str]] = {"from_": "from", "message_class": "class"}
    """Attributes that are called otherwise in JSON: those names are words of Python."""

    document: dict[str, Any]
    """What came."""

    def __init__(self, document: dict[str, Any]) -> None:
        object.__setattr__(self, "document", document)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, hint in get_type_hints(cls).items():
            if name in cls.__annotations__:
                default = (cls.__dict__[name],) if name in cls.__dict__ else ()
                setattr(cls, name, _field(name, cls._names.get(name, name), hint, default))

    def __getitem__(self, name: str) -> Any:
        return self.document[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.document)

    def __len__(self) -> int:
        return len(self.document)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is what the gateway sent: it cannot be set")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.document,)

    def __repr__(self) -> str:
        """Without texts and numbers: what is logged is read by others."""
        shown = [f"{k}={self.document[k]!r}" for k in ("id", "status") if k in self.document]
        return f"{type(self).__name__}({', '.join(shown)})"


def _field(attribute: str, name: str, hint: Any, default: tuple[Any, ...]) -> property:
    convert = _converter(hint)

    def read(self: Answer) -> Any:
        if name in self.document:
            return convert(self.document[name])
        if default:
            return default[0]
        raise NotInAnswer(f"the gateway sent no {name!r} in this {type(self).__name__}")

    read.__name__ = attribute
    return property(read)


def _converter(hint: Any) -> Callable[[Any], Any]:
    """From what JSON has to what the annotation says."""
    arguments = get_args(hint)
    if NoneType in arguments:
        (some,) = (_converter(one) for one in arguments if one is not NoneType)
        return lambda value: None if value is None else some(value)
    if get_origin(hint) is tuple:
        each = _converter(arguments[0])
        return lambda value: tuple(map(each, value))
    if hint is datetime:
        return datetime.fromisoformat
    if hint is date:
        return date.fromisoformat
    if hint is Decimal:
        return Decimal
    if hint is bytes:
        return base64.b64decode
    if isinstance(hint, type) and issubclass(hint, Answer):
        return hint
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
