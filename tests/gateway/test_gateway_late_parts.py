"""Parts that come when their message was handed on incomplete long ago: they complete it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from labs.clock import START, FakeClock
from labs.units import run_units_twice
from test_gateway_incoming import LONG, Postbox, delivers, postbox

from modemgw.config import parse
from modemgw.gateway.upkeep.retention import Housekeeping
from modemgw.sms import GAP, Address, Deliver, Ports, Timestamp, segment_data
from modemgw.store.records import Event, Inbound

DAY = 86400.0
HINDI = "नमस्ते, आपका ऑर्डर भेज दिया गया है और कल तक पहुँच जाएगा। " * 8


@pytest.fixture(params=["each unit once", "each unit twice"], autouse=True)
def _units(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "each unit twice":
        run_units_twice(monkeypatch)


async def surfaced(box: Postbox, *tpdus: bytes) -> Inbound:
    """The incomplete message that these parts are handed on as."""
    await box.receive(*tpdus)
    box.clock.now += 3601
    await box.intake.release_overdue()
    found = (await box.all())[-1]
    assert not found.complete
    return found


async def happened(box: Postbox, *types: str) -> list[Event]:
    events = await box.store.read(lambda view: view.events.after(0, 1000))
    return [event for event in events if event.type in types]


async def completed(box: Postbox) -> list[str]:
    return [event.data["id"] for event in await happened(box, "inbound.completed")]


async def test_a_part_that_comes_a_day_late_completes_the_message_that_was_handed_on(
    tmp_path: Path,
) -> None:
    parts, clock = delivers(HINDI), FakeClock()
    assert len(parts) == 7
    async with postbox(tmp_path, clock) as box:
        found = await surfaced(box, *parts[:2], *parts[3:])
        assert found.text is not None
        assert found.text.count(GAP) == 1
        await box.store.write(lambda tx: tx.inbound.mark_read(found.id, True))
    clock.now += DAY
    async with postbox(tmp_path, clock) as box:  # and the gateway was started anew
        await box.receive(parts[2])
        (whole,) = await box.all()
        assert (whole.id, whole.text, whole.complete) == (found.id, HINDI, True)
        assert [p.sequence for p in whole.parts] == [1, 2, 3, 4, 5, 6, 7]
        assert (whole.received_at, whole.completed_at) == (found.received_at, clock.now)
        assert whole.sent_at == START
        assert not whole.read, "who has read it has not read all of it"
        (event,) = await happened(box, "inbound.completed")
        assert event.data == {
            "id": found.id,
            "from": "+447700900555",
            "to": "+447700900001",
            "modem": "m1",
            "kind": "text",
            "complete": True,
            "keyword": None,
        }


async def test_of_several_gaps_the_last_to_be_filled_completes_it(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        parts = delivers(HINDI)
        found = await surfaced(box, parts[0], parts[3], parts[6])
        for part in (parts[5], parts[1], parts[4]):
            box.clock.now += 5000
            await box.receive(part)
            await box.intake.release_overdue()
            assert await completed(box) == []
        (half,) = await box.all()
        assert str(half.text).count(GAP) == 1
        await box.receive(parts[2])
        (whole,) = await box.all()
        assert (whole.id, whole.text) == (found.id, HINDI)
        assert await completed(box) == [found.id]


async def test_what_is_repeated_after_that_changes_nothing(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        parts = delivers(HINDI)
        await surfaced(box, *parts[1:])
        for _ in range(3):
            box.clock.now += 600
            await box.receive(*parts)
        box.clock.now += DAY
        await box.intake.release_overdue()
        assert await box.texts() == [HINDI]
        assert len(await completed(box)) == 1


async def test_what_a_phone_sent_late_completes_it_once_nothing_else_came_with_it(
    tmp_path: Path,
) -> None:
    """Its time stamp is of another day, so it might begin another message with this reference."""
    async with postbox(tmp_path) as box:
        parts, again = delivers("x" * 400), delivers("x" * 400, at=START + DAY)
        found = await surfaced(box, parts[0], parts[1])
        box.clock.now += DAY
        await box.receive(again[2])
        assert await completed(box) == []
        box.clock.now += 3601
        await box.intake.release_overdue()
        (whole,) = await box.all()
        assert (whole.id, whole.text) == (found.id, "x" * 400)
        assert await completed(box) == [found.id]
        assert len(await happened(box, "inbound.received")) == 1


@pytest.mark.parametrize("gap", [0, 1, 2])
async def test_another_message_with_the_same_reference_does_not_fill_it(
    tmp_path: Path, gap: int
) -> None:
    async with postbox(tmp_path) as box:
        first, second = delivers("a" * 400), delivers("b" * 400, at=START + 7200)
        found = await surfaced(box, *(part for n, part in enumerate(first) if n != gap))
        box.clock.now += 3600
        for part in second:
            await box.receive(part)
        texts = await box.texts()
        assert texts[1:] == ["b" * 400]
        assert "b" not in str(texts[0])
        await box.receive(first[gap])
        assert await box.texts() == ["a" * 400, "b" * 400]
        assert await completed(box) == [found.id]


async def test_what_is_lost_of_two_messages_with_one_reference_is_not_mixed(
    tmp_path: Path,
) -> None:
    async with postbox(tmp_path) as box:
        first, second = delivers("a" * 400), delivers("b" * 400, at=START + 7200)
        await surfaced(box, *first[:2])
        await surfaced(box, *second[1:])
        assert await completed(box) == []
        await box.receive(second[0], first[2])
        assert await box.texts() == ["a" * 400, "b" * 400]


async def test_a_part_goes_to_the_parts_that_wait_if_these_are_nearer(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        first, second = delivers("a" * 200), delivers("b" * 200, at=START + 600)
        await surfaced(box, first[0])
        await box.receive(second[0], second[1])
        assert (await box.texts())[1:] == ["b" * 200]
        assert await completed(box) == []
        await box.receive(first[1])
        assert await box.texts() == ["a" * 200, "b" * 200]


async def test_a_part_that_is_there_already_is_of_another_message(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        first, second = delivers("a" * 400), delivers("b" * 400, at=START + DAY)
        one = await surfaced(box, *first[:2])
        await box.store.write(lambda tx: tx.inbound.mark_read(one.id, True))
        two = await surfaced(box, second[1])
        assert [m.read for m in await box.all()] == [True, False], "the first was not touched"
        assert [[p.sequence for p in m.parts] for m in await box.all()] == [[1, 2], [2]]
        await box.receive(first[2], second[0], second[2])
        assert await box.texts() == ["a" * 400, "b" * 400]
        assert await completed(box) == [one.id, two.id]


async def test_of_two_incomplete_messages_the_nearer_in_time_is_completed(tmp_path: Path) -> None:
    async with postbox(tmp_path) as box:
        first, second = delivers("a" * 200), delivers("b" * 200, at=START + 900)
        one = await surfaced(box, first[0])
        two = await surfaced(box, second[0])
        await box.receive(second[1])
        assert await completed(box) == [two.id]
        await box.receive(first[1])
        assert await completed(box) == [two.id, one.id]
        assert await box.texts() == ["a" * 200, "b" * 200]


async def test_what_comes_when_its_message_was_let_go_is_a_message_of_its_own(
    tmp_path: Path,
) -> None:
    async with postbox(tmp_path) as box:
        parts = delivers("x" * 400)
        await surfaced(box, *parts[:2])
        box.clock.now += 3 * DAY
        await box.store.write(lambda tx: tx.deliveries.move_cursor("deliveries", 1))
        config = parse({"retention": {"inbound_days": 1}})
        house = Housekeeping(
            config, store=box.store, intake=box.intake, forgetful=(), clock=box.clock
        )
        await house.turn()
        assert await box.all() == []
        await box.receive(parts[2])
        box.clock.now += 3601
        await box.intake.release_overdue()
        (late,) = await box.all()
        assert [p.sequence for p in late.parts] == [3]


async def test_what_it_is_may_only_show_when_it_is_complete(tmp_path: Path) -> None:
    push = bytes.fromhex("010606") + b"\x03\xbe\x81\xea\xaf\x84"
    push += b"\x8c\x82\x98T1\0\x8d\x90\x8e\x02\x40\x00\x83http://mms.example/" + b"a" * 140 + b"\0"
    parts = segment_data(push, ports=Ports(2948, 9200))
    stamp = Timestamp.from_datetime(datetime.fromtimestamp(START, UTC))
    one, two = (
        Deliver(Address.parse("12345"), part, stamp, dcs=parts.dcs).encode() for part in parts.parts
    )
    async with postbox(tmp_path) as box:
        found = await surfaced(box, two)
        assert (found.kind, found.details, found.problem) == ("wap_push", None, None)
        await box.receive(one)
        (whole,) = await box.all()
        assert whole.kind == "mms_notification"
        assert whole.details is not None
        assert whole.details["mms"]["location"] == f"http://mms.example/{'a' * 140}"


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_the_order_every_message_ends_whole_and_under_one_id(
    tmp_path: Path, seed: int
) -> None:
    random, clock = Random(seed), FakeClock()
    texts = [f"{n} {LONG}" for n in range(5)]
    stream = [
        tpdu
        for n, text in enumerate(texts)
        for tpdu in delivers(text, reference=n % 3, at=START + 7200 * n)
    ]
    stream += random.sample(stream, 6)
    random.shuffle(stream)
    shown: set[str] = set()
    while stream:
        async with postbox(tmp_path, clock) as box:
            for _ in range(random.randrange(1, 6)):
                await box.receive(*stream[:1])
                del stream[:1]
            clock.now += random.choice([5, 3601, 20_000])
            await box.intake.release_overdue()
            shown |= {m.id for m in await box.all()}
    async with postbox(tmp_path, clock) as box:
        clock.now += 3601
        await box.intake.release_overdue()
        ends = await box.all()
        assert sorted(map(str, (m.text for m in ends))) == texts
        assert shown <= {m.id for m in ends}
        told = await happened(box, "inbound.received")
        assert sorted(event.data["id"] for event in told) == sorted(m.id for m in ends)
        late = {e.data["id"] for e in told if not e.data["complete"]}
        assert sorted(await completed(box)) == sorted(late)
