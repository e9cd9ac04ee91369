"""Checks of the gateway itself: doors, limits, other ways, proofs, and who is told."""

from __future__ import annotations

from collections import defaultdict

from modemgw.config import Config
from modemgw.gateway.upkeep.readiness.facts import DAY_S, PROVED_FOR_S, Facts
from modemgw.gateway.upkeep.readiness.finding import Finding, failed, not_tested, passed

_LOCAL = ("127.", "localhost", "[::1]", "unix:")


def protocol(facts: Facts) -> Finding:
    """Keys and texts go over no network in the clear, and no key can do everything."""
    http = facts.config.http
    in_force = [key for key in facts.keys if key.in_force(facts.now)]
    sheltered = http.listen.startswith(_LOCAL) or http.trusted_proxies
    if not sheltered and http.tls_certificate is None:
        return failed(
            f"the API listens on {http.listen} without TLS",
            "Set tls_certificate in [http], or listen on 127.0.0.1 behind a proxy.",
        )
    senders = [key for key in in_force if "send" in key.scopes]
    if not in_force:
        return not_tested("there is no API key", "Make one: modemgw keys create NAME --scope send.")
    if not senders:
        return failed(
            "every API key is an administrator's",
            "Give applications a key with the scope send alone (modemgw keys create).",
        )
    return passed(f"the API listens on {http.listen}; {len(senders)} keys may send, and no more")


def limits(facts: Facts) -> Finding:
    """A flood is held back: by SIM, by recipient and by key."""
    config = facts.config
    there_are = [
        name
        for name, is_set in (
            ("[sim_limits]", any_set(config)),
            ("[recipient_limits]", _given(config.recipient_limits)),
            (
                "[key_limits]",
                _given(config.key_limits) or any(bool(key.limits) for key in facts.keys),
            ),
        )
        if is_set
    ]
    if len(there_are) == 3:
        return passed(
            "SIMs, recipients and keys have limits; refused tries are repeated with back-off"
        )
    missing = [
        name
        for name in ("[sim_limits]", "[recipient_limits]", "[key_limits]")
        if name not in there_are
    ]
    return failed(
        f"there are no limits in {', '.join(missing)}",
        "Set per_minute and per_day there: a fault of an application must not write to anybody "
        "a thousand times.",
    )


def any_set(config: Config) -> bool:
    """Whether every SIM has some limit on how fast it sends."""
    limits = [config.limits_of(modem) for modem in config.modem] or [config.sim_limits]
    return all(one.per_minute or one.per_hour or one.per_day or one.min_interval for one in limits)


def _given(limits: object) -> bool:
    return any(getattr(limits, name) for name in ("per_minute", "per_hour", "per_day"))


def failover(facts: Facts) -> Finding:
    """When a SIM or a modem fails, another one carries on."""
    config = facts.config
    carriers: dict[str, int] = defaultdict(int)
    for modem in config.modem:
        for route in modem.routes:
            carriers[route] += 1
    if not config.modem:
        return not_tested("no modem is configured", "Add modems (modemgw modems scan).")
    alone = [
        route.id
        for route in config.routes
        if carriers[route.id] + (carriers[route.fallback] if route.fallback else 0) < 2
        and (carriers[route.id] or route.id != "default")
    ]
    if alone:
        return failed(
            f"one modem or none carries {', '.join(alone)}",
            "Give the route a second modem, or a fallback to one that has others.",
        )
    if len(facts.seats) < 2:
        return failed(
            f"{len(facts.seats)} of {len(config.modem)} modems have a SIM that can be seen now",
            "Look at modemgw modems list.",
        )
    return passed(f"every route has two modems or more, and {len(facts.seats)} SIMs are there now")


def end_to_end(facts: Facts) -> Finding:
    """Every SIM was seen to reach another one, carrier by carrier."""
    if not facts.seats:
        return not_tested("no SIM is in a modem now", "Look at modemgw modems list.")
    proved = {
        attempt.sim
        for message in facts.proofs
        for part in message.parts
        for attempt in part.attempts
        if attempt.receipt is not None
    }
    mute = [seat for seat in facts.seats if seat.iccid not in proved]
    names = ", ".join(f"{seat.modem} ({seat.operator or 'no network'})" for seat in mute)
    if len(mute) == len(facts.seats):
        return not_tested(
            f"no SIM has written to another of the gateway within {PROVED_FOR_S / DAY_S:.0f} days",
            "Run modemgw selftest; every modem needs its number in the configuration.",
        )
    if mute:
        return failed(f"not proved to arrive: {names}", "Run modemgw selftest.")
    carriers = sorted({seat.operator or "no network" for seat in facts.seats})
    return passed(f"every SIM has written to another, and it arrived: {', '.join(carriers)}")


def monitoring(facts: Facts) -> Finding:
    """Somebody looks, and somebody is told."""
    told = facts.told("alert.raised")
    how = []
    if facts.metrics_reads:
        how.append(f"/metrics was read {facts.metrics_reads} times since the gateway began")
    if told:
        how.append(f"{len(told)} webhooks are told of alert.raised")
    if len(how) == 2:
        return passed("; ".join(how))
    steps = []
    if not facts.metrics_reads:
        steps.append("let Prometheus read /metrics")
    if not told:
        steps.append("make a webhook for alert.*")
    step = f"{' and '.join(steps)}."
    seen = how[0] if how else "nobody has read /metrics, and no webhook is told of alerts"
    return failed(seen, step[0].upper() + step[1:])


def cost(facts: Facts) -> Finding:
    """What is spent has a bound, and somebody is told before it is reached."""
    config = facts.config
    there_are = []
    if config.budget:
        there_are.append(f"{len(config.budget)} budgets")
    if config.bill_shock.factor:
        there_are.append(f"a stop at {config.bill_shock.factor:g} times a usual hour")
    if any(config.balance_of(modem).low is not None for modem in config.modem):
        there_are.append("a low mark for balances")
    if not there_are:
        return failed(
            "there is no budget, no stop for a bill shock, and no low mark for balances",
            "Set a [[budget]] with parts_per_day, and a webhook for budget.*.",
        )
    if not (facts.told("budget.warned") or facts.told("alert.raised")):
        return failed(
            f"there are {', '.join(there_are)}, and nobody is told",
            "Make a webhook for budget.* and alert.*.",
        )
    return passed(f"there are {', '.join(there_are)}, and webhooks are told of them")
