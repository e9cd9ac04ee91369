"""`modemgw consents` and `modemgw privacy` on the real daemon."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from labs.daemon import Daemon, daemon, write_config

pytestmark = pytest.mark.e2e

ANNA, BOB = "+447700900111", "+447700900222"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Daemon]:
    async with daemon(write_config(tmp_path, ["/dev/there-is-none"])) as opened:
        yield opened


async def ask(running: Daemon, *words: str, code: int = 0, **more: str) -> str:
    """Standard output of `modemgw …`."""
    status, out, err = await running.cli(*words, **more)
    assert status == code, (out, err)
    return str(out if code == 0 else out + err)


async def test_decisions_from_their_record_to_their_end(running: Daemon, tmp_path: Path) -> None:
    assert "Nobody has decided anything" in await ask(running, "consents", "list")
    said = await ask(running, "consents", "add", ANNA, "opted_out", "--evidence", "by phone")
    assert f"{ANNA}: opted_out of everything is recorded." in said
    scoped = ("--scope", "news", "--at", "2026-01-05T10:00:00Z", "--json")
    made = json.loads(await ask(running, "consents", "add", BOB, "opted_in", *scoped))
    assert (made["scope"], made["at"]) == ("news", "2026-01-05T10:00:00.000Z")
    table = await ask(running, "consents", "list")
    assert ANNA in table
    assert "by phone" in table
    only = json.loads(await ask(running, "consents", "list", "--state", "opted_in", "--json"))
    assert [one["number"] for one in only] == [BOB]
    shown = await ask(running, "consents", "show", ANNA)
    assert "opted_out" in shown
    told = json.loads(await ask(running, "consents", "show", ANNA, "--json"))
    assert [one["evidence"] for one in told["history"]] == ["by phone"]
    refused = await ask(
        running, "send", "--to", ANNA, "--text", "Buy", "--type", "promotional", code=1
    )
    assert "has opted out of such messages" in refused

    file = tmp_path / "consents.csv"
    await ask(running, "consents", "export", "-o", str(file))
    assert await ask(running, "consents", "export") == file.read_bytes().decode()
    assert "Erased" in await ask(running, "consents", "erase", ANNA, "--yes")
    assert "a mark is all" in await ask(running, "consents", "show", ANNA)


async def test_a_list_is_tried_and_imported(running: Daemon) -> None:
    await ask(running, "consents", "add", ANNA, "opted_out")
    sheet = f"number,state\n{ANNA},opted_in\n{BOB},opted_out\n"
    tried = await ask(running, "consents", "import", "-", "--dry-run", stdin=sheet)
    assert f"line 2: {ANNA} has opted out" in tried
    assert "Nothing was recorded" in tried
    report = json.loads(await ask(running, "consents", "import", "-", "--json", stdin=sheet))
    assert (report["new"], report["refused"]) == (1, 1)
    wrong = await ask(running, "consents", "import", "-", stdin="number\n1\n", code=1)
    assert "lines[1].state: the list has no such column" in wrong


async def test_everything_about_a_number(running: Daemon) -> None:
    await ask(running, "send", "--to", ANNA, "--text", "my secret")
    export = json.loads(await ask(running, "privacy", "export", ANNA))
    assert [m["text"] for m in export["holdings"]["messages"]] == ["my secret"]
    dry = await ask(running, "privacy", "erase", ANNA, "--dry-run")
    assert "Nothing was erased" in dry
    await ask(running, "privacy", "erase", ANNA, code=1)  # nobody says yes
    done = await ask(running, "privacy", "erase", ANNA, "--yes")
    assert "1 messages were canceled" in done
    assert "This stays:" in done
    export = json.loads(await ask(running, "privacy", "export", ANNA))
    assert export["holdings"]["messages"] == []
