"""What is sent is counted and charged once, whatever becomes of it and whenever that is known."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from labs import usage
from labs.clock import START, FakeClock
from labs.outbox import Answer, Lab, refusal, running
from labs.raw_sql import raw

from modemgw.gateway.fleet.price_list import Prefixes
from modemgw.gateway.outgoing.costs import with_cost
from modemgw.modem import SubmitAmbiguous, Submitted
from modemgw.store import Counts, UsageQuery, UsageSum
from modemgw.store.records import Cost, Message, MessageStatus

TO = "+447700900123"
SIM = "8999901000000000000"
DAY = 86400.0
CHEAP: dict[str, Any] = {"tariff": [{"price": "0.045", "currency": "EUR"}]}
LONG = "a" * 200  # two parts


async def sums(lab: Lab, *by: Any) -> list[UsageSum]:
    await lab.settle()
    return await lab.store.read(lambda view: view.usage.sums(UsageQuery(by)))


async def counted(lab: Lab) -> tuple[int, ...]:
    """Parts, accepted, delivered, failed and millionths, of everything."""
    found = await sums(lab)
    return usage.of_sums(found).get((), (0, 0, 0, 0, 0))


async def shown(lab: Lab, message: Message) -> Message:
    return with_cost(await lab.message(message), lab.tariffs)


def euros(amount: str, *, estimated: bool = False) -> Cost:
    return Cost(Decimal(amount), "EUR", estimated)


async def test_a_part_is_counted_and_charged_when_the_network_accepts_it(tmp_path: Path) -> None:
    async with running(tmp_path, ready=False, **CHEAP) as lab:
        message = await lab.accept(TO, type="otp")
        assert (await shown(lab, message)).cost == euros("0.045", estimated=True)
        assert await counted(lab) == (0, 0, 0, 0, 0)
        await lab.up("m1")
        found = await shown(lab, message)
        assert (found.cost, found.parts[0].cost) == (euros("0.045"), euros("0.045"))
        (one,) = await sums(lab, *usage.EVERYTHING)
        assert one.of == (int(START // DAY), SIM, "test", "otp", "+44")
        assert usage.of_sums([one])[one.of] == (1, 1, 0, 0, 45_000)


async def test_a_long_message_costs_what_its_parts_do(tmp_path: Path) -> None:
    async with running(tmp_path, **CHEAP) as lab:
        lab.modems["m1"].script = [Submitted(1), refusal(331)]
        found = await shown(lab, await lab.accept(TO, LONG))
        assert [part.cost for part in found.parts] == [
            euros("0.045"),
            euros("0.045", estimated=True),
        ]
        assert found.cost == euros("0.090", estimated=True)
        assert await counted(lab) == (2, 1, 0, 1, 45_000)
        await lab.pass_time(3600)
        assert (await shown(lab, found)).cost == euros("0.090")
        assert await counted(lab) == (3, 2, 0, 1, 90_000)


async def test_what_the_network_never_took_costs_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, **CHEAP) as lab:
        lab.modems["m1"].script = [refusal(1)]
        failed = await shown(lab, await lab.accept(TO))
        assert (failed.status, failed.cost) == (MessageStatus.FAILED, euros("0"))
        assert await counted(lab) == (1, 0, 0, 1, 0)


async def test_what_a_cheap_sim_refused_may_go_through_a_dear_one(tmp_path: Path) -> None:
    tariffs = [{"modem": "m1", "price": "0.01", "currency": "EUR"}, {**CHEAP["tariff"][0]}]
    async with running(tmp_path, 2, ready=False, tariff=tariffs) as lab:
        message = await lab.accept(TO, LONG)
        lab.modems["m1"].script = [refusal(331)]
        await lab.up("m1")
        assert (await shown(lab, message)).cost == euros("0.09", estimated=True)
        await lab.up("m2")
        await lab.pass_time(60)
        assert (await shown(lab, message)).cost == euros("0.09")


@pytest.mark.parametrize(("fate", "delivered", "failed"), [(0, 1, 0), (0x41, 0, 1), (0x20, 0, 0)])
async def test_a_report_adds_to_the_day_on_which_the_part_was_sent(
    tmp_path: Path, fate: int, delivered: int, failed: int
) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock, **CHEAP) as lab:
        lab.modems["m1"].script = [Submitted(5)]
        await lab.accept(TO)
        await lab.pass_time(DAY)
        for _ in range(2):  # the second one is no news
            await lab.report("m1", TO, 5, fate, sc_time=START)
        assert await sums(lab, "day") == [
            UsageSum((int(START // DAY),), Counts(1, 1, delivered, failed), (euros("0.045"),))
        ]


async def test_a_report_that_corrects_another_one_corrects_the_count(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script = [Submitted(5)]
        await lab.accept(TO)
        await lab.report("m1", TO, 5, 0x62)
        assert await counted(lab) == (1, 1, 0, 1, 0)
        await lab.report("m1", TO, 5, 0)
        assert await counted(lab) == (1, 1, 1, 0, 0)


async def test_a_doubt_is_counted_and_charged_when_a_report_settles_it(tmp_path: Path) -> None:
    async with running(tmp_path, **CHEAP) as lab:
        lab.modems["m1"].script = [SubmitAmbiguous("no answer")]
        message = await lab.accept(TO)
        assert await counted(lab) == (0, 0, 0, 0, 0)
        assert (await shown(lab, message)).cost == euros("0.045", estimated=True)
        await lab.report("m1", TO, 7)
        assert await counted(lab) == (1, 1, 1, 0, 45_000)
        assert (await shown(lab, message)).cost == euros("0.045")


async def test_what_was_sent_twice_after_a_doubt_is_paid_twice(tmp_path: Path) -> None:
    async with running(tmp_path, **CHEAP) as lab:
        lab.modems["m1"].script = [SubmitAmbiguous("no answer"), Submitted(9)]
        message = await lab.accept(TO, type="otp")
        await lab.pass_time(61)
        assert (await shown(lab, message)).cost == euros("0.045")
        await lab.report("m1", TO, 8)  # the first one has arrived after all
        found = await shown(lab, message)
        assert (found.cost, len(found.parts[0].attempts)) == (euros("0.09"), 2)
        assert await counted(lab) == (2, 2, 1, 0, 90_000)


async def test_free_parts_are_counted_by_month_and_sim(tmp_path: Path) -> None:
    tariff = {"price": "0.10", "currency": "EUR", "free_parts": 3, "billing_day": 22}
    async with running(tmp_path, 2, tariff=[tariff]) as lab:
        costs = [(await shown(lab, await lab.accept(modem="m1"))).cost for _ in range(5)]
        assert costs == [*[euros("0")] * 3, *[euros("0.10")] * 2]
        assert (await shown(lab, await lab.accept(modem="m2"))).cost == euros("0")
        await lab.pass_time(31 * DAY)
        assert (await shown(lab, await lab.accept(modem="m1"))).cost == euros("0")


async def test_a_long_message_may_be_free_in_part(tmp_path: Path) -> None:
    tariff = {"price": "0.10", "currency": "EUR", "free_parts": 1}
    async with running(tmp_path, tariff=[tariff]) as lab:
        found = await shown(lab, await lab.accept(TO, LONG))
        assert [part.cost for part in found.parts] == [euros("0"), euros("0.10")]
        assert found.cost == euros("0.10")


async def test_a_price_that_changes_is_that_of_parts_from_then_on(tmp_path: Path) -> None:
    async with running(tmp_path, **CHEAP) as lab:
        before = await lab.message(await lab.accept())
        dear = {"price": Decimal(1), "currency": "SEK"}
        config = lab.config.model_copy(
            update={"tariff": (lab.config.tariff[0].model_copy(update=dear),)}
        )
        await lab.tariffs.follow(config)
        after = await lab.accept()
        assert (await shown(lab, before)).cost == euros("0.045")
        assert (await shown(lab, after)).cost == Cost(Decimal(1), "SEK")
        (one,) = await sums(lab)
        assert one.amounts == (euros("0.045"), Cost(Decimal(1), "SEK"))


async def test_without_a_tariff_everything_is_counted_and_nothing_costs(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        message = await lab.accept(TO, LONG)
        found = await shown(lab, message)
        assert (found.cost, [part.cost for part in found.parts]) == (None, [None, None])
        (one,) = await sums(lab, "prefix", "key")
        assert one == UsageSum(("+44", "test"), Counts(2, 2), ())


@pytest.mark.parametrize("seed", range(5))
async def test_the_sums_are_those_of_the_attempts(tmp_path: Path, seed: int) -> None:
    """Whatever modems answer and reports say, in whatever order."""
    random = Random(seed)
    tariffs = [
        {"price": "0.045", "currency": "EUR", "free_parts": 7},
        {"price": "0.1", "currency": "SEK", "to_prefix": ["+4477009", "+33"]},
    ]
    clock = FakeClock()
    async with running(tmp_path, 2, clock=clock, tariff=tariffs) as lab:
        numbers = ["+447700900123", "+33700900123", "+4915112345678", "84433"]
        for _ in range(25):
            for modem in lab.modems.values():
                answers: list[Answer] = [
                    Submitted(random.randrange(4)),
                    Submitted(random.randrange(4)),
                    SubmitAmbiguous("no answer"),
                    refusal(random.choice([1, 21, 331])),
                ]
                modem.script.append(random.choice(answers))
            type = random.choice(["otp", "transactional"])
            await lab.accept(random.choice(numbers[:3]), random.choice(["x", LONG]), type=type)
            for _ in range(2):
                await lab.report(
                    random.choice(["m1", "m2"]),
                    random.choice(numbers),
                    random.randrange(4),
                    random.choice([0, 0, 0x20, 0x41, 0x62]),
                )
            await lab.pass_time(random.choice([1.0, 70.0, 20_000.0]))
        await lab.settle()
        counted, expected = await lab.store.read(
            lambda view: (
                usage.of_sums(view.usage.sums(UsageQuery(usage.EVERYTHING))),
                usage.of_attempts(raw(view), Prefixes(lab.config.tariff)),
            )
        )
        assert counted == expected
        assert len(counted) > 5
