"""The real daemon in a process of its own, in front of a virtual bank in this one."""

from __future__ import annotations

import asyncio
import json
import signal
import socket

import pytest
from labs.daemon import command, daemon, environment, run, until_ready, write_config

from modemgw.client import Client
from modemgw.virtual import Bank, BankSettings

pytestmark = pytest.mark.e2e

KEYWORD, REPLY = "STATUS", "All is well"


@pytest.fixture
async def bank(tmp_path):
    settings = BankSettings(modems=2, part_seconds=0.05, receipt_seconds=0.1)
    async with Bank(settings, directory=tmp_path / "bank") as bank:
        yield bank


async def test_a_message_goes_out_and_its_progress_is_told(bank, tmp_path):
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        code, out, err = await running.cli(
            "send", "--to", "+447700900111", "--wait", stdin="Grüße 👋\n"
        )
        assert (code, err.splitlines()[-1].split(":")[0]) == (0, "delivered"), err
        assert [m.text for m in bank.smsc.messages] == ["Grüße 👋"]
        code, shown, _ = await running.cli("messages", "show", out.strip(), "--json")
        assert (code, json.loads(shown)["status"]) == (0, "delivered")
        code, listed, _ = await running.cli("messages", "list")
        assert "delivered" in listed
        assert out.strip() in listed
        code, shown, _ = await running.cli("messages", "show", out.strip())
        assert "accepted" in shown


async def test_the_sims_are_listed_with_what_they_have_used(bank, tmp_path):
    limits = "[sim_limits]\nper_day = 100\n"
    async with daemon(write_config(tmp_path, bank.paths, extra=limits)) as running:
        await until_ready(running.url)
        code, _, err = await running.cli("send", "--to", "+447700900111", "--text", "x", "--wait")
        assert code == 0, err
        code, out, _ = await running.cli("sims", "list", "--json")
        assert code == 0
        items = json.loads(out)
        assert sum(one["plan"]["per_day"]["used"] for one in items) == 1
        code, table, _ = await running.cli("sims", "list")
        assert code == 0
        (used,) = [one for one in items if one["plan"]["per_day"]["used"]]
        assert used["iccid"] in table
        assert "1 of 100" in table
        async with Client(running.url, running.key) as client:
            assert (await client.sim(used["iccid"]))["modem"] == used["modem"]


async def test_the_types_are_shown_with_what_is_done_with_them(bank, tmp_path):
    types = (
        '[type.promotional]\nquiet_hours = ["21:00-08:00", "sun 00:00-24:00"]\n'
        "[type.transactional]\ntarget_seconds = 90\nredact_text_after_days = 7\n"
        '[duplicates]\nwindow_seconds = 60\ntypes = ["promotional"]\n'
    )
    async with daemon(write_config(tmp_path, bank.paths, extra=types)) as running:
        await until_ready(running.url)
        for type in ("otp", "transactional"):
            code, _, err = await running.cli(
                "send", "--to", "+447700900111", "--text", "x", "--type", type, "--wait"
            )
            assert code == 0, err
        code, out, _ = await running.cli("types", "--json")
        assert code == 0
        otp, transactional, promotional = json.loads(out)
        assert (otp["name"], otp["accepted"], otp["erase_text"]) == ("otp", 1, True)
        assert transactional["target"]["in_time"] == 1
        assert promotional["duplicates"] == {"window_seconds": 60, "action": "refuse"}
        code, table, _ = await running.cli("types")
        assert code == 0
        for shown in ("10 min", "2 d", "sun 00:00-24:00", "sent in 90 s", "refuse for 1 min"):
            assert shown in " ".join(table.split()), table


async def test_a_message_that_is_not_delivered_is_exit_code_1(bank, tmp_path):
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        code, out, err = await running.cli(
            "send", "--to", "+99902067000", "--text", "x", "--wait", "--json"
        )
        assert code == 1
        assert json.loads(out)["status"] == "undelivered"
        assert "undelivered" in err
        code, out, err = await running.cli("send", "--to", "nobody", "--text", "x")
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "nobody" in err


async def test_a_received_message_is_shown_and_answered(bank, tmp_path):
    handler = f'[[handler]]\nmatch = {{ keyword = "{KEYWORD}" }}\nreply = "{REPLY}"\n'
    async with daemon(write_config(tmp_path, bank.paths, extra=handler)) as running:
        await until_ready(running.url)
        bank.smsc.inject("+447700900222", bank.modems[0].number, KEYWORD)
        async with asyncio.timeout(60):
            while not bank.smsc.messages:
                await asyncio.sleep(0.05)
        assert [(m.destination, m.text) for m in bank.smsc.messages] == [("+447700900222", REPLY)]
        code, out, _ = await running.cli("inbound", "list", "--json")
        items = json.loads(out)
        assert [(i["from"], i["text"]) for i in items] == [("+447700900222", KEYWORD)]
        code, out, _ = await running.cli("inbound", "show", items[0]["id"])
        assert code == 0
        assert KEYWORD in out


