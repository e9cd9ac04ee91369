"""A bank of another process, by its control socket: one JSON object a line, each way.

Request: `{"do": "inject", "sender": "+15550001234", …}`; answer: `{"result": …}` or
`{"error": "what is wrong"}`. Requests of one connection are answered in their order.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from modemgw.virtual.bank import Bank
from modemgw.virtual.errors import CommandError
from modemgw.virtual.faults import INJECTABLE
from modemgw.virtual.modem import VirtualModem
from modemgw.virtual.port import PortError
from modemgw.virtual.traffic import AcceptedPart, Message

_log = logging.getLogger(__name__)

SOCKET_NAME = "control.sock"
_LINE_LIMIT = 1 << 24


class ControlError(Exception):
    """The bank refused a request, or does not answer. The text says why."""


class ControlServer:
    """Serves `control.sock` in the bank's directory while the context lasts."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self.path = bank.directory / SOCKET_NAME
        self._connections: set[asyncio.Task[None]] = set()
        self._verbs: dict[str, Callable[..., Awaitable[Any]]] = {
            "status": self._status,
            "accepted": self._accepted,
            "messages": self._messages,
            "wait": self._wait,
            "inject": self._inject,
            "broadcast": self._broadcast,
            "clear": self._clear,
            "fault": self._fault,
            "swap_sims": self._swap_sims,
            "insert_sim": self._insert_sim,
        }

    async def __aenter__(self) -> ControlServer:
        self.path.unlink(missing_ok=True)
        try:
            self._server = await asyncio.start_unix_server(
                self._serve, self.path, limit=_LINE_LIMIT
            )
        except OSError as error:
            raise PortError(f"cannot make the control socket {self.path}: {error}") from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError) as error:
            _log.debug("control connection ended: %s", error)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            if not isinstance(request, dict) or not isinstance(request.get("do"), str):
                raise ControlError('a request is an object with "do" in it')
            verb = self._verbs.get(request.pop("do"))
            if verb is None:
                raise ControlError(f"there are {', '.join(sorted(self._verbs))}")
            return {"result": await verb(**request)}
        except ControlError as error:
            return {"error": str(error)}
        except CommandError as error:
            return {"error": f"the modem says {str(error) or 'ERROR'}"}
        except (ValueError, TypeError, ArithmeticError, OSError, LookupError) as error:
            return {"error": f"{type(error).__name__}: {error}"}

    # verbs

    async def _status(self) -> dict[str, Any]:
        bank = self._bank
        return {
            "accepted": bank.smsc.accepted_count,
            "messages": len(bank.smsc.messages),
            "modems": [
                _modem_status(modem, str(path), device)
                for modem, path, device in zip(bank.modems, bank.paths, bank.devices, strict=True)
            ],
        }

    async def _accepted(self, since: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        smsc = self._bank.smsc
        forgotten = smsc.accepted_count - len(smsc.accepted)
        start = max(0, since - forgotten)
        return [_part(part) for part in smsc.accepted[start : start + limit]]

    async def _messages(self, since: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        return [_message(m) for m in self._bank.smsc.messages[since : since + limit]]

    async def _wait(self, count: int, seconds: float = 10.0) -> int:
        try:
            await self._bank.smsc.wait_accepted(count, seconds)
        except TimeoutError:
            have = self._bank.smsc.accepted_count
            raise ControlError(f"{have} of {count} parts after {seconds} s") from None
        return self._bank.smsc.accepted_count

    async def _inject(
        self, sender: str, to: str, text: str | None = None, data: str | None = None, **how: Any
    ) -> int:
        try:
            octets = None if data is None else base64.b64decode(data, validate=True)
        except binascii.Error as error:
            raise ControlError(f"data is not base64: {error}") from error
        return self._bank.smsc.inject(sender, to, text, data=octets, **how)

    async def _broadcast(self, channel: int, text: str, **how: Any) -> None:
        self._bank.broadcast(channel, text, **how)

    async def _clear(self) -> None:
        self._bank.smsc.clear()

    async def _fault(self, modem: int, name: str, **how: Any) -> None:
        if name not in INJECTABLE:
            raise ControlError(f"no fault {name!r}; there are {', '.join(INJECTABLE)}")
        getattr(self._modem(modem).faults, name)(**how)

    async def _swap_sims(self, first: int, second: int) -> None:
        self._bank.swap_sims(self._modem(first), self._modem(second))

    async def _insert_sim(self, modem: int, number: str | None = None) -> str:
        return self._bank.insert_new_sim(self._modem(modem), number).iccid

    def _modem(self, index: int) -> VirtualModem:
        modems = self._bank.modems
        if not 0 <= index < len(modems):
            raise ControlError(f"no modem {index}; there are 0 to {len(modems) - 1}")
        return modems[index]


def _modem_status(modem: VirtualModem, path: str, device: str) -> dict[str, Any]:
    return {
        "index": modem.index,
        "path": path,
        "device": device,
        "personality": modem.personality.name,
        "imei": modem.imei,
        "iccid": modem.iccid,
        "number": modem.number,
        "on": modem.power.on,
        "sms_ready": modem.power.sms_ready,
        "boots": modem.power.boots,
        "registration": modem.radio.coverage.value if modem.radio.registered else "none",
        "pin": modem.sim.pin_state.value if modem.sim else None,
        "busy_seconds": modem.busy_seconds,
        "stored": len(modem.sim.store) if modem.sim else 0,
        "waiting": modem.body.smsc.waiting_for(modem.sim) if modem.sim else 0,
        "cnmi": modem.line.parameters["+CNMI"],
        "calls": [
            {"number": call.number, "ended": call.ended and call.ended.value}
            for call in modem.body.calls.ended
        ],
    }


def _part(part: AcceptedPart) -> dict[str, Any]:
    concatenation = part.concatenation
    return {
        "at": part.at,
        "wall_at": part.wall_at,
        "modem_index": part.modem_index,
        "iccid": part.iccid,
        "sender": part.sender,
        "destination": part.destination,
        "tpdu": part.tpdu.hex(),
        "reference": part.reference,
        "text": part.text,
        "data": base64.b64encode(part.data).decode() if part.text is None else None,
        "part": concatenation.sequence if concatenation else 1,
        "parts": concatenation.total if concatenation else 1,
    }


def _message(message: Message) -> dict[str, Any]:
    data = message.data
    return {
        "sender": message.sender,
        "destination": message.destination,
        "text": message.text,
        "data": None if data is None else base64.b64encode(data).decode(),
        "alphabet": message.alphabet.value,
        "complete": message.complete,
        "parts": len(message.parts),
        "at": message.at,
    }


class ControlClient:
    """`async with ControlClient(directory) as bank:` speaks to the bank that runs there."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / SOCKET_NAME

    async def __aenter__(self) -> ControlClient:
        try:
            self._reader, self._writer = await asyncio.open_unix_connection(
                self._path, limit=_LINE_LIMIT
            )
        except OSError as error:
            raise ControlError(
                f"no virtual bank answers at {self._path}: {error.strerror or error}"
            ) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def call(self, do: str, **arguments: Any) -> Any:
        """Any verb with its arguments; `ControlError` when the bank refuses."""
        self._writer.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        line = await self._reader.readline()
        if not line:
            raise ControlError("the bank has gone")
        answer = json.loads(line)
        if "error" in answer:
            raise ControlError(answer["error"])
        return answer["result"]

    async def status(self) -> dict[str, Any]:
        """Counts, and a line for each modem."""
        result: dict[str, Any] = await self.call("status")
        return result

    async def accepted(self, since: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        """Parts that were accepted, from number `since` on."""
        result: list[dict[str, Any]] = await self.call("accepted", since=since, limit=limit)
        return result

    async def messages(self, since: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        """Messages as their recipients read them."""
        result: list[dict[str, Any]] = await self.call("messages", since=since, limit=limit)
        return result

    async def wait_accepted(self, count: int, seconds: float = 10.0) -> int:
        """Wait until `count` parts were accepted since the bank began."""
        result: int = await self.call("wait", count=count, seconds=seconds)
        return result

    async def inject(
        self,
        sender: str,
        to: str,
        text: str | None = None,
        *,
        data: bytes | None = None,
        **how: Any,
    ) -> int:
        """An SMS from outside to a virtual SIM; its number of parts."""
        encoded = None if data is None else base64.b64encode(data).decode()
        result: int = await self.call(
            "inject", sender=sender, to=to, text=text, data=encoded, **how
        )
        return result

    async def broadcast(self, channel: int, text: str, **how: Any) -> None:
        """Have the cell say something on a channel."""
        await self.call("broadcast", channel=channel, text=text, **how)

    async def clear(self) -> None:
        """Forget what was accepted."""
        await self.call("clear")

    async def fault(self, modem: int, name: str, **how: Any) -> None:
        """Inject a fault: a method of `Faults` and its arguments."""
        await self.call("fault", modem=modem, name=name, **how)

    async def swap_sims(self, first: int, second: int) -> None:
        """Exchange the SIMs of two modems."""
        await self.call("swap_sims", first=first, second=second)

    async def insert_sim(self, modem: int, number: str | None = None) -> str:
        """Put a new SIM in; its ICCID."""
        result: str = await self.call("insert_sim", modem=modem, number=number)
        return result
