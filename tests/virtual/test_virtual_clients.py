"""Other people's software drives the virtual bank: it must take it for real modems."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from labs.waiting import until

from modemgw.virtual import Bank, BankSettings

pytestmark = pytest.mark.timeout(240)

OUTSIDE = "+15550001234"


def needs(program: str) -> pytest.MarkDecorator:
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    return pytest.mark.skipif(path is None, reason=f"{program} is not installed")


@asynccontextmanager
async def running(
    tmp_path: Path, personality: str = "generic", modems: int = 1
) -> AsyncIterator[Bank]:
    settings = BankSettings(
        modems=modems, personality=personality, part_seconds=0.05, receipt_seconds=0.05
    )
    # Short, because some clients cut long device names.
    async with Bank(settings, tmp_path / "b") as bank:
        yield bank


async def run(*words: str | Path, seconds: float = 60) -> str:
    """A program to its end; what it printed."""
    process = await asyncio.create_subprocess_exec(
        *map(str, words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return output.decode("utf-8", "replace")


@asynccontextmanager
async def daemon(*words: str | Path) -> AsyncIterator[None]:
    """A program that runs until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *map(str, words), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def texts(bank: Bank) -> list[str | None]:
    return [message.text for message in bank.smsc.messages]


# gammu


def gammurc(tmp_path: Path, bank: Bank) -> Path:
    path = tmp_path / "gammurc"
    path.write_text(f"[gammu]\ndevice = {bank.paths[0]}\nconnection = at\n")
    return path


@needs("gammu")
@pytest.mark.parametrize(
    ("personality", "manufacturer", "text"),
    [("generic", "Virtual", "0123456789" * 30), ("huawei-e173", "Huawei", "by gammu")],
)
async def test_gammu_identifies_sends_and_receives(
    tmp_path: Path, personality: str, manufacturer: str, text: str
) -> None:
    async with running(tmp_path, personality) as bank:
        config = gammurc(tmp_path, bank)
        said = await run("gammu", "-c", config, "identify")
        assert f"Manufacturer         : {manufacturer}" in said
        assert bank.modems[0].imei in said
        assert bank.modems[0].imsi in said

        sending = ("sendsms", "TEXT", OUTSIDE, "-len", str(len(text)), "-text", text)
        said = await run("gammu", "-c", config, *sending)
        assert "OK, message reference=" in said
        assert texts(bank) == [text]

        bank.smsc.inject(OUTSIDE, bank.modems[0].number, "to gammu")
        said = await run("gammu", "-c", config, "getallsms")
        assert "to gammu" in said
        assert f'"{OUTSIDE}"' in said


@needs("gammu-smsd")
async def test_gammu_smsd_sends_and_receives(tmp_path: Path) -> None:
    inbox, outbox, sent, failed = (tmp_path / name for name in ("in", "out", "sent", "err"))
    for folder in (inbox, outbox, sent, failed):
        folder.mkdir()
    (outbox / f"OUT{OUTSIDE}.txt").write_text("by gammu-smsd")
    async with running(tmp_path) as bank:
        config = tmp_path / "smsdrc"
        config.write_text(
            f"[gammu]\ndevice = {bank.paths[0]}\nconnection = at\n"
            "[smsd]\nservice = files\nlogfile = " + str(tmp_path / "log") + "\n"
            f"inboxpath = {inbox}/\noutboxpath = {outbox}/\nsentsmspath = {sent}/\n"
            f"errorsmspath = {failed}/\nCommTimeout = 1\nLoopSleep = 1\n"
        )
        bank.smsc.inject(OUTSIDE, bank.modems[0].number, "to gammu-smsd")
        async with daemon("gammu-smsd", "-c", config):
            await bank.smsc.wait_accepted(1, 60)
            await until(lambda: list(inbox.iterdir()))
        assert texts(bank) == ["by gammu-smsd"]
        (received,) = inbox.iterdir()
        assert received.read_text() == "to gammu-smsd"


