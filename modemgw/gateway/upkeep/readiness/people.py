"""Checks of consent: who is sent what they asked for, and how they leave."""

from __future__ import annotations

from modemgw.gateway.upkeep.readiness.facts import Facts
from modemgw.gateway.upkeep.readiness.finding import Finding, failed, not_tested, passed


def opt_in(facts: Facts) -> Finding:
    """Advertising goes to those alone of whom an opt-in is recorded, with its proof."""
    advertised = sum(message.type == "promotional" for message in facts.sample)
    if not facts.config.type.promotional.consent_required:
        if not advertised and not facts.opted_in:
            return not_tested(
                "no promotional message was sent, and no opt-in is recorded",
                "Before you send any, set consent_required = true in [type.promotional].",
            )
        return failed(
            f"promotional messages need no recorded opt-in ({advertised} of the last messages)",
            "Set consent_required = true in [type.promotional], and record opt-ins with "
            "POST /v1/consents.",
        )
    if not facts.opted_in:
        return not_tested(
            "promotional messages need an opt-in, and none is recorded",
            "Record one with its source and evidence (POST /v1/consents).",
        )
    bare = [one for one in facts.opted_in if one.source != "sms" and not one.evidence]
    told = f"of the newest {len(facts.opted_in)} opt-ins {len(facts.opted_in) - len(bare)} have "
    if bare:
        return failed(
            f"{told}evidence", "Say in evidence what proves an opt-in: the form, page and time."
        )
    return passed(f"{told}their source, time and evidence")


def opt_out(facts: Facts) -> Finding:
    """Who writes STOP is sent no more."""
    if not facts.config.opt_out.enabled:
        return failed(
            "[opt_out] is off: STOP means nothing to the gateway",
            "Set enabled = true in [opt_out], unless a handler records opt-outs.",
        )
    by_sms = sum(one.source == "sms" for one in facts.opted_out)
    if not facts.opted_out:
        return not_tested(
            "STOP is listened to, and nobody has opted out yet",
            "Write STOP to one of the SIMs, then send that number a promotional message: it has "
            "to be refused.",
        )
    return passed(f"of the newest {len(facts.opted_out)} opt-outs {by_sms} came by SMS")
