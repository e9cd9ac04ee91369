"""`modemgw sims`"""

from __future__ import annotations

from collections.abc import Sequence

import click

from modemgw.cli.options import Daemon, daemon_options, json_option
from modemgw.cli.output import local_time, print_json, print_table
from modemgw.cli.say import say, say_lines
from modemgw.client import answers


@click.group()
def sims() -> None:
    """See the SIMs, what they have used of their plans, and whether the network takes them."""


@sims.command("list")
@json_option
@daemon_options
def list_(as_json: bool, daemon: Daemon) -> None:
    """List the SIMs, also those that are in no modem now."""
    items = daemon.call(lambda client: client.sims())
    if as_json:
        print_json(items)
        return
    print_table(
        (
            "iccid",
            "number",
            "modem",
            "minute",
            "hour",
            "day",
            "month",
            "balance",
            "tariff",
            "network",
            "last seen",
        ),
        [
            (
                one.iccid,
                one.number,
                one.modem,
                *_used(one.plan),
                _balance(one.balance),
                _tariff(one.tariff),
                _breaker(one.breaker),
                local_time(one.last_seen_at),
            )
            for one in items
        ],
        "No SIM was seen yet.",
    )


@sims.command()
@click.argument("iccid", metavar="ICCID")
@json_option
@daemon_options
def balance(iccid: str, as_json: bool, daemon: Daemon) -> None:
    """Ask the network for the balance of a SIM."""
    sim = daemon.call(lambda client: client.ask_balance(iccid))
    if as_json:
        print_json(sim)
    else:
        assert sim.balance is not None, "it was just asked"
        say(_balance(sim.balance) or "no amount is found in what the network says:")
        say_lines(sim.balance.said)


def _balance(balance: answers.SimBalance | None) -> str:
    if balance is None or balance.amount is None:
        return ""
    return " ".join(filter(None, (balance.amount, balance.currency, "low" if balance.low else "")))


def _tariff(fitting: Sequence[answers.SimTariff] | None) -> str:
    """The first one that is asked, and how many others there are."""
    if not fitting:
        return ""
    first = fitting[0]
    free = f", {first.free_parts_used} of {first.free_parts} free" if first.free_parts else ""
    more = f" (+{len(fitting) - 1})" if len(fitting) > 1 else ""
    return f"{first['price']} {first.currency}{free}{more}"


def _used(plan: answers.PlanUse) -> list[str]:
    limits = (plan.per_minute, plan.per_hour, plan.per_day, plan.per_month)
    return [str(one.used) if one.limit is None else f"{one.used} of {one.limit}" for one in limits]


def _breaker(breaker: answers.SimBreaker) -> str:
    if breaker.state == "ok":
        return "ok"
    since = f" since {local_time(breaker.since)}" if breaker.since else ""
    if breaker.state == "probing":
        return f"barred{since}; being tried"
    return f"barred{since}; next try {local_time(breaker.next_probe_at)}"
