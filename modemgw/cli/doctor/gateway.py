"""The running daemon, by what it tells of itself and of its modems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modemgw.cli.doctor.finding import Finding, ok, problem, skipped, warning
from modemgw.client import ApiError, Client, UnexpectedAnswer, Unreachable
from modemgw.client.answers import Modem, Readiness

ABOUT = "daemon"
_WEAK_DBM = -105
"""Less than this, and parts are lost on the air."""
_REMEDIES = (
    ("PUK", "the card wants its PUK: put it into a phone, and enter PUK and a new PIN"),
    ("PIN", "correct pin or pin_file in the configuration, then restart the daemon"),
    ("SIM", "take the SIM out, clean it, put it in again; try it in a phone"),
    ("registr", "look at antenna and coverage; a new or unpaid SIM is denied by the network"),
    ("network", "look at antenna and coverage; a new or unpaid SIM is denied by the network"),
    ("roam", "the SIM roams and the configuration forbids it (roaming = false)"),
    ("service centre", 'name it in the configuration: smsc = "+…" of the modem'),
    (
        "full",
        "messages that are not the gateway's fill the store: delete them elsewhere",
    ),
    ("flood", "this is not the port for AT commands: modemgw modems scan finds the right one"),
    ("in use", "another program has the port: modemgw doctor, as root, names it"),
)
"""By a word of the reason, what helps; docs/modems.md has the whole list."""


async def daemon(client: Client, *, has_key: bool) -> list[Finding]:
    """Whether it answers and can send, and how its modems do."""
    try:
        readiness = await client.readiness()
    except (Unreachable, UnexpectedAnswer) as error:
        return [
            problem(
                ABOUT,
                f"it does not answer: {error}",
                "systemctl start modemgw, or modemgw serve; --url where it listens elsewhere",
            )
        ]
    found = [_ready(readiness)]
    if not has_key:
        found.append(
            skipped(
                "modems",
                "how they do is told to who has an API key only",
                "modemgw keys create doctor --scope read; then set $MODEMGW_KEY, or give --key",
            )
        )
        return found
    try:
        modems = await client.modems()
    except ApiError as error:
        return [*found, skipped("modems", str(error), "give a key with the scope read or admin")]
    return [*found, *_modems(modems)]


def _ready(readiness: Readiness) -> Finding:
    if readiness.ready and readiness.detail is None:
        return ok(ABOUT, "it answers, and can send")
    detail = readiness.detail or "no modem can send"
    if readiness.ready:
        return warning(ABOUT, f"it can send, but: {detail}", "see the modems below")
    return problem(ABOUT, f"it cannot send: {detail}", "see the modems below")


def _modems(modems: Sequence[Modem]) -> Iterator[Finding]:
    for modem in modems:
        about = f"modem {modem.id}"
        if modem.state not in ("ready", "sending"):
            reason = modem.reason or modem.state
            what = f"it is {modem.state}" + (f": {reason}" if modem.reason else "")
            if modem.state == "paused":
                yield warning(about, what, f"modemgw modems resume {modem.id}")
            else:
                yield problem(about, what, remedy_for(reason))
        elif modem.alarm is not None:
            yield problem(about, modem.alarm, remedy_for(modem.alarm))
        elif modem.held is not None:
            yield warning(
                about,
                f"its SIM is held back by {modem.held.why}",
                f"modemgw sims list shows how much of its plan is used; modemgw modems resume "
                f"{modem.id} tries a refused one again",
            )
        elif modem.signal_dbm is not None and modem.signal_dbm < _WEAK_DBM:
            yield warning(
                about, f"its signal is weak ({modem.signal_dbm} dBm)", "move it, or its antenna"
            )
        else:
            signal = "" if modem.signal_dbm is None else f", {modem.signal_dbm} dBm"
            yield ok(about, f"it is {modem.state}{signal}")


def remedy_for(reason: str) -> str:
    """What helps against a reason that a modem is not ready for."""
    for word, remedy in _REMEDIES:
        if word.casefold() in reason.casefold():
            return remedy
    return "docs/modems.md, 'What a reason means', says what helps; modemgw modems trace shows more"
