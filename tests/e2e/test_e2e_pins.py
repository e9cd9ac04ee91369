"""A wrong PIN, and a daemon that is started again and again."""

from __future__ import annotations

from pathlib import Path

from labs.bank import bank_of
from labs.gateway import config_of, gateway_on
from labs.waiting import until

from modemgw.config import Config


async def test_a_wrong_pin_is_typed_once_however_often_the_daemon_is_started(
    tmp_path: Path,
) -> None:
    async with bank_of(tmp_path, 2, pin="4711") as bank:
        config = config_of(tmp_path, bank)

        def with_pin(pin: str) -> Config:
            modems = tuple(m.model_copy(update={"pin": pin}) for m in config.modem)
            return config.model_copy(update={"modem": modems})

        for _ in range(4):
            async with gateway_on(with_pin("0000")) as gateway:

                async def refused() -> bool:
                    return all("refused" in (m.status.reason or "") for m in gateway.modems.views())

                await until(refused, 10, "all say that the PIN was refused")
            assert [m.body.slot.inserted().pin_tries for m in bank.modems] == [2, 2]
        async with gateway_on(with_pin("4711")) as gateway:

            async def ready() -> bool:
                return all(m.status.state == "ready" for m in gateway.modems.views())

            await until(ready, 10, "all are ready with the right PIN")
        assert b"4711" not in (tmp_path / "data" / "modemgw.db").read_bytes()
