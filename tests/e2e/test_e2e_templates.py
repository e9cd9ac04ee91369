"""Ten thousand messages of one template, each with values of its own, up to the phones."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from labs.daemon import daemon, until_ready, write_config
from labs.waiting import until

from modemgw.client import Client, ParameterOptions, SyncClient, VariantOptions
from modemgw.virtual import Bank, BankSettings

pytestmark = pytest.mark.e2e

COUNT = 10_000
BAD = {
    "emoji": {"name": "Ann 🎉", "order": "1"},
    "long": {"name": "x" * 31, "order": "1"},
    "missing": {"order": "1"},
    "unknown": {"name": "Ann", "order": "1", "nme": "x"},
    "code": {"name": "Ann", "order": "no code!"},
}
VARIANTS: tuple[VariantOptions, ...] = (
    {"language": "en", "text": "Hello {{ name }}, order {{ order }} is ready"},
    {"language": "pt", "region": "BR", "text": "Bom dia {{ name }}, {{ order }} chegou"},
)
PARAMETERS: dict[str, ParameterOptions] = {"name": {"max_length": 30}, "order": {"type": "code"}}


async def test_a_batch_with_values_of_its_own_for_each_and_three_hundred_that_are_wrong(
    tmp_path: Path,
) -> None:
    rows = [
        {
            "to": f"+5511961{i:06}" if i % 3 else f"+447700{i:06}",
            "template": "ready",
            "params": {"name": f"N{i}", "order": f"A-{i}"},
        }
        for i in range(COUNT)
    ]
    wrong = {}
    for place, (why, params) in zip(
        range(17, COUNT, COUNT // 300), [*BAD.items()] * 60, strict=False
    ):
        rows[place]["params"] = params
        wrong[place] = why
    assert len(wrong) == 300
    settings = BankSettings(modems=2, part_seconds=0.005, receipt_seconds=0.05)
    async with (
        Bank(settings, directory=tmp_path / "bank") as bank,
        daemon(write_config(tmp_path, bank.paths)) as running,
        Client(running.url, running.key, timeout_s=120) as client,
    ):
        await until_ready(running.url)
        made = await client.create_template("ready", variants=VARIANTS, parameters=PARAMETERS)
        assert [v.worst_case[0].parts for v in made.variants] == [1, 1]
        batch = await client.send_batch(rows)
        assert batch.accepted == COUNT - 300
        refused = {item.index: item.problem.errors[0] for item in batch.rejected}
        assert refused.keys() == wrong.keys()
        codes = {
            "emoji": ("params.name", "not-encodable"),
            "long": ("params.name", "too-long"),
            "missing": ("params.name", "missing"),
            "unknown": ("params.nme", "unknown"),
            "code": ("params.order", "invalid"),
        }
        for place, error in refused.items():
            assert (error.field, error.code) == codes[wrong[place]]
        assert (await client.batch(batch.id)).accepted == COUNT - 300
        said = {}
        async for message in client.messages(limit=1000):
            said[message.to] = message.text
            assert (message.template, message.template_version) == ("ready", 1)
        assert len(said) == COUNT - 300

        def right() -> int:
            got = bank.smsc.messages
            assert all(said[one.destination] == one.text for one in got)
            return len(got)

        await until(lambda: right() >= 100)
        begins = Counter(text.split()[0] for text in said.values() if text)
        assert begins["Hello"] > 3000
        assert begins["Bom"] > 6000
        await running.end()


async def test_one_content_for_many_in_the_language_of_each_country(tmp_path: Path) -> None:
    settings = BankSettings(modems=1, part_seconds=0.005, receipt_seconds=0.05)
    async with (
        Bank(settings, directory=tmp_path / "bank") as bank,
        daemon(write_config(tmp_path, bank.paths)) as running,
        Client(running.url, running.key) as client,
    ):
        await until_ready(running.url)
        await client.create_template("ready", variants=VARIANTS, parameters=PARAMETERS)
        to = ["+447700900001", "+5511961234567", "nobody", "+447700900002"]
        batch = await client.send_batch(
            to=to, template="ready", params={"name": "Ann", "order": "1"}
        )
        assert (batch.accepted, [item.index for item in batch.rejected]) == (3, [2])
        await until(lambda: len(bank.smsc.messages) == 3)
        assert {one.destination: str(one.text).split()[0] for one in bank.smsc.messages} == {
            to[0]: "Hello", to[1]: "Bom", to[3]: "Hello",
        }  # fmt: skip
        await running.end()


async def test_every_call_of_the_clients(tmp_path: Path) -> None:
    async with daemon(write_config(tmp_path, [])) as running:

        def calls() -> None:
            with SyncClient(running.url, running.key) as client:
                made = client.create_template("t", variants=VARIANTS, parameters=PARAMETERS)
                assert (made.version, made.variants[1].region) == (1, "BR")
                assert client.templates() == [made]
                assert client.template("t") == made
                changed = client.put_template(
                    "t", if_version=1, variants=VARIANTS[:1], parameters=PARAMETERS
                )
                assert changed.version == 2
                assert client.template("t", 1).variants == made.variants
                assert [one.version for one in client.template_versions("t")] == [2, 1]
                seen = client.preview_template("t", {"name": "Ann", "order": "1"}, language="en")
                assert (seen.parts, seen.text) == (1, "Hello Ann, order 1 is ready")
                client.delete_template("t", if_version=2)
                assert client.templates() == []
                assert client.template_versions("t")[0].deleted

        await asyncio.to_thread(calls)
