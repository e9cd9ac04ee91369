"""`modemgw keys` and `modemgw audit`, beside a daemon that runs and without one."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import datetime

import pytest
from click.testing import CliRunner
from labs.daemon import daemon, run, until_ready, write_config

from modemgw.cli import main
from modemgw.client import ApiError, Client
from modemgw.store.contract.keys import digest
from modemgw.store.sqlite import FILE_NAME, transaction
from modemgw.virtual import Bank, BankSettings


@pytest.fixture
def keys(tmp_path, monkeypatch):
    """Exit code, standard output and standard error of `modemgw keys …`."""
    monkeypatch.delenv("MODEMGW_CONFIG", raising=False)
    monkeypatch.setenv("SUDO_USER", "ann")

    def call(*arguments):
        told = CliRunner().invoke(main, ["keys", *map(str, arguments), "--data-dir", str(tmp_path)])
        return told.exit_code, told.stdout, told.stderr

    return call


def in_force(tmp_path, token):
    with transaction(tmp_path / FILE_NAME) as tx:
        return tx.keys.find(digest(token.strip()), tx.now) is not None


def seconds(moment):
    return datetime.fromisoformat(moment).timestamp()


def test_a_key_has_limits_and_an_end(keys, tmp_path):
    code, out, err = keys(
        *("create", "shop", "--scope", "send", "--scope", "read", "--scope", "send"),
        *("--expires", "90d", "--per-minute", 60, "--per-day", 5000),
    )
    assert (code, err) == (0, "")
    assert in_force(tmp_path, out)
    code, out, _ = keys("show", "shop", "--json")
    shown = json.loads(out)
    assert code == 0
    assert shown["scopes"] == ["send", "read"]
    assert shown["limits"] == {"per_minute": 60, "per_hour": None, "per_day": 5000}
    assert round(seconds(shown["expires_at"]) - seconds(shown["created_at"])) == 90 * 86400
    keys("create", "old", "--scope", "read", "--expires", "2099-01-01T00:00:00Z")
    listed = {key["name"]: key for key in json.loads(keys("list", "--json")[1])}
    assert listed["shop"] == shown
    assert listed["old"]["expires_at"] == "2099-01-01T00:00:00.000Z"
    for table in (keys("list")[1], keys("show", "shop")[1]):
        assert "60/minute 5000/day" in table
        assert "active" in table


def test_all_about_a_new_key_is_told_where_that_is_asked_for(keys, tmp_path):
    code, out, _ = keys("create", "shop", "--scope", "send", "--json")
    made = json.loads(out)
    assert code == 0
    assert in_force(tmp_path, made["key"])
    assert made["webhook_secret"].startswith("whsec_")
    code, out, _ = keys("webhook-secret", "shop")
    assert code == 0
    assert out.strip() != made["webhook_secret"]
    with transaction(tmp_path / FILE_NAME) as tx:
        assert tx.keys.webhook_secret("shop") == out.strip()


def test_a_rotated_key_is_printed_alone_and_the_one_before_goes_on_for_its_grace(keys, tmp_path):
    tokens = [keys("create", "shop", "--scope", "send")[1]]
    tokens.append(keys("rotate", "shop", "--grace", "1h")[1])
    assert [in_force(tmp_path, token) for token in tokens] == [True, True]
    code, out, err = keys("rotate", "shop")
    tokens.append(out)
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert [in_force(tmp_path, token) for token in tokens] == [False, False, True]


def test_the_last_key_for_admins_can_be_revoked_here_and_that_is_said(keys, tmp_path):
    token = keys("create", "root", "--scope", "admin")[1]
    keys("create", "second", "--scope", "admin")
    assert keys("revoke", "second") == (0, "second is revoked\n", "")
    code, out, err = keys("revoke", "root")
    assert (code, out) == (0, "root is revoked\n")
    assert "no key with the scope admin is left" in err
    assert not in_force(tmp_path, token)
    assert "revoked" in keys("list")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("create", "a/b", "--scope", "send"), 1, "name"),
        (("create", "handler", "--scope", "send"), 1, "automatic replies"),
        (("create", "a", "--scope", "send", "--expires", "soon"), 2, "90d"),
        (("create", "a", "--scope", "send", "--expires", "2020-01-01T00:00:00Z"), 1, "expires_at"),
        (("create", "a", "--scope", "send", "--per-minute", 0), 2, "--per-minute"),
        (("rotate", "none"), 1, "'none'"),
        (("rotate", "shop", "--grace", "1y"), 2, "24h"),
        (("rotate", "shop", "--grace", "91d"), 2, "90d"),
        (("show", "none"), 1, "'none'"),
        (("webhook-secret", "none"), 1, "'none'"),
        (("revoke", "none"), 1, "'none'"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(keys, arguments, code, told):
    keys("create", "shop", "--scope", "send")
    before = keys("list", "--json")
    answer = keys(*arguments)
    assert answer[0] == code
    assert answer[1] == ""
    assert told in answer[2]
    assert keys("list", "--json") == before


def test_what_was_done_here_is_on_record_and_what_was_not_is_not(keys, tmp_path):
    keys("create", "shop", "--scope", "send")
    keys("create", "shop", "--scope", "send")
    keys("rotate", "shop")
    keys("rotate", "none")
    keys("webhook-secret", "shop")
    keys("revoke", "shop")
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        rows = db.execute("SELECT key, address, action, target, outcome, detail FROM audit")
        found = rows.fetchall()
    assert {row[:2] for row in found} == {(None, "local")}
    assert {row[3:] for row in found} == {("shop", "done", "by ann")}
    assert [row[2] for row in found] == [
        "keys.create",
        "keys.rotate",
        "keys.webhook-secret",
        "keys.revoke",
    ]


def test_a_database_that_another_holds_is_told_in_a_line_and_nothing_is_changed(keys, tmp_path):
    keys("create", "shop", "--scope", "send")
    before = keys("list", "--json")
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for arguments in (("create", "b", "--scope", "send"), ("rotate", "shop")):
            code, out, err = keys(*arguments)
            assert (code, out, err.count("\n")) == (1, "", 1)
        assert keys("list", "--json") == before, "it can be read"
    assert keys("list", "--json") == before


@pytest.mark.e2e
async def test_keys_are_changed_under_a_daemon_that_runs_and_is_killed(tmp_path):
    """Counted at the service centre: what a key may send, and what nobody may any more."""
    settings = BankSettings(modems=1, part_seconds=0.05, receipt_seconds=0.1)
    async with Bank(settings, directory=tmp_path / "bank") as bank:
        file = write_config(tmp_path, bank.paths)
        config = ("--config", file)
        async with daemon(file) as running:
            await until_ready(running.url)
            create = ("keys", "create", "shop", "--scope", "send", "--scope", "read")
            code, first, err = await run(*create, "--per-day", 2, *config)
            assert (code, err) == (0, "")
            async with Client(running.url, first.strip()) as client:
                for n in range(2):
                    await client.send(f"+44794600000{n}", "x")
                with pytest.raises(ApiError) as refused:
                    await client.send("+447946000003", "x")
                assert refused.value.status == 429
                code, second, _ = await run("keys", "rotate", "shop", "--grace", "1h", *config)
                assert code == 0
            running.process.kill()
            await running.process.wait()
        async with daemon(file) as running:
            await until_ready(running.url)
            for token in (first, second):
                async with Client(running.url, token.strip()) as client:
                    with pytest.raises(ApiError) as refused:
                        await client.send("+447946000003", "x")
                    assert refused.value.status == 429, "it is let in, and counted on"
            async with Client(running.url, second.strip()) as client:
                following = asyncio.create_task(read(client))
                await asyncio.sleep(0.2)
                assert (await run("keys", "revoke", "shop", *config))[0] == 0
                with pytest.raises(ApiError) as refused:
                    await asyncio.wait_for(following, 20)
                assert refused.value.status == 401
            code, out, _ = await running.cli("audit", "--target", "shop", "--json")
            assert code == 0
            done = [(record["action"], record["address"]) for record in json.loads(out)]
            assert done == [(f"keys.{verb}", "local") for verb in ("revoke", "rotate", "create")]
            code, out, _ = await running.cli("keys", "list", "--json", *config)
            shop = next(key for key in json.loads(out) if key["name"] == "shop")
            assert shop["state"] == "revoked"
            assert shop["last_used_at"] is not None
            assert (await running.cli("modems", "pause", "m1"))[0] == 0
            code, out, _ = await running.cli("audit", "--action", "modems.pause")
            assert code == 0
            assert "127.0.0.1" in out
        assert len(bank.smsc.messages) == 2


async def read(client):
    """Follow the events until that is refused."""
    async for _ in client.events():
        pass
