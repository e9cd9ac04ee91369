"""Status reports find their attempts, whatever networks do to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from labs.clock import START, FakeClock
from labs.outbox import Lab, running
from labs.raw_sql import raw

from modemgw.gateway.outgoing import life
from modemgw.gateway.outgoing.receipts import Early
from modemgw.modem import SubmitAmbiguous, Submitted
from modemgw.store.records import Message, MessageStatus, PartStatus

S, P = MessageStatus, PartStatus
TO = "+447700900123"
OTHER = "+447700900124"
HOUR, DAY = 3600.0, 86400.0


async def sent_as(lab: Lab, reference: int, to: str = TO) -> Message:
    """A message that the modem answered with this TP-MR."""
    lab.modems["m1"].script.append(Submitted(reference))
    message = await lab.accept(to)
    assert (await lab.message(message)).status is S.SENT
    return message


async def status(lab: Lab, message: Message) -> MessageStatus:
    return (await lab.message(message)).status


@pytest.mark.parametrize("recipient", ["+447700900123", "07700900123", "447700900123", "0900123"])
async def test_the_recipient_may_be_written_in_another_way(tmp_path: Path, recipient: str) -> None:
    async with running(tmp_path) as lab:
        message = await sent_as(lab, 5)
        await lab.report("m1", recipient, 5)
        assert await status(lab, message) is S.DELIVERED


async def test_another_recipient_or_reference_or_sim_is_kept_and_matches_nothing(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, 2) as lab:
        lab.down("m2")
        message = await sent_as(lab, 5)
        assert await lab.report("m1", OTHER, 5) is None
        assert await lab.report("m1", TO, 6) is None
        assert await lab.report("m2", TO, 5) is None
        assert await status(lab, message) is S.SENT
        kept = await lab.store.read(
            lambda view: raw(view).execute("SELECT count(*) FROM unmatched_reports").fetchone()[0]
        )
        assert kept == 3


async def test_a_report_before_the_reference_is_known_is_applied_once_it_is(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:

        async def early(submit: object) -> Submitted:
            assert isinstance(await lab.report("m1", TO, 9), Early)
            return Submitted(9)

        lab.modems["m1"].script.append(early)
        message = await lab.accept()
        assert await status(lab, message) is S.DELIVERED
        kept = await lab.store.read(
            lambda view: raw(view).execute("SELECT count(*) FROM unmatched_reports").fetchone()[0]
        )
        assert kept == 0
        assert [e.type for e in lab.events] == [
            "message.queued",
            "message.sent",
            "message.delivered",
        ]


async def test_an_early_report_to_a_number_that_was_written_to_before(tmp_path: Path) -> None:
    """The same TP-MR and recipient were used before; the report is of the part in the air."""
    async with running(tmp_path) as lab:
        first = await sent_as(lab, 9)
        await lab.report("m1", TO, 9)
        lab.clock.now += HOUR

        async def early(submit: object) -> Submitted:
            await lab.report("m1", TO, 9, 0x41)
            return Submitted(9)

        lab.modems["m1"].script.append(early)
        second = await lab.accept()
        assert await status(lab, second) is S.UNDELIVERED
        assert await status(lab, first) is S.DELIVERED


async def test_repeated_reports_change_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        message = await sent_as(lab, 5)
        for _ in range(3):
            await lab.report("m1", TO, 5)
        await lab.report("m1", TO, 5, 0x41)
        assert await status(lab, message) is S.DELIVERED
        assert [e.type for e in lab.events].count("message.delivered") == 1


async def test_a_repetition_is_not_taken_for_a_later_part_with_the_same_reference(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:
        first = await sent_as(lab, 5)
        await lab.report("m1", TO, 5, sc_time=START)
        lab.clock.now += HOUR
        second = await sent_as(lab, 5)
        await lab.report("m1", TO, 5, sc_time=START)
        assert await status(lab, second) is S.SENT
        await lab.report("m1", TO, 5, 0x41)
        assert await status(lab, second) is S.UNDELIVERED
        assert await status(lab, first) is S.DELIVERED


async def test_four_rounds_of_one_reference_outstanding_are_told_apart_by_their_times(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:
        rounds: list[Message] = []
        for _ in range(4):
            rounds.append(await sent_as(lab, 5))
            lab.clock.now += HOUR
        codes = {2: 0x00, 0: 0x41, 3: 0x00, 1: 0x46}
        for index, code in codes.items():
            await lab.report("m1", TO, 5, code, sc_time=START + index * HOUR + 1)
        assert [await status(lab, m) for m in rounds] == [
            S.UNDELIVERED,
            S.EXPIRED,
            S.DELIVERED,
            S.DELIVERED,
        ]


async def test_a_service_centre_whose_clock_is_wrong_is_understood(tmp_path: Path) -> None:
    wrong = -2 * HOUR
    async with running(tmp_path) as lab:
        known = await sent_as(lab, 1)
        await lab.report("m1", TO, 1, sc_time=START + wrong)
        assert await status(lab, known) is S.DELIVERED
        rounds: list[Message] = []
        for _ in range(3):
            lab.clock.now += HOUR
            rounds.append(await sent_as(lab, 5))
        await lab.report("m1", TO, 5, sc_time=START + 2 * HOUR + wrong)
        assert [await status(lab, m) for m in rounds] == [S.SENT, S.DELIVERED, S.SENT]


@pytest.mark.parametrize("wrong", [-30 * DAY, 400 * DAY, -7 * DAY])
async def test_a_senseless_clock_does_not_keep_reports_from_their_parts(
    tmp_path: Path, wrong: float
) -> None:
    async with running(tmp_path) as lab:
        first = await sent_as(lab, 1)
        second = await sent_as(lab, 2)
        lab.modems["m1"].script.append(SubmitAmbiguous("silent"))
        third = await lab.accept(OTHER)
        await lab.report("m1", TO, 2, sc_time=START + wrong)
        await lab.report("m1", TO, 1, sc_time=START + wrong)
        await lab.report("m1", OTHER, 3, sc_time=START + wrong)
        assert [await status(lab, m) for m in (first, second, third)] == [S.DELIVERED] * 3


async def test_a_report_settles_the_ambiguous_part_and_not_an_old_one_with_its_reference(
    tmp_path: Path,
) -> None:
    """A number that is written to often had every TP-MR before."""
    async with running(tmp_path) as lab:
        answered = await sent_as(lab, 7)
        await lab.report("m1", TO, 7)
        lab.clock.now += 3 * DAY
        never = await sent_as(lab, 8)
        lab.clock.now += 3 * DAY
        doubtful = []
        for _ in range(2):
            lab.modems["m1"].script.append(SubmitAmbiguous("silent"))
            doubtful.append(await lab.accept(TO, type="transactional"))
            await lab.settle()
            lab.clock.now += 60
        await lab.report("m1", TO, 7, 0x41, sc_time=lab.clock.now - 120)
        await lab.report("m1", TO, 8, 0x00, sc_time=lab.clock.now - 60)
        assert await status(lab, answered) is S.DELIVERED
        assert await status(lab, never) is S.SENT
        assert [await status(lab, m) for m in doubtful] == [S.UNDELIVERED, S.DELIVERED]


async def test_an_old_doubt_does_not_swallow_the_early_report_of_a_new_part(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:
        await sent_as(lab, 1)
        await lab.report("m1", TO, 1)  # the clock of the service centre is known from here on
        lab.modems["m1"].script.append(SubmitAmbiguous("silent"))
        doubtful = await lab.accept(TO)
        await lab.settle()
        lab.clock.now += 2 * HOUR

        async def early(submit: object) -> Submitted:
            await lab.report("m1", TO, 3)
            return Submitted(3)

        lab.modems["m1"].script.append(early)
        new = await lab.accept(TO)
        assert await status(lab, new) is S.DELIVERED
        assert await status(lab, doubtful) is S.SENDING


async def test_an_early_report_hastens_the_modem_and_no_other_does(tmp_path: Path) -> None:
    async with running(tmp_path, 2) as lab:
        modem, other = lab.modems["m1"], lab.modems["m2"]
        await sent_as(lab, 1)
        await lab.report("m1", TO, 1)  # the clock of the service centre is known from here on
        lab.clock.now += 2 * HOUR
        heard: list[int] = []

        async def reports(submit: object) -> Submitted:
            await lab.report("m1", OTHER, 3)
            await lab.report("m1", TO, 2, sc_time=lab.clock.now - HOUR)
            await lab.report("m2", TO, 3)
            heard.append(modem.hastened)
            await lab.report("m1", TO, 3)
            heard.append(modem.hastened)
            return Submitted(3)

        modem.script.append(reports)
        message = await lab.accept(TO, modem="m1")
        assert await status(lab, message) is S.DELIVERED
        await lab.report("m1", TO, 7)  # nothing is in the air any more
        assert (heard, modem.hastened, other.hastened) == ([0, 1], 1, 0)
        assert lab.receipts.on_early == {}


async def test_reports_match_after_a_restart(tmp_path: Path) -> None:
    clock = FakeClock()
    async with running(tmp_path, clock=clock) as lab:
        sent = await sent_as(lab, 200)
    clock.now += 3 * HOUR
    async with running(tmp_path, clock=clock) as lab:
        await lab.report("m1", TO, 200, sc_time=START)
        assert await status(lab, sent) is S.DELIVERED


async def test_a_part_that_is_still_tried_is_sent_and_then_what_the_end_says(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as lab:
        message = await sent_as(lab, 5)
        await lab.report("m1", TO, 5, 0x20)
        found = await lab.message(message)
        assert found.status is S.SENT
        receipt = found.parts[0].attempts[0].receipt
        assert receipt is not None
        assert not receipt.final
        await lab.report("m1", TO, 5, 0x00)
        assert await status(lab, message) is S.DELIVERED


async def test_delivered_corrects_given_up_but_not_the_other_way_round(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        message = await sent_as(lab, 5)
        await lab.report("m1", TO, 5, 0x63)
        assert await status(lab, message) is S.UNDELIVERED
        await lab.report("m1", TO, 5, 0x00)
        assert await status(lab, message) is S.DELIVERED
        await lab.report("m1", TO, 5, 0x63)
        assert await status(lab, message) is S.DELIVERED


async def test_what_was_wrong_before_is_not_shown_on_what_was_delivered(tmp_path: Path) -> None:
    async with running(tmp_path, gateway={"receipt_timeout": 100}) as lab:
        given_up = await sent_as(lab, 5)
        await lab.report("m1", TO, 5, 0x63)
        assert (await lab.message(given_up)).error is not None
        await lab.report("m1", TO, 5, 0x00)
        lab.modems["m1"].script.append(SubmitAmbiguous("silent"))
        doubtful = await lab.accept(OTHER)
        await lab.pass_time(101)
        assert (await lab.message(doubtful)).error is not None
        await lab.report("m1", OTHER, 6, 0x00, sc_time=START)
        for message in (given_up, doubtful):
            found = await lab.message(message)
            assert (found.status, found.error) == (S.DELIVERED, None)


async def test_a_long_message_is_as_its_worst_part(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        message = await lab.accept(TO, "long " * 80)
        assert len((await lab.message(message)).parts) == 3
        await lab.report("m1", TO, 0)
        await lab.report("m1", TO, 1)
        assert await status(lab, message) is S.SENT
        await lab.report("m1", TO, 2, 0x41)
        found = await lab.message(message)
        assert found.status is S.UNDELIVERED
        assert found.error is not None
        assert "part 3" in found.error.detail


async def test_an_undelivered_second_copy_does_not_undo_a_delivery(tmp_path: Path) -> None:
    async with running(tmp_path) as lab:
        lab.modems["m1"].script += [SubmitAmbiguous("silent"), Submitted(8)]
        message = await lab.accept(TO, type="otp")
        await lab.pass_time(61)
        await lab.report("m1", TO, 8, 0x00)
        assert await status(lab, message) is S.DELIVERED
        await lab.report("m1", TO, 7, 0x41, sc_time=START)
        assert await status(lab, message) is S.DELIVERED


@pytest.mark.parametrize(
    ("now", "parts", "then"),
    [
        (S.SENDING, [P.SENT], S.SENT),
        (S.SENDING, [P.SENT, P.QUEUED], S.SENDING),
        (S.SENDING, [P.SENT, P.AMBIGUOUS], S.SENDING),
        (S.SENDING, [P.DELIVERED, P.SUBMITTING], S.SENDING),
        (S.SENT, [P.DELIVERED, P.SENT], S.SENT),
        (S.SENT, [P.DELIVERED, P.DELIVERED], S.DELIVERED),
        (S.SENT, [P.DELIVERED, P.UNDELIVERED], S.UNDELIVERED),
        (S.SENT, [P.EXPIRED, P.DELIVERED], S.EXPIRED),
        (S.SENT, [P.EXPIRED, P.UNDELIVERED], S.UNDELIVERED),
        (S.UNDELIVERED, [P.DELIVERED], S.DELIVERED),
        (S.DELIVERED, [P.UNDELIVERED], S.DELIVERED),
        (S.FAILED, [P.SENT, P.FAILED], S.FAILED),
        (S.FAILED, [P.DELIVERED], S.DELIVERED),
        (S.EXPIRED, [P.SENT], S.EXPIRED),
        (S.CANCELED, [P.QUEUED], S.CANCELED),
        (S.UNKNOWN, [P.AMBIGUOUS], S.UNKNOWN),
        (S.UNKNOWN, [P.SENT], S.SENT),
        (S.UNKNOWN, [P.DELIVERED], S.DELIVERED),
    ],
)
def test_a_message_stands_where_its_parts_put_it(
    now: MessageStatus, parts: list[PartStatus], then: MessageStatus
) -> None:
    assert life.MESSAGE[now, life.asked_by(parts)][0] is then