# smstools


@needs("smsd")
async def test_smstools_sends_receives_and_gets_its_report(tmp_path: Path) -> None:
    folders = {
        name: tmp_path / name
        for name in ("outgoing", "checked", "incoming", "sent", "failed", "report")
    }
    for folder in folders.values():
        folder.mkdir()
    # A make that stores reports on the SIM: smstools reads them like messages.
    async with running(tmp_path, "sierra-mc7304") as bank:
        config = tmp_path / "smsd.conf"
        config.write_text(
            "devices = GSM1\n"
            + "".join(f"{name} = {folder}\n" for name, folder in folders.items())
            + f"logfile = {tmp_path}/smsd.log\ninfofile = {tmp_path}/working\n"
            f"pidfile = {tmp_path}/pid\ndelaytime = 1\nerrorsleeptime = 1\n"
            f"[GSM1]\ndevice = {bank.paths[0]}\nincoming = yes\nreport = yes\n"
            "memory_start = 0\ninit = AT+CNMI=1,0,0,2,0\n"
        )
        (folders["outgoing"] / "message").write_text(
            f"To: {OUTSIDE[1:]}\nReport: yes\n\nby smstools\n"
        )
        bank.smsc.inject(OUTSIDE, bank.modems[0].number, "to smstools")
        program = shutil.which("smsd") or "/usr/sbin/smsd"
        async with daemon(program, "-t", "-c", config):
            await bank.smsc.wait_accepted(1, 60)
            await until(lambda: list(folders["incoming"].iterdir()))
            await until(lambda: list(folders["report"].iterdir()))
        assert texts(bank) == ["by smstools"]
        (report,) = folders["report"].iterdir()
        assert "Status: 0," in report.read_text()
        (received,) = folders["incoming"].iterdir()
        assert received.read_text().endswith("to smstools")
        assert f"From: {OUTSIDE[1:]}" in received.read_text()


# python-gsmmodem-new

_GSMMODEM = """
import sys, threading, warnings
warnings.simplefilter("ignore")
from gsmmodem.modem import GsmModem, StatusReport

received, arrived = [], threading.Event()
def on_sms(sms):
    received.append(sms.text)
    arrived.set()

modem = GsmModem(sys.argv[1], 115200, smsReceivedCallbackFunc=on_sms)
modem.smsTextMode = sys.argv[4] == "text"
modem.connect()
print("imei", modem.imei)
print("operator", modem.networkName)
sent = modem.sendSms(sys.argv[2], sys.argv[3], waitForDeliveryReport=True, deliveryTimeout=20)
print("delivered", sent.status == sent.DELIVERED)
print("ready", flush=True)
arrived.wait(20)
print("received", received)
print("balance", modem.sendUssd("*100#").message)
modem.close()
"""


@pytest.mark.parametrize(
    ("personality", "mode"), [("generic", "pdu"), ("generic", "text"), ("telit-le910", "pdu")]
)
async def test_python_gsmmodem_sends_receives_and_asks_for_the_balance(
    tmp_path: Path, personality: str, mode: str
) -> None:
    async with running(tmp_path, personality) as bank:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _GSMMODEM, str(bank.paths[0]), OUTSIDE, "by gsmmodem", mode),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdout is not None
        said = ""
        async with asyncio.timeout(60):
            while "ready" not in said:
                line = await process.stdout.readline()
                assert line, said
                said += line.decode()
            bank.smsc.inject(OUTSIDE, bank.modems[0].number, "to gsmmodem")
            said += (await process.stdout.read()).decode()
            await process.wait()
        assert f"imei {bank.modems[0].imei}" in said
        assert "operator Virtual" in said
        assert "delivered True" in said
        assert "received ['to gsmmodem']" in said
        assert "balance Your balance is 12.34." in said
        assert texts(bank) == ["by gsmmodem"]