async def test_modems_are_controlled(bank, tmp_path):
    async with daemon(write_config(tmp_path, [bank.paths[0], tmp_path / "none"])) as running:
        await until_ready(running.url)
        code, out, _ = await running.cli("modems", "list", "--json")
        assert [m["state"] for m in json.loads(out)] == ["ready", "absent"]
        code, out, _ = await running.cli("modems", "show", "m1")
        assert code == 0
        assert bank.modems[0].imei in out
        code, out, _ = await running.cli("modems", "pause", "m1")
        assert code == 0
        code, out, _ = await running.cli("modems", "trace", "m1")
        assert "AT+CMGF=0" in out
        code, out, err = await running.cli("modems", "resume", "m1")
        assert code == 0
        await until_ready(running.url)
        code, out, err = await running.cli("modems", "at", "m1", "AT+CGMI", "--yes")
        assert (code, out.splitlines()[-1]) == (0, "OK"), err
        code, out, err = await running.cli("modems", "at", "m1", "AT+NOSUCH", "--yes", "--json")
        assert (code, json.loads(out)["ok"]) == (1, False)
        code, out, err = await running.cli("modems", "at", "m1", "AT+CGMI", stdin="n\n")
        assert (code, out) == (1, "")
        assert "Type it?" in err
        code, out, err = await running.cli("modems", "at", "m1", "ATD1", "--yes")
        assert (code, "dials" in err) == (1, True)
        code, out, _ = await running.cli("audit")
        assert "AT+CGMI" in out
        code, out, _ = await running.cli("modems", "signal", "m1")
        assert (code, "dBm" in out) == (0, True)
        code, out, err = await running.cli("modems", "ussd", "m1", "*100#")
        assert code == 0, err
        assert out.strip()
        code, _, err = await running.cli("modems", "ussd", "m2", "*100#")
        assert (code, err.count("\n")) == (1, 1)
        code, _, err = await running.cli("modems", "show", "m9")
        assert (code, err.count("\n")) == (1, 1)


async def test_a_modem_that_is_missing_is_one_line_and_the_daemon_goes_on(tmp_path):
    async with daemon(write_config(tmp_path, [tmp_path / "none"])) as running:
        async with asyncio.timeout(60):
            while "modem m1 is absent: " not in running.log.read_text():
                await asyncio.sleep(0.1)
        code, out, _ = await running.cli("modems", "list")
        assert code == 0
        assert "absent" in out
        assert "Traceback" not in running.log.read_text()


async def test_sigterm_ends_it_cleanly_with_exit_code_0(bank, tmp_path):
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        assert await running.end() == 0
        assert "Traceback" not in running.log.read_text()


async def test_sighup_says_what_it_cannot_take_over(bank, tmp_path):
    file = write_config(tmp_path, bank.paths)
    async with daemon(file) as running:
        write_config(tmp_path, bank.paths, listen="127.0.0.1:1")
        running.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(60):
            while "http.listen has changed" not in running.log.read_text():
                await asyncio.sleep(0.02)
        async with Client(running.url) as client:
            await client.readiness()


async def test_systemd_is_told_when_it_is_ready_and_when_it_ends(bank, tmp_path):
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        more = {"NOTIFY_SOCKET": tmp_path / "notify", "WATCHDOG_USEC": 1_000_000}
        async with daemon(write_config(tmp_path, bank.paths), **more) as running:
            told = [await asyncio.wait_for(loop.sock_recv(listener, 100), 60) for _ in range(3)]
            assert set(told) == {b"READY=1", b"WATCHDOG=1"}
            assert await running.end() == 0
        told = []
        while b"STOPPING=1" not in told:
            told.append(await asyncio.wait_for(loop.sock_recv(listener, 100), 60))


async def test_an_address_in_use_is_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        file = write_config(tmp_path, [], listen=f"127.0.0.1:{port}")
        code, out, err = await run("serve", "--config", file)
    assert (code, out) == (1, "")
    assert err.startswith("Error: ")
    assert f"127.0.0.1:{port}" in err
    assert err.count("\n") == 1


async def test_a_data_directory_that_cannot_be_is_one_line(tmp_path):
    (tmp_path / "data").touch()
    code, out, err = await run("serve", "--config", write_config(tmp_path, []))
    assert (code, out) == (1, "")
    assert str(tmp_path / "data") in err
    assert err.count("\n") == 1


async def test_it_serves_on_a_unix_socket(bank, tmp_path):
    listen = f"unix:{tmp_path}/http.sock"
    file = write_config(tmp_path, bank.paths, listen=listen)
    async with daemon(file) as running:
        assert running.url == listen
        code, out, err = await run(
            "modems", "list", "--json", "--config", file, MODEMGW_KEY=running.key
        )
        assert code == 0, err
        assert len(json.loads(out)) == 2
        assert await running.end() == 0
    assert not (tmp_path / "http.sock").exists()


