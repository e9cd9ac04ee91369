"""`modemgw templates` and `modemgw send --template` on the real daemon, up to the phone."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from labs.daemon import Daemon, daemon, run, until_ready, write_config
from labs.waiting import until

from modemgw.virtual import Bank, BankSettings

pytestmark = pytest.mark.e2e

TO = "+447700900123"
READY = """
description = "when it is ready"
transliterate = true
[[variants]]
language = "en"
text = "Ready, {{ name }}: {{ order }}"
[[variants]]
language = "pt"
region = "BR"
text = "Pronto, {{ name }}: {{ order }}"
[parameters.name]
max_length = 20
[parameters.order]
type = "code"
[parameters.until]
type = "date"
default = ""
"""


async def ask(running: Daemon, *words: str, code: int = 0) -> str:
    """What `modemgw templates …` says."""
    status, out, err = await running.cli("templates", *words)
    assert status == code, (out, err)
    return out + err


async def test_a_template_from_its_making_to_a_phone_and_its_end(tmp_path: Path) -> None:
    file = tmp_path / "ready.toml"
    file.write_text(READY)
    settings = BankSettings(modems=1, part_seconds=0.05, receipt_seconds=0.1)
    async with (
        Bank(settings, directory=tmp_path / "bank") as bank,
        daemon(write_config(tmp_path, bank.paths)) as running,
    ):
        await until_ready(running.url)
        assert "There are no templates" in await ask(running, "list")
        said = await ask(running, "save", "ready", str(file))
        assert "parameters.until: no variant uses it" in said
        assert "are transliterated" in said
        assert "ready" in await ask(running, "list")
        assert "1 (gsm7)" in await ask(running, "show", "ready")

        shown = json.loads(await ask(running, "show", "ready", "--json"))
        again = tmp_path / "again.json"
        again.write_text(json.dumps(shown))
        same = json.loads(await ask(running, "save", "ready", str(again), "--json"))
        assert same == shown, "what was shown can be saved again, and is no new version"
        file.write_text(READY.replace("Ready,", "It is ready,"))
        await ask(running, "save", "ready", str(file), "--if-version", "1")
        assert "is not what" in await ask(
            running, "save", "ready", str(again), "--if-version", "1", code=1
        )
        versions = json.loads(await ask(running, "show", "ready", "--versions", "--json"))
        assert [one["version"] for one in versions] == [2, 1]
        assert "2" in await ask(running, "show", "ready", "--versions")
        old = json.loads(await ask(running, "show", "ready", "--version", "1", "--json"))
        assert old == shown

        params = ("--param", "name=Łukasz", "--param", "order=A-7")
        seen = await ask(running, "preview", "ready", *params, "--language", "pt")
        assert "Pronto, Lukasz: A-7" in seen
        assert "params.name: is sent as 'Lukasz'" in seen
        wrong = await ask(running, "preview", "ready", "--param", "name=x", code=1)
        assert "params.order" in wrong
        assert "NAME=VALUE" in await ask(running, "preview", "ready", "--param", "name", code=2)

        code, out, err = await running.cli(
            "send", "--to", TO, "--template", "ready", *params, "--wait"
        )
        assert code == 0, err
        (got,) = bank.smsc.messages
        assert got.text == "It is ready, Lukasz: A-7"
        _, out, _ = await running.cli("messages", "show", out.strip(), "--json")
        message = json.loads(out)
        assert (message["template"], message["template_version"]) == ("ready", 2)
        both = ("send", "--to", TO, "--template", "ready", "--text", "x")
        code, _, err = await running.cli(*both)
        assert (code, "one of them" in err) == (2, True)

        key = await app_key(tmp_path)
        free = ("send", "--to", TO, "--text", "free")
        code, _, err = await run(*free, MODEMGW_URL=running.url, MODEMGW_KEY=key)
        assert code == 1
        assert "templates alone" in err
        by = ("send", "--to", TO, "--template", "ready", *params)
        code, _, err = await run(*by, MODEMGW_URL=running.url, MODEMGW_KEY=key)
        assert code == 0, err

        assert "is deleted" in await ask(running, "delete", "ready", "--yes")
        assert "There are no templates" in await ask(running, "list")
        log = running.log.read_text()
        assert "ukasz" not in log


async def app_key(tmp_path: Path) -> str:
    place = ("--config", tmp_path / "modemgw.toml")
    code, out, err = await run(
        "keys", "create", "app", "--scope", "send", "--templates-only", *place
    )
    assert code == 0, err
    _, told, _ = await run("keys", "show", "app", *place)
    assert "only, all of them" in told
    code, _, err = await run(
        "keys", "create", "two", "--scope", "send", "--template", "a", "--template", "b", *place
    )
    assert code == 0, err
    _, told, _ = await run("keys", "show", "two", "--json", *place)
    assert json.loads(told)["templates"] == ["a", "b"]
    return out.strip()


async def test_files_are_checked_taken_and_taken_anew(tmp_path: Path) -> None:
    place = tmp_path / "templates"
    place.mkdir()
    file = place / "ready.toml"
    file.write_text(READY.replace("{{ name }}", "{{ nme }}"))
    config = write_config(tmp_path, [], extra=f'[templates]\ndirectory = "{place}"\n')
    for words in (("config", "check"), ("serve",)):
        code, _, err = await run(*words, "--config", config)
        assert code == 1
        assert f"{file}: variants[0].text: uses nme, which parameters does not declare" in err
    file.write_text(READY)
    code, _, err = await run("config", "check", "--config", config)
    assert code == 0, err
    async with daemon(config) as running:
        shown = json.loads(await ask(running, "show", "ready", "--json"))
        assert (shown["version"], shown["source"], shown["key"]) == (1, "file", None)
        said = await ask(running, "delete", "ready", "--yes", code=1)
        assert "comes from a file" in said
        file.write_text(READY.replace("Ready,", "It is ready,"))
        running.process.send_signal(signal.SIGHUP)

        def reloaded() -> bool:
            return "template ready: version 2" in running.log.read_text()

        await until(reloaded)
        assert "It is ready" in await ask(running, "show", "ready")
        file.write_text(READY.replace("{{ name }}", "{% for x in y %}"))
        running.process.send_signal(signal.SIGHUP)
        await until(lambda: "not reloaded: " in running.log.read_text())
        assert f"{file}: variants[0].text" in running.log.read_text()
        assert "It is ready" in await ask(running, "show", "ready")


async def test_a_file_is_checked_without_a_daemon(tmp_path: Path) -> None:
    file = tmp_path / "ready.toml"
    file.write_text(READY)
    code, out, err = await run("templates", "check", file)
    assert (code, "1 (gsm7)" in out) == (0, True)
    assert "parameters.until: no variant uses it" in err
    code, out, err = await run("templates", "check", file, "--json")
    assert json.loads(out)["variants"][0]["worst_case"][0]["units"] == 41
    file.write_text(READY.replace("{{ name }}", "{{ nme }}").replace("max_length = 20", "x = 1"))
    code, _, err = await run("templates", "check", file)
    assert code == 1
    assert f"{file}: parameters.name.x: there is no such key; is" not in err
    assert f"{file}: parameters.name.x: there is no such key" in err
    file.write_text(READY.replace("{{ name }}", "{{ nme }}"))
    code, _, err = await run("templates", "check", file)
    assert code == 1
    assert err.count(f"{file}: variants[") == 2
