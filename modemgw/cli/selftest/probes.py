"""What is sent from which SIM to which, and what the outcome says of the SIMs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_PARTS = 3
_FILLER = "This text takes several parts and is put together again by whoever gets it. "
_LONG = 320
"""Characters: three parts of the GSM alphabet."""


class Kind(StrEnum):
    """What is tried."""

    SHORT = "short"
    LONG = "long"
    UNICODE = "unicode"


@dataclass(frozen=True, slots=True)
class Card:
    """A SIM in a modem that can send."""

    modem: str
    number: str


@dataclass(frozen=True, slots=True)
class Probe:
    """One message from a SIM to another."""

    sender: Card
    receiver: Card
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a probe."""

    probe: Probe
    status: str
    """Of the message."""
    error: str | None
    arrived: bool
    """The text was received, as it was sent, by the SIM it was sent to."""
    delivered: bool
    """The network's report says so."""
    took_s: float | None
    """From the first word with the gateway until it was received; None: it was not."""

    @property
    def left(self) -> bool:
        """Whether the network has taken it."""
        return self.status in ("sent", "delivered", "undelivered")

    @property
    def well(self) -> bool:
        """Whether all was as it should be."""
        return self.arrived and self.delivered

    @property
    def trouble(self) -> str | None:
        """What was not as it should be, in a few words."""
        if self.well:
            return None
        if not self.left and not self.arrived:
            return self.error or f"it is {self.status}"
        if not self.arrived:
            return "the network took it, and it did not arrive"
        return "it arrived, and no report said so"


def probes(cards: Sequence[Card], token: str) -> list[Probe]:
    """Each SIM writes to the next one, of every kind, and a short one to the one after that.

    So each one sends to two others and receives from two, where there are three or more: what
    fails between two says which of them it is. A single one writes to itself. `token` is in every
    text, so that no other test's is taken for one of this.
    """
    found = []
    for at, sender in enumerate(cards):
        following = cards[(at + 1) % len(cards)]
        found += [
            Probe(sender, following, kind, _text(kind, token, sender, following)) for kind in Kind
        ]
        other = cards[(at + 2) % len(cards)]
        if len(cards) > 2:
            text = _text(Kind.SHORT, token, sender, other)
            found.append(Probe(sender, other, Kind.SHORT, text))
    return found


def _text(kind: Kind, token: str, sender: Card, receiver: Card) -> str:
    head = f"modemgw selftest {token} {kind} {sender.modem} to {receiver.modem}"
    if kind is Kind.LONG:
        return f"{head}. {_FILLER * 5}"[:_LONG]
    if kind is Kind.UNICODE:
        return f"{head}: Ž ω Ж ש ع हि 中 😀"
    return head


def parts(found: Iterable[Probe]) -> int:
    """How many parts they take together."""
    return sum(MOST_PARTS if probe.kind is Kind.LONG else 1 for probe in found)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the outcomes say of one SIM."""

    card: Card
    trouble: str | None
    """None: it sends and receives."""


def judge(outcomes: Sequence[Outcome]) -> list[Verdict]:
    """A SIM by what it sent and what it was sent, each against what the others could.

    What never arrives may be the sender's fault or the receiver's: it is the sender's where the
    receiver got something from others, and the other way round.
    """
    cards = list(dict.fromkeys(o.probe.sender for o in outcomes))
    sent = {card: [o for o in outcomes if o.probe.sender == card] for card in cards}
    got = {card: [o for o in outcomes if o.probe.receiver == card] for card in cards}
    hears = {card for card in cards if any(o.arrived for o in got[card])}
    speaks = {card for card in cards if any(o.arrived for o in sent[card])}
    return [Verdict(card, _trouble(card, sent[card], got[card], hears, speaks)) for card in cards]


def _trouble(
    card: Card,
    sent: Sequence[Outcome],
    got: Sequence[Outcome],
    hears: set[Card],
    speaks: set[Card],
) -> str | None:
    others_hear = any(o.probe.receiver in hears for o in sent)
    others_speak = any(o.probe.sender in speaks for o in got)
    if not any(o.left or o.arrived for o in sent):
        why = next((o.error for o in sent if o.error is not None), "the network took nothing")
        mute = f"it is mute: nothing that it sent went out ({why})"
    elif card not in speaks and others_hear:
        mute = "it is mute: the network took what it sent, and nothing arrived"
    else:
        mute = ""
    deaf = "it is deaf: nothing that was sent to it arrived"
    found = [mute] if mute else []
    if card not in hears and others_speak:
        found.append(deaf)
    if not found and card not in hears:
        found.append("nothing arrived from it or at it, and no other SIM shows whose fault that is")
    if not found:
        found += _lesser(
            [o for o in sent if o.probe.receiver in hears],
            [o for o in got if o.probe.sender in speaks],
        )
    return "; ".join(found) or None


def _lesser(sent: Sequence[Outcome], got: Sequence[Outcome]) -> list[str]:
    """What works only in part, between it and those that hear and speak."""
    found = []
    kinds = {o.probe.kind for o in sent if not o.arrived} & {
        o.probe.kind for o in got if not o.arrived
    }
    found += [f"{kind} texts neither leave nor reach it whole" for kind in Kind if kind in kinds]
    if any(o.arrived for o in sent) and not any(o.delivered for o in sent):
        found.append("no status report comes for what it sends")
    return found
