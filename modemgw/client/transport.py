"""One connection to the API: requests that are tried again where that is safe, and pages."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote
from uuid import uuid4

import aiohttp

from modemgw.client.answers import Problem
from modemgw.client.errors import ClientError, UnexpectedAnswer, Unreachable, Untrusted, error_of
from modemgw.client.retry import Retry
from modemgw.clock import Clock, SystemClock

DEFAULT_URL: Final = "http://127.0.0.1:8080"
_READ_BUFFER: Final = 1 << 20

_UNSENT: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
)
"""Raised before anything of a request goes out."""

T = TypeVar("T")


def segment(name: str) -> str:
    """A name as one part of a path, whatever is in it."""
    return quote(name, safe="")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came for a request."""

    document: Any
    headers: Mapping[str, str]


class Transport:
    """The HTTP API at `base_url`: http(s)://HOST:PORT, or unix:/path/of/the/socket.

    `timeout_s` is how long one try of a call may take, `retry` what becomes of one that failed.
    For https, `ca_file` names the certificates to trust (PEM), or `ssl` is a whole context, or the
    fingerprint of the one certificate that is right; without both it is the system's
    ($SSL_CERT_FILE).
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        key: str | None = None,
        *,
        timeout_s: float = 30.0,
        retry: Retry | None = None,
        ca_file: str | Path | None = None,
        ssl: ssl.SSLContext | aiohttp.Fingerprint | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        self.base_url = base_url
        self._key = key
        self._timeout_s = timeout_s
        self._retry = retry or Retry()
        self._ca_file = ca_file
        self._ssl = ssl
        self._clock = clock or SystemClock()
        self._random = random or Random()  # noqa: S311 - spreads pauses, keeps no secret
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector: aiohttp.BaseConnector
        if self.base_url.startswith("unix:"):
            connector, origin = aiohttp.UnixConnector(self.base_url[5:]), "http://modemgw/"
        else:
            connector = aiohttp.TCPConnector(ssl=self._trusted())
            origin = self.base_url.rstrip("/") + "/"
        headers = {} if self._key is None else {"Authorization": f"Bearer {self._key}"}
        self._session = aiohttp.ClientSession(
            origin,
            connector=connector,
            headers=headers,
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

    def _trusted(self) -> ssl.SSLContext | aiohttp.Fingerprint | bool:
        if self._ssl is not None:
            return self._ssl
        if self._ca_file is not None:
            return ssl.create_default_context(cafile=self._ca_file)
        return True

    async def _get(self, path: str, **query: Any) -> Any:
        """The document at a path."""
        return (await self._request("GET", path, query=query, repeatable=True)).document

    async def _create(
        self,
        path: str,
        body: Any,
        idempotency_key: str | None = None,
        *,
        retry: Retry | None = None,
    ) -> Any:
        """POST what creates something: with an Idempotency-Key, so that it is safe to repeat."""
        headers = idempotent(idempotency_key)
        return (
            await self._request(
                "POST", path, body=body, headers=headers, repeatable=True, retry=retry
            )
        ).document

    async def _post(self, path: str, body: Any = None, *, repeatable: bool = False) -> Any:
        """POST what does something."""
        return (await self._request("POST", path, body=body, repeatable=repeatable)).document

    async def _pages(
        self, path: str, query: Mapping[str, Any], make: Callable[[Any], T]
    ) -> AsyncIterator[T]:
        """The items of a list, page by page as they are wanted."""
        asked = dict(query)
        while True:
            page = await self._get(path, **asked)
            for item in page["items"]:
                yield make(item)
            if page["next_cursor"] is None:
                return
            asked["cursor"] = page["next_cursor"]

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        text: tuple[bytes, str] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        timeout_s: float | None = None,
        retry: Retry | None = None,
    ) -> Reply:
        """A request, tried again as `retry` has it. `repeatable`: doing it twice does it once.

        `text` is a body that is no JSON, and its media type.
        """
        retry = retry or self._retry
        options: dict[str, Any] = {
            "params": {k: str(v) for k, v in (query or {}).items() if v is not None},
            "headers": headers,
            "timeout": aiohttp.ClientTimeout(total=timeout_s or self._timeout_s),
        }
        if body is not None:
            options["json"] = body
        if text is not None:
            options["data"] = text[0]
            options["headers"] = {**(headers or {}), "Content-Type": text[1]}
        failures = 0
        while True:
            try:
                return await self._once(method, path, options)
            except ClientError as error:
                failures += 1
                pause_s = retry.pause_s(error, failures, self._random, repeatable=repeatable)
                if pause_s is None:
                    raise
            await self._clock.sleep(pause_s)

    async def _download(self, path: str) -> AsyncGenerator[bytes, None]:
        """What lies at a path and is no JSON, part by part. It is not tried again."""
        timeout = aiohttp.ClientTimeout(total=None, sock_read=self._timeout_s)
        try:
            async with self._open().get(path, timeout=timeout) as answer:
                if answer.status != 200:
                    raise await refusal(answer)
                async for part in answer.content.iter_any():
                    yield part
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    async def _once(self, method: str, path: str, options: dict[str, Any]) -> Reply:
        try:
            async with self._open().request(method, path, **options) as answer:
                if answer.status >= 400:
                    raise await refusal(answer)
                if answer.status == 204:
                    return Reply(None, answer.headers)
                try:
                    document = await answer.json(content_type=None)
                except ValueError:
                    document = None
                if not isinstance(document, dict):
                    raise UnexpectedAnswer(
                        f"{self.base_url} answers {answer.content_type} and no JSON object: "
                        "is it modemgw?"
                    )
                return Reply(document, answer.headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use `async with Client(…) as client:`")
        return self._session

    def _unreachable(self, error: Exception) -> Unreachable:
        kind = Unreachable
        match error:
            case TimeoutError():
                why = "no answer in time"
            case aiohttp.ClientConnectorCertificateError():
                kind = Untrusted
                found = error.certificate_error
                why = f"its certificate is not trusted: {getattr(found, 'verify_message', found)}"
            case aiohttp.ServerFingerprintMismatch():
                kind = Untrusted
                why = "it shows another certificate than the one that is configured"
            case aiohttp.ClientConnectorSSLError():
                why = f"no TLS there, or none that is safe ({error.os_error.strerror}); http:// ?"
            case aiohttp.ClientConnectorError():
                number = error.os_error.errno
                why = os.strerror(number) if number and number > 0 else str(error.os_error)
            case _:
                why = str(error) or type(error).__name__
        return kind(
            f"no answer from modemgw at {self.base_url}: {why}", unsent=isinstance(error, _UNSENT)
        )


def idempotent(key: str | None) -> dict[str, str]:
    """The header that lets a request be repeated; without a key of the caller's one is made up."""
    return {"Idempotency-Key": key or f"client-{uuid4().hex}"}


async def refusal(answer: aiohttp.ClientResponse) -> ClientError:
    """What an answer with an error status says, also if something in between made it."""
    problem: dict[str, Any] = {
        "title": answer.reason or "",
        "detail": f"HTTP {answer.status} {answer.reason or ''}".strip(),
    }
    try:
        document = await answer.json(content_type=None)
        if isinstance(document, dict) and isinstance(document.get("detail"), str):
            problem = document
    except ValueError:
        pass
    after = answer.headers.get("Retry-After", "").strip()
    return error_of(
        Problem(problem | {"status": answer.status}),
        float(after) if after.isascii() and after.isdecimal() else None,
    )
