"""`modemgw alerts`, beside a daemon whose modem is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from labs.daemon import daemon, write_config
from labs.waiting import until

pytestmark = pytest.mark.e2e

SOON = '[[alert]]\nid = "modem-down"\nfor = 0\n'


async def test_alerts_are_listed_and_silenced(tmp_path: Path) -> None:
    async with daemon(write_config(tmp_path, [tmp_path / "nothing"], extra=SOON)) as running:
        code, out, _ = await running.cli("alerts", "list", "--state", "cleared")
        assert (code, out.strip()) == (0, "No alert.")
        found: list[dict[str, str]] = []

        async def raised() -> bool:
            asked = ("alerts", "list", "--state", "raised", "--alert", "modem-down", "--json")
            code, out, _ = await running.cli(*asked)
            assert code == 0
            found[:] = json.loads(out)
            return bool(found)

        await until(raised, 30)
        (alert,) = found
        assert (alert["subject"], alert["cleared_at"]) == ("m1", None)
        code, table, _ = await running.cli("alerts", "list", "--subject", "m1")
        assert code == 0
        assert alert["id"] in table
        assert "modem-down" in table
        code, out, _ = await running.cli("alerts", "silence", alert["id"], "600")
        assert code == 0
        assert out.startswith("nobody is notified of modem-down about m1 until ")
        code, out, _ = await running.cli("alerts", "silence", alert["id"], "--json")
        assert code == 0
        assert json.loads(out)["silenced_until"] is not None
        code, out, _ = await running.cli("alerts", "silence", alert["id"], "0")
        assert out == "people are notified of modem-down about m1\n"
        code, _, err = await running.cli("alerts", "silence", "alr_9", "60")
        assert code == 1
        assert "there is no alert" in err
