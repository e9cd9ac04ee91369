"""How a modem is left, so that it keeps what comes while nobody listens (AT+CNMI, TS 27.005 3.4.1).

Messages are stored anyway. Status reports come directly as a rule, and one that is said to a closed
port is lost: the service centre has its acknowledgement. So the modem is told to store them, where
it has a store for them that can be read, or else to hold them back with all it has to say.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..at import Cursor
from .identify import ask
from .patience import Line

_REPORTS = "SR"
_DIRECT, _STORED = 1, 2
_HOLD_BACK = 0


@dataclass(frozen=True, slots=True)
class Leaving:
    """What is to be done on leaving, and what is to be looked into on coming back."""

    settings: tuple[str, ...] = ()
    """Values of AT+CNMI to try, best first; empty: nothing has to change, or nothing can."""
    stores: tuple[str, ...] = ()
    """Stores that may hold reports since then, besides those that are swept anyway."""


NOTHING_TO_DO = Leaving()


async def plan(
    line: Line, cnmi: str | None, *, readable: tuple[str, ...], store: str | None, trusted: bool
) -> Leaving:
    """What this modem can do, by what it says; `cnmi` is in force, mem1 is `store` afterwards.

    `trusted`: stored reports of this family can be read whole. Raises what the channel raises, but
    no CommandFailed.
    """
    if cnmi is None:
        return NOTHING_TO_DO
    can_read = await _can_read_reports(line, readable, store)
    claims = await ask(line, "AT+CNMI=?")
    settings = settings_to_leave(cnmi, claims, stored=trusted and can_read is not False)
    direct = _values(cnmi)[3] == _DIRECT
    return Leaving(settings, (_REPORTS,) if can_read and direct else ())


async def _can_read_reports(
    line: Line, readable: tuple[str, ...], store: str | None
) -> bool | None:
    """Whether the store for reports has slots; None where there is none: they go among messages."""
    if _REPORTS not in readable:
        return None
    lines = await ask(line, f'AT+CPMS="{_REPORTS}"')
    if store is not None:
        await ask(line, f'AT+CPMS="{store}"')
    # Some name it, and have no slots in it (SIM7600: `+CPMS: 0,0,3,23,3,23`).
    return lines is not None and all(Cursor(line).skip().number() != 0 for line in lines)


def settings_to_leave(
    cnmi: str, claims: tuple[str, ...] | None, *, stored: bool
) -> tuple[str, ...]:
    """Values of AT+CNMI to try, from the one in force and the answer of AT+CNMI=?. Pure.

    `stored`: whether reports that are stored can be read again.
    """
    mode, _, bm, ds, bfr = _values(cnmi)
    if ds != _DIRECT:
        return ()
    cursor = Cursor(next(iter(claims or ()), ""))
    modes = cursor.numbers()
    reports = cursor.skip(2).numbers()
    buffers = cursor.numbers()
    found = []
    if stored and _STORED in reports:
        found.append(f"{mode},1,{bm},{_STORED},{bfr}")
    if (not modes or _HOLD_BACK in modes) and (not buffers or 0 in buffers):
        # bfr=0: what was held back is told when the mode changes again.
        found.append(f"{_HOLD_BACK},1,{bm},{_DIRECT},0")
    return tuple(found)


async def leave(line: Line, leaving: Leaving, cnmi: str | None) -> str | None:
    """Make the first setting hold that the modem takes; that setting, or None. `cnmi` is restored
    where it takes none. Raises what the channel raises, but no CommandFailed.
    """
    for setting in leaving.settings:
        if await ask(line, f"AT+CNMI={setting}") is None:
            continue
        if await _holds(line, setting):
            return setting
    if leaving.settings and cnmi is not None:
        await ask(line, f"AT+CNMI={cnmi}")
    return None


async def _holds(line: Line, setting: str) -> bool:
    """Whether mode, mt and ds are as set; a modem without the read form is believed."""
    lines = await ask(line, "AT+CNMI?")
    if not lines:
        return lines is None
    cursor = Cursor(lines[0])
    now = [cursor.number() for _ in range(len(cursor))]
    wanted = _values(setting)
    return len(now) >= 4 and all(now[i] == wanted[i] for i in (0, 1, 3))


def _values(setting: str) -> tuple[int, int, int, int, int]:
    mode, mt, bm, ds, bfr = map(int, setting.split(","))
    return mode, mt, bm, ds, bfr
