"""The control socket, its client and the command line on top of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from modemgw.virtual import Bank, BankSettings
from modemgw.virtual.control import SOCKET_NAME, ControlClient, ControlError, ControlServer

PROGRAM = [sys.executable, "-c", "from modemgw.cli.virtual import virtual; virtual()"]


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Bank]:
    settings = BankSettings(modems=2, part_seconds=0, receipt_seconds=0)
    async with Bank(settings, tmp_path) as bank, ControlServer(bank):
        yield bank


@pytest.fixture
async def client(bank: Bank) -> AsyncIterator[ControlClient]:
    async with ControlClient(bank.directory) as client:
        yield client


async def test_status_tells_each_modem(bank: Bank, client: ControlClient) -> None:
    status = await client.status()
    assert status["accepted"] == 0
    assert [modem["number"] for modem in status["modems"]] == [m.number for m in bank.modems]
    assert status["modems"][0]["path"] == str(bank.paths[0])


async def test_an_injected_text_lands_in_the_store(bank: Bank, client: ControlClient) -> None:
    assert await client.inject("INFO", bank.modems[1].number, "x" * 200) == 2
    assert bank.modems[1].sim is not None
    assert len(bank.modems[1].sim.store) == 2
    assert await client.inject("INFO", bank.modems[1].number, data=b"\x00\xff") == 1


async def test_accepted_parts_and_messages_are_listed(bank: Bank, client: ControlClient) -> None:
    fd = os.open(bank.paths[0], os.O_RDWR | os.O_NOCTTY)
    os.write(fd, b"AT+CMGS=19\r0031000B915155001032F40000A705C8329BFD06\x1a")
    assert await client.wait_accepted(1, 5) == 1
    (part,) = await client.accepted()
    assert (part["text"], part["destination"], part["parts"]) == ("Hello", "+15550001234", 1)
    (message,) = await client.messages()
    assert (message["text"], message["complete"]) == ("Hello", True)
    assert await client.accepted(since=1) == []
    await client.clear()
    assert await client.messages() == []
    os.close(fd)


async def test_waiting_in_vain_says_how_far_it_got(client: ControlClient) -> None:
    with pytest.raises(ControlError, match=r"0 of 3 parts after 0\.01 s"):
        await client.wait_accepted(3, 0.01)


async def test_faults_are_injected_by_name(bank: Bank, client: ControlClient) -> None:
    await client.fault(0, "signal", rssi=7)
    assert bank.modems[0].radio.signal == 7
    await client.fault(0, "cover", coverage="roaming")
    assert (await client.status())["modems"][0]["registration"] == "roaming"


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        ({"do": "nothing"}, "there are accepted, broadcast, clear, fault"),
        ({"do": 1}, '"do"'),
        ({}, '"do"'),
        ({"do": "fault", "modem": 9, "name": "hang"}, "no modem 9; there are 0 to 1"),
        ({"do": "fault", "modem": 0, "name": "explode"}, "no fault 'explode'"),
        ({"do": "fault", "modem": 0, "name": "hang", "minutes": 1}, "minutes"),
        ({"do": "inject", "sender": "x", "to": "+1", "text": "x"}, "no SIM of this bank"),
        ({"do": "inject", "sender": "x", "to": "+1", "data": "%"}, "not base64"),
    ],
)
async def test_a_wrong_request_is_answered_with_what_is_wrong(
    bank: Bank, request_: dict[str, object], problem: str
) -> None:
    reader, writer = await asyncio.open_unix_connection(bank.directory / SOCKET_NAME)
    for line in (json.dumps(request_).encode(), b"not json", b'{"do": "status"}'):
        writer.write(line + b"\n")
    assert problem in json.loads(await reader.readline())["error"]
    assert "error" in json.loads(await reader.readline())
    assert "result" in json.loads(await reader.readline())
    writer.close()
    await writer.wait_closed()


async def test_sims_are_swapped_and_new_ones_put_in(bank: Bank, client: ControlClient) -> None:
    first, second = (modem.iccid for modem in bank.modems)
    await client.swap_sims(0, 1)
    assert [modem.iccid for modem in bank.modems] == [second, first]
    fresh = await client.insert_sim(0)
    assert fresh == bank.modems[0].iccid
    assert bank.modems[0].number == "+447700900003"


async def test_a_fault_that_the_modem_cannot_have_says_why(client: ControlClient) -> None:
    await client.fault(0, "remove_sim")
    with pytest.raises(ControlError, match=r"the modem says \+CME ERROR: 10"):
        await client.fault(0, "block", code=41)


async def test_no_bank_no_answer(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="no virtual bank answers at"):
        async with ControlClient(tmp_path):
            pass


# the program


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    directory = tmp_path / "bank"
    process = subprocess.Popen(
        [*PROGRAM, "--modems", "2", "--dir", str(directory), "--part-seconds", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        lines = [process.stdout.readline() for _ in range(2)]
        assert all("IMEI" in line for line in lines)
        yield directory, process
        if process.poll() is None:
            process.kill()


def ctl(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "ctl", "--dir", str(directory), *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_program_runs_a_bank_and_cleans_up_after_itself(
    running: tuple[Path, subprocess.Popen[str]],
) -> None:
    directory, process = running
    assert {"modem0", "modem1", SOCKET_NAME} == {path.name for path in directory.iterdir()}
    assert ctl(directory, "inject", "--to", "+447700900002", "--text", "hi").stdout.strip() == "1"
    assert ctl(directory, "fault", "0", "signal", "rssi=3").returncode == 0
    status = json.loads(ctl(directory, "status").stdout)
    assert status["modems"][1]["stored"] == 1
    wrong = ctl(directory, "fault", "0", "explode")
    assert wrong.returncode == 1
    assert "no fault 'explode'" in wrong.stderr
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert list(directory.iterdir()) == []


def test_ctl_without_a_bank_says_so(tmp_path: Path) -> None:
    answer = ctl(tmp_path, "status")
    assert answer.returncode == 1
    assert "no virtual bank answers" in answer.stderr
