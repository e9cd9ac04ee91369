"""The numeric parameters of a modem (AT+CMEE, AT+CREG, AT+CNMI ...): ranges, defaults, values."""

from __future__ import annotations

from dataclasses import dataclass

from modemgw.virtual.command import Command
from modemgw.virtual.errors import CmeError
from modemgw.virtual.personalities import Personality


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter command: allowed values and default of each of its fields."""

    allowed: tuple[tuple[int, ...], ...]
    default: tuple[int, ...]
    saved: bool = True
    """AT&W keeps it."""


def _one(*allowed: int, default: int = 0, saved: bool = True) -> Parameter:
    return Parameter((allowed,), (default,), saved)


_OCTETS, _CHARACTERS = range(256), range(128)
S_REGISTERS: dict[str, Parameter] = {
    "S0": _one(*_OCTETS),
    "S1": _one(*_OCTETS),
    "S2": _one(*_OCTETS, default=43),
    "S3": _one(*_CHARACTERS, default=13),
    "S4": _one(*_CHARACTERS, default=10),
    "S5": _one(*_CHARACTERS, default=8),
    "S6": _one(*range(2, 11), default=2),
    "S7": _one(*range(1, 256), default=60),
    "S8": _one(*_OCTETS, default=2),
    "S9": _one(*_OCTETS, default=6),
    "S10": _one(*range(1, 255), default=14),
    "S11": _one(*_OCTETS, default=95),
    "S12": _one(*_OCTETS, default=50),
    "S30": _one(*_OCTETS),
}
"""V.250 6.2.1 to 6.2.3, 6.3.8 to 6.3.12, and those of older modems."""

PARAMETERS: dict[str, Parameter] = {
    **S_REGISTERS,
    "+CMEE": _one(0, 1, 2),
    "+CREG": _one(0, 1, 2),
    "+CGREG": _one(0, 1, 2),
    "+CEREG": _one(0, 1, 2),
    "+CMGF": _one(0, 1),
    "+CSMS": _one(0, 1),
    "+CMMS": _one(0, 1, 2, saved=False),
    "+CSDH": _one(0, 1),
    "+CLIP": _one(0, 1),
    "+COLP": _one(0, 1),
    "+CRC": _one(0, 1),
    "+CCWA": _one(0, 1),
    "+CGSMS": _one(0, 1, 2, 3, default=1),
    "+CUSD": _one(0, 1, saved=False),
    "+CVHU": _one(0, 1, 2),
    "+CTZR": _one(0, 1),
    "+CTZU": _one(0, 1),
    "+CSSN": Parameter(((0, 1), (0, 1)), (0, 0)),
    "+CMER": Parameter(((0, 1, 2, 3), (0,), (0,), (0, 1), (0, 1)), (0, 0, 0, 0, 0), saved=False),
    "+CSMP": Parameter((tuple(range(256)),) * 4, (17, 167, 0, 0)),
    "+CNMI": Parameter(((),) * 5, (0, 0, 0, 0, 0), saved=False),
}
"""+CNMI has the ranges and defaults of the personality."""


class Parameters(dict[str, tuple[int, ...]]):
    """Present values by command name."""

    def __init__(self, personality: Personality) -> None:
        super().__init__()
        self._personality = personality
        self._saved: dict[str, tuple[int, ...]] = {}
        self.charset = ""
        """AT+CSCS."""
        self.ignored_changes: dict[str, int] = {}
        """A fault plugs in here: so many times the command is answered OK and not done."""
        self.factory()

    def allowed(self, name: str) -> tuple[tuple[int, ...], ...]:
        """What each field of `name` may be."""
        if name == "+CNMI":
            return self._personality.cnmi.fields()
        if name == "+CSMS":
            return (self._personality.csms,)
        if name == "+CMMS":
            return (self._personality.cmms,)
        return PARAMETERS[name].allowed

    def asked_for(self, command: Command) -> tuple[int, ...]:
        """The values of a set command: checked against the ranges (+CME ERROR: 50); omitted ones
        stay as they are."""
        allowed = self.allowed(command.name)
        if len(command.values) > len(allowed):
            raise CmeError(50)
        present = self[command.name]
        values = tuple(command.integer(i, value) for i, value in enumerate(present))
        if any(value not in ok for value, ok in zip(values, allowed, strict=True)):
            raise CmeError(50)
        return values

    def ignores_change(self, name: str) -> bool:
        """Whether a change of `name` is to be answered OK and not made, this time."""
        left = self.ignored_changes.get(name, 0)
        if left:
            self.ignored_changes[name] = left - 1
        return left > 0

    def factory(self) -> None:
        """AT&F."""
        for name, parameter in PARAMETERS.items():
            self[name] = parameter.default
        self["+CNMI"] = self._personality.cnmi_default
        self.charset = self._personality.charset

    def save(self) -> None:
        """AT&W."""
        self._saved = {
            name: self[name] for name, parameter in PARAMETERS.items() if parameter.saved
        }

    def restore(self) -> None:
        """ATZ and power-up: factory values under what was saved."""
        self.factory()
        self.update(self._saved)


def ranges_text(allowed: tuple[tuple[int, ...], ...]) -> str:
    """`(0-2),(0,2)`: how a test command lists what is allowed."""
    return ",".join(f"({_range_text(values)})" for values in allowed)


def _range_text(values: tuple[int, ...]) -> str:
    first, last = values[0], values[-1]
    if len(values) > 2 and values == tuple(range(first, last + 1)):
        return f"{first}-{last}"
    return ",".join(map(str, values))
