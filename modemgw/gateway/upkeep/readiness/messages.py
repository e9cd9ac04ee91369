"""Checks of what is sent: types and their times, templates, batches, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from modemgw.config import TypeSection
from modemgw.gateway.upkeep.readiness.facts import Facts
from modemgw.gateway.upkeep.readiness.finding import Finding, failed, not_tested, passed
from modemgw.store.records import AttemptState, Message, MessageStatus

SENT_WITHIN_S = {"otp": 30.0, "transactional": 300.0}
"""Nineteen of twenty messages of a type are with the network so soon after they were due, where
the configuration sets no target of its own for that."""
OTP_VALIDITY_S = 1800.0
"""A code is worthless after so long."""
_SEND = "Send a message of each type that you use, then look again."


def types(facts: Facts) -> Finding:
    """Messages say what they are, and each type keeps its time."""
    counts = Counter(message.type for message in facts.sample)
    if not counts:
        return not_tested("nothing was sent yet", _SEND)
    if facts.config.type.otp.validity > OTP_VALIDITY_S:
        return failed(
            f"a one-time code may wait {facts.config.type.otp.validity:.0f} s",
            f"Set validity of [type.otp] to {OTP_VALIDITY_S:.0f} or less.",
        )
    seen = ", ".join(f"{count} {type}" for type, count in sorted(counts.items()))
    told = [f"of the last {len(facts.sample)} messages: {seen}"]
    for type, usual_s in SENT_WITHIN_S.items():
        section: TypeSection = getattr(facts.config.type, type)
        own = section.target == "sent" and section.target_seconds
        within_s = own or usual_s
        waits = sorted(_waits([m for m in facts.sample if m.type == type]))
        if not waits:
            continue
        most = waits[int(0.95 * (len(waits) - 1))]
        told.append(f"95 % of {type} are sent within {most:.1f} s")
        if most > within_s:
            return failed(
                "; ".join(told),
                f"{type} should be sent within {within_s:.0f} s: add SIMs, raise per_minute of "
                "[sim_limits], or send less of the other types at once.",
            )
    return passed("; ".join(told))


def _waits(messages: Sequence[Message]) -> list[float]:
    """Seconds from when messages were due until the network had taken them."""
    found = []
    for message in messages:
        taken = [
            attempt.ended_at
            for part in message.parts
            for attempt in part.attempts
            if attempt.state is AttemptState.ACCEPTED and attempt.ended_at is not None
        ]
        if taken:
            due = max(message.created_at, message.send_at or 0.0)
            found.append(max(0.0, max(taken) - due))
    return found


def templates(facts: Facts) -> Finding:
    """Texts are templates with parameters, not what users typed."""
    texts = [message for message in facts.sample if message.data is None]
    made = sum(message.template is not None for message in texts)
    step = "Make a template (`modemgw templates`), and send its name with params instead of a text."
    if not facts.templates:
        return failed("there is no template: every text comes from the application as it is", step)
    if not made:
        return not_tested(f"{facts.templates} templates, and no message was made by one", step)
    told = f"{made} of the last {len(texts)} texts were made by one of {facts.templates} templates"
    return passed(told) if made * 2 >= len(texts) else failed(told, step)


def batches(facts: Facts) -> Finding:
    """What is not urgent is sent together, or later."""
    batched = sum(message.batch is not None for message in facts.sample)
    later = sum(message.send_at is not None for message in facts.sample)
    if batched or later:
        return passed(f"of the last messages {batched} came in batches, {later} had a send_at")
    return not_tested(
        "no message came in a batch, none had a send_at",
        "Send what is not urgent with POST /v1/batches, or with send_at.",
    )


def tracking(facts: Facts) -> Finding:
    """The application learns what became of its messages."""
    told = facts.told("message.delivered")
    called = sum(message.callback_url is not None for message in facts.sample)
    asked = [message for message in facts.sample if message.receipt]
    arrived = sum(message.status is MessageStatus.DELIVERED for message in asked)
    if not told and not called:
        return failed(
            "no webhook is told of message.delivered, and no message named a callback_url",
            "Make a webhook for message.* (POST /v1/webhooks).",
        )
    how = f"{len(told)} webhooks are told of message.delivered, {called} messages had a callback"
    if not asked:
        return not_tested(f"{how}; no message asked for a receipt", _SEND)
    if not arrived:
        return not_tested(
            f"{how}; none of {len(asked)} receipts says delivered", "Run modemgw selftest."
        )
    return passed(f"{how}; {arrived} of {len(asked)} messages were reported as delivered")
