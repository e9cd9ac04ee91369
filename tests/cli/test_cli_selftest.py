"""`modemgw selftest`: what is sent, whose fault it is when it does not arrive, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from labs.daemon import daemon, until_ready, write_config

from modemgw.cli.selftest.probes import Card, Kind, Outcome, Probe, judge, parts, probes
from modemgw.sms import segment_text
from modemgw.virtual import Bank, BankSettings

CARDS = [Card(f"m{n}", f"+44770090000{n}") for n in range(4)]
MODEMS = 4


def outcome(
    probe: Probe, *, arrived: bool = True, status: str = "delivered", error: str | None = None
) -> Outcome:
    return Outcome(probe, status, error, arrived, status == "delivered", 1.0 if arrived else None)


def test_every_sim_sends_to_two_and_hears_of_two() -> None:
    found = probes(CARDS, "abc123")
    assert len({p.text for p in found}) == len(found) == 16
    for card in CARDS:
        assert len({p.receiver for p in found if p.sender == card}) == 2
        assert len({p.sender for p in found if p.receiver == card}) == 2
        assert {p.kind for p in found if p.sender == card} == set(Kind)


def test_two_write_to_each_other_and_one_to_itself() -> None:
    assert [(p.sender.modem, p.receiver.modem) for p in probes(CARDS[:1], "x")] == [
        ("m0", "m0")
    ] * 3
    assert {(p.sender.modem, p.receiver.modem) for p in probes(CARDS[:2], "x")} == {
        ("m0", "m1"),
        ("m1", "m0"),
    }


def test_what_it_costs_is_told_right() -> None:
    long = Card("m" * 64, "+447700900001")
    found = probes([long, CARDS[0]], "abcdef")
    assert parts(found) == sum(len(segment_text(p.text).parts) for p in probes(CARDS[:2], "abcdef"))
    assert all(
        len(segment_text(p.text).parts) == (3 if p.kind is Kind.LONG else 1)
        for p in probes(CARDS, "abcdef")
    )


def test_all_is_well() -> None:
    assert [v.trouble for v in judge([outcome(p) for p in probes(CARDS, "x")])] == [None] * 4


def test_the_deaf_and_the_mute_are_told_apart() -> None:
    mute, deaf = CARDS[1], CARDS[3]
    found = [
        outcome(p, arrived=False, status="failed", error="barred")
        if p.sender == mute
        else outcome(p, arrived=False, status="sent")
        if p.receiver == deaf
        else outcome(p)
        for p in probes(CARDS, "x")
    ]
    troubles = {v.card.modem: v.trouble for v in judge(found)}
    assert troubles["m0"] is None
    assert troubles["m2"] is None
    assert "mute" in (troubles["m1"] or "")
    assert "barred" in (troubles["m1"] or "")
    assert "deaf" in (troubles["m3"] or "")
    assert "mute" not in (troubles["m3"] or "")


def test_what_the_network_swallows_is_the_senders() -> None:
    found = [
        outcome(
            p, arrived=p.sender != CARDS[0], status="sent" if p.sender == CARDS[0] else "delivered"
        )
        for p in probes(CARDS, "x")
    ]
    troubles = [v.trouble for v in judge(found)]
    assert troubles[0] == "it is mute: the network took what it sent, and nothing arrived"
    assert troubles[1:] == [None] * 3


def test_with_one_alone_nobody_knows_whose_fault_it_is() -> None:
    found = [outcome(p, arrived=False, status="sent") for p in probes(CARDS[:1], "x")]
    (verdict,) = judge(found)
    assert "no other SIM shows" in (verdict.trouble or "")


def test_no_report_is_no_more_than_that() -> None:
    found = [
        outcome(p, status="sent") if p.sender == CARDS[2] else outcome(p)
        for p in probes(CARDS, "x")
    ]
    troubles = [v.trouble for v in judge(found)]
    assert troubles == [None, None, "no status report comes for what it sends", None]


@pytest.mark.parametrize("ill", [False, True])
async def test_the_command(tmp_path: Path, ill: bool) -> None:
    settings = BankSettings(modems=MODEMS, boot_seconds=0.1, part_seconds=0.0, receipt_seconds=0.05)
    async with Bank(settings, tmp_path / "bank") as bank:
        file = write_config(tmp_path, bank.paths, extra='[[handler]]\nreply = "who is there?"\n')
        async with daemon(file) as running:
            await until_ready(running.url)
            if ill:
                mute, deaf = bank.modems[1], bank.modems[2]
                assert mute.sim is not None
                assert deaf.sim is not None
                mute.sim.barred_code = 8
                bank.smsc.attach(deaf.sim, None)
            code, out, err = await running.cli(
                "selftest", "--yes", "--json", "--timeout", 15 if ill else 60
            )
            told = json.loads(out)
            troubles = {v["modem"]: v["trouble"] for v in told["verdicts"]}
            if ill:
                assert code == 1
                assert "mute" in troubles["m2"]
                assert "deaf" in troubles["m3"]
                assert (troubles["m1"], troubles["m4"]) == (None, None)
            else:
                assert (code, err) == (0, "")
                assert troubles == dict.fromkeys(("m1", "m2", "m3", "m4"))
                assert len(told["probes"]) == 16
                code, out, _ = await running.cli(
                    "selftest", "--yes", "--modem", "m1", "--modem", "x"
                )
                assert code == 1
                assert "modem x cannot be tried" in out
                assert "✔ modem m1: it sends and receives" in out
