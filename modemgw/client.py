"""An asynchronous client of the HTTP API.

    async with Client("http://127.0.0.1:8080", key) as client:
        message = await client.send("+447700900001", "Hello")
        message = await client.wait(message["id"])

Answers are the typed dictionaries of `modemgw.api.answers`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Literal, TypedDict, Unpack

import aiohttp

from modemgw.api import answers

DEFAULT_URL: Final = "http://127.0.0.1:8080"
FINAL: Final = frozenset({"delivered", "undelivered", "failed", "expired", "canceled", "unknown"})
"""Statuses that do not change by themselves any more."""

_RECONNECT_S: Final = 1.0
_BUSY: Final = frozenset({429, 503})
_POLL_S: Final = 2.0
_PATIENCE_S: Final = 30.0
_READ_BUFFER: Final = 1 << 20


class ApiError(Exception):
    """The gateway answered with an error. `problem` is what it said (RFC 9457)."""

    def __init__(self, problem: answers.Problem) -> None:
        super().__init__(problem["detail"] or problem["title"])
        self.problem = problem
        self.status = problem["status"]


class Unreachable(Exception):
    """There was no answer: no gateway there, or the connection was lost."""


class SendOptions(TypedDict, total=False):
    """What may be said about a message beside its recipient and content."""

    ports: answers.Ports
    type: Literal["otp", "transactional", "promotional"]
    route: str
    modem: str
    encoding: Literal["auto", "gsm7", "ucs2", "binary"]
    transliterate: bool
    message_class: int
    validity: int
    """Seconds."""
    send_at: datetime | str
    receipt: bool
    reference: str
    callback_url: str
    max_parts: int
    tags: Sequence[str]


def is_final(message: answers.Message) -> bool:
    """Whether the message's status will not change by itself any more."""
    return message["status"] in FINAL or (message["status"] == "sent" and not message["receipt"])


def message_body(
    text: str | None = None, data: bytes | None = None, **options: Unpack[SendOptions]
) -> dict[str, Any]:
    """The JSON body for a message, less its recipient."""
    body: dict[str, Any] = {k: v for k, v in options.items() if v is not None}
    if "message_class" in body:
        body["class"] = body.pop("message_class")
    if isinstance(when := body.get("send_at"), datetime):
        if when.tzinfo is None:
            raise ValueError("send_at must have a time zone")
        body["send_at"] = when.isoformat()
    if text is not None:
        body["text"] = text
    if data is not None:
        body["data"] = base64.b64encode(data).decode("ascii")
    return body


