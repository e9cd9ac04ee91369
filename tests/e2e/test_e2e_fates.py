"""Every fate that the virtual network has in store gives the status that the contract says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from labs.bank import bank_of
from labs.gateway import config_of, gateway_on, send, status, stays

from modemgw.store.records import Message, MessageStatus, PartStatus
from modemgw.virtual import Bank

S = MessageStatus


def taken(bank: Bank, message: Message) -> int:
    """How many parts of a message the service centre took."""
    return Counter(p.destination for p in bank.smsc.accepted)[message.to]


async def test_fates_of_accepted_parts(tmp_path: Path) -> None:
    wanted = {
        "+999000000001": S.DELIVERED,
        "+999020000001": S.DELIVERED,
        "+999020010001": S.SENT,  # forwarded, the SC cannot confirm delivery
        "+999020650001": S.UNDELIVERED,  # permanent: incompatible destination (0x41)
        "+999020700001": S.EXPIRED,  # permanent: validity expired (0x46)
        "+999020990001": S.UNDELIVERED,  # temporary, and the SC gave up (0x63)
        "+999030320001": S.DELIVERED,  # congestion, still trying; then delivered
        "+999040000001": S.SENT,  # no report, ever
        "+999060030001": S.DELIVERED,  # the report comes three times
        "+999070000001": S.DELIVERED,  # the report comes before +CMGS
        "+999070650001": S.UNDELIVERED,
        "+999130000001": S.DELIVERED,  # national TP-RA
        "+999140000001": S.DELIVERED,  # its tail only
        "+999150000001": S.SENT,  # somebody else's report
        "+999190990001": S.DELIVERED,  # given up, then delivered after all
    }
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        sent = {to: await send(gateway, to) for to in wanted}
        for to, message in sent.items():
            found = await status(gateway, message, wanted[to])
            if wanted[to] in (S.UNDELIVERED, S.EXPIRED):
                assert found.error is not None, to
                assert found.error.code.startswith("tp-st-"), to
        for to, message in sent.items():
            assert (await gateway.messages.get(message.id)).status is wanted[to], to
            assert taken(bank, message) == 1, to


async def test_fates_of_refused_parts(tmp_path: Path) -> None:
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        unassigned = await send(gateway, "+999010010001")
        found = await status(gateway, unassigned, S.FAILED)
        assert found.error is not None
        assert found.error.permanent
        assert "1" in found.error.code
        assert len(found.parts[0].attempts) == 1
        assert taken(bank, unassigned) == 0


async def test_a_first_refusal_by_the_sim_goes_to_the_other_and_arrives_once(
    tmp_path: Path,
) -> None:
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        message = await send(gateway, "+999110100001")
        found = await status(gateway, message, S.DELIVERED)
        assert len({a.sim for a in found.parts[0].attempts}) == 2
        assert taken(bank, message) == 1


async def test_an_answer_that_never_comes_is_settled_by_the_report(tmp_path: Path) -> None:
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        early = await send(gateway, "+999080000001")
        failed = await send(gateway, "+999080650001", type="otp")
        assert (await status(gateway, early, S.DELIVERED)).parts[0].status is PartStatus.DELIVERED
        await status(gateway, failed, S.UNDELIVERED)
        assert taken(bank, early) == 1
        assert taken(bank, failed) == 1


async def test_an_error_after_acceptance_is_not_sent_again_and_the_report_settles_it(
    tmp_path: Path,
) -> None:
    """+CMS ERROR: 332 (network timeout) leaves open what the network has (MODEMS: ambiguous)."""
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        message = await send(gateway, "+999103320001")
        await status(gateway, message, S.DELIVERED)
        assert taken(bank, message) == 1


async def test_doubt_without_a_report_is_held_then_unknown(tmp_path: Path) -> None:
    async with (
        bank_of(tmp_path) as bank,
        gateway_on(config_of(tmp_path, bank, gateway={"receipt_timeout": 1.5})) as gateway,
    ):
        lost = await send(gateway, "+999120000001")
        had = await send(gateway, "+999200000001")
        for message in (lost, had):
            found = await status(gateway, message, S.UNKNOWN)
            assert len(found.parts[0].attempts) == 1
        assert taken(bank, lost) == 0
        assert taken(bank, had) == 1


async def test_doubt_about_an_otp_is_ended_by_one_more_try_that_shows_its_risk(
    tmp_path: Path,
) -> None:
    more = {"type": {"otp": {"ambiguous": "retry", "ambiguous_wait": 0.3}}}
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank, **more)) as gateway:
        message = await send(gateway, "+999200000001", type="otp")
        found = await status(gateway, message, S.UNKNOWN)
        assert [a.duplicate_risk for a in found.parts[0].attempts] == [False, True]
        assert taken(bank, message) == 2


async def test_a_late_report_corrects_a_message_that_was_given_up_as_unknown(
    tmp_path: Path,
) -> None:
    async with (
        bank_of(tmp_path, receipt_seconds=3.0) as bank,
        gateway_on(config_of(tmp_path, bank, gateway={"receipt_timeout": 0.5})) as gateway,
    ):
        message = await send(gateway, "+999080000001")
        await status(gateway, message, S.UNKNOWN)
        await status(gateway, message, S.DELIVERED)
        assert taken(bank, message) == 1


async def test_without_receipts_sent_is_the_end(tmp_path: Path) -> None:
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        message = await send(gateway, "+999000000001", receipt=False)
        await status(gateway, message, S.SENT)
        await stays(gateway, message, S.SENT, 0.3)
        assert not bank.smsc.accepted[0].submit.status_report_request


async def test_long_texts_arrive_octet_for_octet(tmp_path: Path) -> None:
    texts = [
        "".join(chr(33 + i % 90) for i in range(1000)),
        "€[]{}~^|\\" * 60,
        "Тридцать три корабля лавировали. " * 12,
        "😀👨‍👩‍👧‍👦 family " * 30,
        "x" * 160,
        "x" * 161,
    ]
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        sent = [await send(gateway, f"+99900000000{i}", text) for i, text in enumerate(texts)]
        for message, text in zip(sent, texts, strict=True):
            found = await status(gateway, message, S.DELIVERED)
            arrived = [m for m in bank.smsc.messages if m.destination == message.to]
            assert [m.text for m in arrived] == [text]
            assert taken(bank, message) == len(found.parts)


async def test_a_report_for_the_last_part_only_leaves_a_long_message_sent(tmp_path: Path) -> None:
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        message = await send(gateway, "+999160000001", "long " * 80)
        await status(gateway, message, S.SENT)
        await stays(gateway, message, S.SENT, 0.4)
        found = await gateway.messages.get(message.id)
        assert found.parts[-1].status is PartStatus.DELIVERED


async def test_a_repeat_by_the_network_is_one_message_here(tmp_path: Path) -> None:
    async with bank_of(tmp_path) as bank, gateway_on(config_of(tmp_path, bank)) as gateway:
        message = await send(gateway, "+999170000001")
        found = await status(gateway, message, S.DELIVERED)
        assert len(found.parts[0].attempts) == 1