async def test_attached_modems_are_found_without_a_daemon(bank, tmp_path):
    (tmp_path / "file").touch()
    devices = [*bank.paths, tmp_path / "file"]
    code, out, err = await run("modems", "scan", *devices, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert [item["imei"] for item in found] == [*(m.imei for m in bank.modems), None]
    assert found[2]["problem"]
    code, out, _ = await run("modems", "scan", *devices)
    assert code == 0
    assert out.count("[[modem]]") == 2


async def test_a_port_that_cannot_be_opened_ends_a_scan_without_a_traceback():
    devices = ["rfc2217://127.0.0.1:9", "socket://127.0.0.1:9", "loop://", "rfc2217://x", "y"]
    code, out, err = await run("modems", "scan", *devices, "--json")
    assert code == 0, err
    assert "Traceback" not in err
    problems = [item["problem"] for item in json.loads(out)]
    assert all("no connection to the serial server" in problem for problem in problems[:2])
    assert all("cannot be opened" in problem for problem in problems[2:4])
    assert problems[4]


async def test_a_second_daemon_on_the_same_data_is_one_line(bank, tmp_path):
    file = write_config(tmp_path, bank.paths)
    async with daemon(file):
        code, out, err = await run("serve", "--config", file)
        assert (code, out) == (1, "")
        assert err.startswith("Error: another modemgw uses the data directory")
        assert err.count("\n") == 1


@pytest.mark.parametrize("words", [["tail"], ["--follow", "--from", "+447700900222"]])
async def test_received_messages_are_followed_until_ctrl_c(bank, tmp_path, words):
    async with daemon(write_config(tmp_path, bank.paths)) as running:
        await until_ready(running.url)
        process = await asyncio.create_subprocess_exec(
            *command("inbound", *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(MODEMGW_URL=running.url, MODEMGW_KEY=running.key),
        )
        assert process.stdout is not None
        line = asyncio.create_task(process.stdout.readline())
        async with asyncio.timeout(60):
            while not line.done():
                if words != ["tail"]:
                    bank.smsc.inject("+447700900333", bank.modems[0].number, "not this one")
                bank.smsc.inject("+447700900222", bank.modems[0].number, "Hello\x1b[2J")
                await asyncio.wait([line], timeout=0.5)
        assert line.result().decode().rstrip().endswith("+447700900222  Hello�[2J")
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            _, err = await process.communicate()
        assert (process.returncode, err) == (0, b"")


async def test_a_wait_outlives_a_daemon_that_is_started_anew(bank, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = write_config(tmp_path, bank.paths[:1], listen=f"127.0.0.1:{port}")
    async with daemon(file) as running:
        await until_ready(running.url)
        async with Client(running.url, running.key) as client:
            await client.control_modem("m1", "pause")
        sending = await asyncio.create_subprocess_exec(
            *command("send", "--to", "+447700900111", "--text", "x", "--wait"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(MODEMGW_URL=running.url, MODEMGW_KEY=running.key),
        )
        async with asyncio.timeout(60):
            assert sending.stderr is not None
            assert (await sending.stderr.readline()).startswith(b"queued")
        running.process.kill()
        await running.process.wait()
    async with daemon(file) as again, asyncio.timeout(60):
        async with Client(again.url, again.key) as client:  # the pause outlives it as well
            await client.control_modem("m1", "resume")
        _, err = await sending.communicate()
    assert sending.returncode == 0, err.decode()
    assert err.splitlines()[-1].startswith(b"delivered")
    assert [m.text for m in bank.smsc.messages] == ["x"]


async def test_the_first_sigterm_waits_for_the_part_in_the_air_and_a_second_one_does_not(tmp_path):
    settings = BankSettings(modems=1, part_seconds=2, receipt_seconds=60)
    async with Bank(settings, directory=tmp_path / "bank") as bank:
        file = write_config(tmp_path, bank.paths)
        for signals, code in ((1, 0), (2, 1)):
            async with daemon(file) as running:
                await until_ready(running.url)
                async with Client(running.url, running.key) as client:
                    message = await client.send("+447700900111", "x")
                    async with asyncio.timeout(60):
                        while (await client.message(message["id"]))["status"] != "sending":
                            await asyncio.sleep(0.05)
                for _ in range(signals):
                    running.process.send_signal(signal.SIGTERM)
                    await asyncio.sleep(0.3)
                async with asyncio.timeout(60):
                    assert await running.process.wait() == code
                assert "Traceback" not in running.log.read_text()
                assert len(bank.smsc.accepted) == 1 or signals == 2
    assert "ended before everything was drained" in running.log.read_text()