class Client:
    """The HTTP API at `base_url`: http://HOST:PORT, or unix:/path/of/the/socket.

    Every method raises ApiError for an answer that is an error, and Unreachable for none.
    """

    def __init__(
        self, base_url: str = DEFAULT_URL, key: str | None = None, *, timeout_s: float = 30.0
    ) -> None:
        self.base_url = base_url
        self._key = key
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Client:
        connector: aiohttp.BaseConnector
        if self.base_url.startswith("unix:"):
            connector, origin = aiohttp.UnixConnector(self.base_url[5:]), "http://modemgw/"
        else:
            connector, origin = aiohttp.TCPConnector(), self.base_url.rstrip("/") + "/"
        headers = {} if self._key is None else {"Authorization": f"Bearer {self._key}"}
        self._session = aiohttp.ClientSession(
            origin,
            connector=connector,
            headers=headers,
            timeout=self._timeout,
            read_bufsize=_READ_BUFFER,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self,
        to: str,
        text: str | None = None,
        *,
        data: bytes | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[SendOptions],
    ) -> answers.Message:
        """Have a message sent; returns as soon as the gateway has promised to."""
        body = {"to": to, **message_body(text, data, **options)}
        answer: answers.Message = await self._post("v1/messages", body, idempotency_key)
        return answer

    async def send_batch(
        self,
        messages: Sequence[Mapping[str, Any]] | None = None,
        *,
        to: Sequence[str] | None = None,
        text: str | None = None,
        data: bytes | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[SendOptions],
    ) -> answers.AcceptedBatch:
        """Many messages (bodies as of POST /v1/messages), or one content to many recipients."""
        body: dict[str, Any] = message_body(text, data, **options)
        if messages is not None:
            body["messages"] = list(messages)
        if to is not None:
            body["to"] = list(to)
        answer: answers.AcceptedBatch = await self._post("v1/batches", body, idempotency_key)
        return answer

    async def batch(self, identifier: str) -> answers.Batch:
        """How far the messages of a batch came."""
        answer: answers.Batch = await self._get(f"v1/batches/{identifier}")
        return answer

    async def preview(
        self,
        to: str,
        text: str | None = None,
        *,
        data: bytes | None = None,
        **options: Unpack[SendOptions],
    ) -> answers.Preview:
        """How a message would be sent; sends nothing."""
        body = {"to": to, **message_body(text, data, **options)}
        answer: answers.Preview = await self._post("v1/preview", body)
        return answer

    async def message(self, identifier: str) -> answers.Message:
        """A message as it stands."""
        answer: answers.Message = await self._get(f"v1/messages/{identifier}")
        return answer

    async def cancel(self, identifier: str) -> answers.Message:
        """Cancel a message of which nothing can have gone out."""
        answer: answers.Message = await self._request("DELETE", f"v1/messages/{identifier}")
        return answer

    def messages(self, **filters: str | int | None) -> AsyncIterator[answers.Message]:
        """The messages, newest first, page by page. Filters: status, to, type, since, until."""
        return self._pages("v1/messages", filters)

    async def inbound(self, identifier: str) -> answers.Inbound:
        """A received message."""
        answer: answers.Inbound = await self._get(f"v1/inbound/{identifier}")
        return answer

    def inbounds(self, **filters: str | int | None) -> AsyncIterator[answers.Inbound]:
        """The received messages, newest first. Filters: from_, since, until."""
        if "from_" in filters:
            filters["from"] = filters.pop("from_")
        return self._pages("v1/inbound", filters)

    async def handlers(self) -> list[answers.Handler]:
        """Every handler, and how many of its deliveries have not been made."""
        answer: answers.Handlers = await self._get("v1/handlers")
        return answer["items"]

    def deliveries(
        self, handler: str, **filters: str | int | None
    ) -> AsyncIterator[answers.Delivery]:
        """The deliveries of a handler, newest first. Filter: state."""
        return self._pages(f"v1/handlers/{handler}/deliveries", filters)

    async def replay(
        self,
        handler: str,
        deliveries: Sequence[str] | None = None,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        state: Literal["dead", "delivered"] | None = None,
    ) -> int:
        """Have ended deliveries made once more: these, or all of a state (dead) and time.

        Returns how many they are.
        """
        given: dict[str, Any] = {
            "deliveries": None if deliveries is None else list(deliveries),
            "since": since.isoformat() if isinstance(since, datetime) else since,
            "until": until.isoformat() if isinstance(until, datetime) else until,
            "state": state,
        }
        body = {name: value for name, value in given.items() if value is not None}
        answer: answers.Replayed = await self._post(f"v1/handlers/{handler}/replay", body)
        return answer["replayed"]

    async def modems(self) -> list[answers.Modem]:
        """Every modem."""
        answer: answers.Modems = await self._get("v1/modems")
        return answer["items"]

    async def modem(self, identifier: str) -> answers.Modem:
        """One modem."""
        answer: answers.Modem = await self._get(f"v1/modems/{identifier}")
        return answer

    async def control_modem(
        self, identifier: str, verb: Literal["pause", "resume", "restart"]
    ) -> answers.Modem:
        """Pause, resume or restart a modem."""
        answer: answers.Modem = await self._post(f"v1/modems/{identifier}/{verb}")
        return answer

    async def sims(self) -> list[answers.SimCard]:
        """Every SIM that was ever seen, by ICCID."""
        answer: answers.SimCards = await self._get("v1/sims")
        return answer["items"]

    async def sim(self, iccid: str) -> answers.SimCard:
        """One SIM."""
        answer: answers.SimCard = await self._get(f"v1/sims/{iccid}")
        return answer

    async def ussd(self, identifier: str, code: str, *, timeout_s: float = 30.0) -> answers.Ussd:
        """Ask the network by USSD through a modem."""
        body = {"code": code, "timeout_s": timeout_s}
        timeout = aiohttp.ClientTimeout(total=timeout_s + 10)
        answer: answers.Ussd = await self._request(
            "POST", f"v1/modems/{identifier}/ussd", json=body, timeout=timeout
        )
        return answer

    async def end_ussd(self, identifier: str) -> None:
        """End the USSD dialogue of a modem, if there is one."""
        await self._request("DELETE", f"v1/modems/{identifier}/ussd")

    async def trace(self, identifier: str, *, texts: bool = False) -> answers.Trace:
        """The last lines between the gateway and a modem; `texts` shows what was written."""
        path = f"v1/modems/{identifier}/trace" + ("?texts=true" if texts else "")
        answer: answers.Trace = await self._get(path)
        return answer

    def audit(self, **filters: str | int | None) -> AsyncIterator[answers.AuditRecord]:
        """What admins did, newest first, page by page: `key`, `action`, `target`, `since` …"""
        return self._pages("v1/audit", filters)

    async def readiness(self) -> answers.Readiness:
        """Whether a message could be sent now. Needs no key."""
        try:
            answer: answers.Readiness = await self._get("readyz")
        except ApiError as error:
            if error.status != 503:
                raise
            return {"ready": False, "detail": str(error)}
        return answer

    async def wait(
        self,
        identifier: str,
        *,
        until: Callable[[answers.Message], bool] = is_final,
        on_change: Callable[[answers.Message], None] | None = None,
    ) -> answers.Message:
        """Return the message as soon as `until` holds for it; `on_change` sees it on the way.

        Events tell when to look again; without them (a proxy in between, a lost connection) it
        looks every two seconds. A gateway that is started anew is waited for, for 30 seconds. Put
        `asyncio.timeout` around it to wait no longer than that.
        """
        changed = asyncio.Event()
        listener = asyncio.create_task(self._nudge(identifier, changed))
        seen: answers.Message | None = None
        answered = 0.0
        try:
            while True:
                changed.clear()
                try:
                    message = await self.message(identifier)
                except Unreachable:
                    if seen is None or time.monotonic() - answered > _PATIENCE_S:
                        raise
                else:
                    answered = time.monotonic()
                    if on_change is not None and message != seen:
                        on_change(message)
                    if until(message):
                        return message
                    seen = message
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_S):
                        await changed.wait()
        finally:
            listener.cancel()
            await asyncio.wait([listener])

    async def _nudge(self, identifier: str, changed: asyncio.Event) -> None:
        with suppress(ApiError, Unreachable):
            async with aclosing(self.events()) as events:
                async for event in events:
                    if event["data"].get("id") == identifier:
                        changed.set()

    async def events(self, after: int | None = None) -> AsyncGenerator[answers.Event, None]:
        """What happens, after the event `after` or from now on, without end.

        A lost connection is made again and goes on where it was lost, also where there is no place
        for it at first; Unreachable, or ApiError for a busy gateway, is raised only while no event
        is known after which to go on. Who leaves early closes it:
        `async with contextlib.aclosing(client.events()) as events`.
        """
        while True:
            try:
                async with aclosing(self._event_stream(after)) as stream:
                    async for event in stream:
                        after = event["id"]
                        yield event
            except Unreachable:
                if after is None:
                    raise
            except ApiError as error:
                if after is None or error.status not in _BUSY:
                    raise
            await asyncio.sleep(_RECONNECT_S)

    async def _event_stream(self, after: int | None) -> AsyncGenerator[answers.Event, None]:
        query = {} if after is None else {"after": str(after)}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
        try:
            async with self._open().get("v1/events", params=query, timeout=timeout) as answer:
                if answer.status != 200:
                    raise await _error(answer)
                data: list[str] = []
                async for line in answer.content:
                    field, _, value = line.decode().rstrip("\r\n").partition(":")
                    if field == "data":
                        data.append(value.removeprefix(" "))
                    elif not field and data:
                        yield json.loads("\n".join(data))
                        data = []
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    async def _pages(
        self, path: str, filters: Mapping[str, str | int | None]
    ) -> AsyncIterator[Any]:
        query = {name: str(value) for name, value in filters.items() if value is not None}
        while True:
            page = await self._request("GET", path, params=query)
            for item in page["items"]:
                yield item
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    async def _get(self, path: str) -> Any:
        return await self._request("GET", path)

    async def _post(self, path: str, body: Any = None, idempotency_key: str | None = None) -> Any:
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return await self._request("POST", path, json=body, headers=headers)

    async def _request(self, method: str, path: str, **options: Any) -> Any:
        try:
            async with self._open().request(method, path, **options) as answer:
                if answer.status >= 400:
                    raise await _error(answer)
                return None if answer.status == 204 else await answer.json()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use `async with Client(…) as client:`")
        return self._session

    def _unreachable(self, error: Exception) -> Unreachable:
        match error:
            case TimeoutError():
                why = "no answer in time"
            case aiohttp.ClientConnectorError():
                number = error.os_error.errno
                why = os.strerror(number) if number else str(error.os_error)
            case _:
                why = str(error) or type(error).__name__
        return Unreachable(f"no answer from modemgw at {self.base_url}: {why}")


async def _error(answer: aiohttp.ClientResponse) -> ApiError:
    """What an answer with an error status says, also if something in between made it."""
    try:
        problem = await answer.json(content_type=None)
        if isinstance(problem, dict) and isinstance(problem.get("detail"), str):
            return ApiError(
                {"type": "about:blank", "title": "", "status": answer.status, **problem}  # type: ignore[typeddict-item]
            )
    except ValueError:
        pass
    return ApiError(
        {
            "type": "about:blank",
            "title": answer.reason or "",
            "status": answer.status,
            "detail": f"HTTP {answer.status} {answer.reason or ''}".strip(),
        }
    )
