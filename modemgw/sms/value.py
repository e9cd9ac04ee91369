"""How the values that every message makes anew are declared."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def value(cls: type[_T]) -> type[_T]:
    """A slotted dataclass with equality and hash that the type checker keeps from being changed.

    At run time it is not frozen: making a frozen one takes three times as long, and making values
    is most of what a codec does. Values that are shared between messages are frozen in earnest.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
