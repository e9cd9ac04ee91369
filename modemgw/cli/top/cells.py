"""What is shown, in the words of the cells of its tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from modemgw.cli.output import STYLES, cell, clip
from modemgw.cli.sparkline import sparkline
from modemgw.cli.top.picture import Picture, Queue
from modemgw.cli.top.watcher import Happening
from modemgw.client import answers
from modemgw.plain import printable

MODEMS = ("modem", "state", "operator", "signal", "/min", "queue", "errors", "reason")
SIMS = ("SIM", "modem", "minute", "hour", "day", "month", "balance", "network")
QUEUES = ("type", "waiting", "oldest")
_SHORT, _LONG = 8, 30
"""Characters of a signal's history, on a narrow and on a wide screen."""


def age(seconds: float) -> str:
    """How long ago, in one unit."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def modem_row(modem: answers.Modem, picture: Picture, *, wide: bool) -> list[Text]:
    """The cells of MODEMS."""
    pace = picture.paces.get(modem.id)
    return [
        cell(modem.id if wide else clip(modem.id, 10)),
        cell(modem.state),
        cell(clip(modem.operator or "", 24 if wide else 10)),
        signal(modem, picture.signals.get(modem.id, ()), _LONG if wide else _SHORT),
        _number("" if pace is None else f"{pace:.0f}"),
        _number(modem.queue),
        Text(str(modem.errors), style="red" if modem.errors else "dim", justify="right"),
        cell(reason(modem)),
    ]


def signal(modem: answers.Modem, history: Sequence[int | None], width: int) -> Text:
    """The last value, and its history."""
    now = "  -" if modem.signal_dbm is None else f"{modem.signal_dbm:3}"
    style = "" if modem.signal_dbm is None else _strength_style(modem.signal_dbm)
    return Text.assemble((f"{now:>4} ", style), (sparkline(history[-width:]), style))


def _strength_style(dbm: int) -> str:
    return "green" if dbm >= -85 else "yellow" if dbm >= -100 else "red"


def _number(value: object) -> Text:
    return Text(str(value), justify="right")


def reason(modem: answers.Modem) -> str:
    """What there is to say of a modem, if anything."""
    if modem.alarm is not None:
        return modem.alarm
    if modem.reason is not None:
        return modem.reason
    if modem.held is not None:
        why = "its SIM's limits" if modem.held.why == "limits" else "the network refuses its SIM"
        return f"held until {modem.held.until.astimezone():%H:%M:%S}: {why}"
    return ""


def about(modem: answers.Modem) -> Text:
    """Two lines on one modem."""
    sim = modem.sim
    model = " ".join(filter(None, (modem.manufacturer, modem.model)))
    number = None if sim is None else sim.number or sim.iccid
    head = f"{modem.id}: {model or 'unknown model'} at {modem.device or 'no port'}, SIM {number}"
    counts = (
        f"sent {modem.sent}, received {modem.received}, refused {modem.refused}, "
        f"ambiguous {modem.ambiguous}, time-outs {modem.timeouts}, resets {modem.resets}"
    )
    why = reason(modem)
    told = Text(no_wrap=True, overflow="ellipsis")
    return told.append(printable(head), "bold").append("\n").append(printable(why or counts))


def sim_row(sim: answers.SimCard) -> list[Text]:
    """The cells of SIMS."""
    plan, balance = sim.plan, sim.balance
    limits = (plan.per_minute, plan.per_hour, plan.per_day, plan.per_month)
    amount = None if balance is None else " ".join(filter(None, (balance.amount, balance.currency)))
    network = Text(sim.breaker.state, style="green" if sim.breaker.state == "ok" else "red")
    return [
        cell(sim.number or sim.iccid),
        cell(sim.modem),
        *(_use(limit) for limit in limits),
        Text(printable(amount or "-"), style="red" if balance is not None and balance.low else ""),
        network,
    ]


def _use(limit: answers.PlanLimit) -> Text:
    if not limit.limit:
        return Text(str(limit.used), justify="right")
    share = limit.used / limit.limit
    style = "red" if share >= 1 else "yellow" if share >= 0.8 else ""
    return Text(f"{limit.used}/{limit.limit}", style=style, justify="right")


def queue_row(queue: Queue, now: datetime) -> list[Text]:
    """The cells of QUEUES."""
    more = "+" if queue.more else ""
    oldest = "-"
    if queue.oldest is not None:
        oldest = f"{'over ' if queue.more else ''}{age((now - queue.oldest).total_seconds())}"
    return [Text(queue.type), _number(f"{queue.count}{more}"), _number(oldest)]


def happening_line(happening: Happening) -> Text:
    """One line; nothing of a message is in it."""
    at = f"{happening.at.astimezone():%H:%M:%S} "
    event = happening.event
    if event is None:
        return Text.assemble((at, "dim"), (printable(happening.text), "bold yellow"))
    family, _, name = event.type.partition(".")
    style = "red" if event.type in ("alert.raised", "modem.lost") else STYLES.get(name, "")
    shown = (event.data.get(key) for key in ("id", "modem", "sim", "webhook", "reason"))
    about = " ".join(str(value) for value in shown if value is not None)
    return Text.assemble((at, "dim"), (f"{family}.{name} ", style), printable(about))
