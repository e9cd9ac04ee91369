"""A signed request to somebody's server, and what is made of its answer.

Nothing that a server does can cost more than a delivery's time and some kilobytes: redirects are
not followed, an answer is read up to a bound, cookies are not kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
from collections.abc import Awaitable, Callable, Mapping, Sequence

import aiohttp

import modemgw
from modemgw.clock import Clock
from modemgw.gateway.deliveries.as_told import as_told
from modemgw.gateway.deliveries.outcome import GONE, REFUSED, Never, Outcome, Retry, Taken
from modemgw.gateway.deliveries.payload import Tell
from modemgw.gateway.deliveries.signing import signed
from modemgw.gateway.deliveries.targets import Guard, Refused
from modemgw.store import Answer, Payload

CONNECT_S = 10.0
"""How long a connection may take; who delivers limits the whole."""
KEPT = 1024
"""Octets of an answer that are kept …"""
READ = 65536
"""… and that are read, so that the connection can be used again; of more it is closed."""
LONGEST_REST_S = 3600.0
"""A server that wants to be left alone for longer is asked again after this all the same."""
FOR_THE_MOMENT = frozenset({408, 409, 423, 425, 429})
"""Client errors that say "not now"; any other says what is wrong with the request."""
NO_CONNECTION = "no-connection"
"""The code of what nobody has answered."""
ASKS_FOR_REST = frozenset({429, 503})

Secrets = Callable[[Payload], Awaitable[Sequence[str]]]
"""What signs a delivery just now."""


class Post:
    """Posts what `tell` makes of a delivery; an answer of 2xx takes it."""

    def __init__(
        self,
        url_of: Callable[[Payload], str],
        secrets: Secrets,
        *,
        tell: Tell,
        guard: Guard,
        clock: Clock,
    ) -> None:
        self._url_of = url_of
        self._secrets = secrets
        self._tell = tell
        self._guard = guard
        self._clock = clock
        self._http: aiohttp.ClientSession | None = None

    async def deliver(self, payload: Payload) -> Outcome:
        """See Kind."""
        secrets = await self._secrets(payload)
        if not secrets:
            return Never("there is no secret to sign it with any more", code="no-secret")
        body = self._tell(as_told(payload))
        headers = signed(payload.id, self._clock.time(), body, secrets)
        try:
            async with self._session().post(
                self._url_of(payload), data=body, headers=headers, allow_redirects=False
            ) as answer:
                said = Answer(answer.status, await beginning(answer))
                return outcome_of(said, answer.headers, self._clock.time())
        except (aiohttp.ClientConnectionError, OSError) as error:
            return _unreached(error)
        except aiohttp.ClientPayloadError:
            return Retry("it broke off in the middle of its answer", code="no-answer")
        except (aiohttp.ClientError, ValueError) as error:
            return Retry(f"it cannot be posted to: {type(error).__name__}", str(error))

    async def close(self) -> None:
        """See Kind."""
        if self._http is not None:
            await self._http.close()
        await self._guard.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=self._guard.connector(limit=0),  # who delivers counts
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # a few octets may stand for a great many
                headers={
                    "Content-Type": "application/json",
                    "Accept-Encoding": "identity",
                    "User-Agent": f"modemgw/{modemgw.__version__}",
                },
            )
        return self._http


def outcome_of(said: Answer, headers: Mapping[str, str], now: float) -> Outcome:
    """What an answer means. `now`: UTC seconds."""
    status = said.http_status
    if 200 <= status < 300:
        return Taken(answer=said)
    problem = f"it answered HTTP {status}"
    if status == 410:
        return Never(problem, code=GONE, answer=said)
    if 300 <= status < 400:
        return Retry(f"{problem}; redirects are not followed", code=REFUSED, answer=said)
    rest_s = retry_after(headers.get("Retry-After"), now) if status in ASKS_FOR_REST else 0.0
    refused = 400 <= status < 500 and status not in FOR_THE_MOMENT
    return Retry(problem, code=REFUSED if refused else "failed", answer=said, rest_s=rest_s)


def retry_after(field: str | None, now: float) -> float:
    """The seconds that a Retry-After (RFC 9110, 10.2.3) asks for, up to LONGEST_REST_S."""
    if field is None:
        return 0.0
    text = field.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:12]), LONGEST_REST_S)
    with contextlib.suppress(ValueError, OverflowError):
        date = email.utils.parsedate_to_datetime(text)
        return min(max(0.0, date.timestamp() - now), LONGEST_REST_S)
    return 0.0


async def beginning(answer: aiohttp.ClientResponse) -> str:
    """The first of what it says. Closes the connection of one that says too much."""
    kept, read = bytearray(), 0
    async for chunk in answer.content.iter_any():
        kept += chunk[: KEPT - len(kept)]
        read += len(chunk)
        if read > READ:
            answer.close()
            break
    return kept.decode(errors="replace")


def _unreached(error: BaseException) -> Retry:
    """Why there was no answer; without the path of the URL, which may be a secret of its own."""
    if isinstance(error, asyncio.TimeoutError):
        return Retry(f"no connection within {CONNECT_S:g} s", code=NO_CONNECTION)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = f"{error.host} has no certificate that is trusted here"
        return Retry(why, str(error.certificate_error), code=NO_CONNECTION)
    if isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
        if isinstance(cause, Refused):
            return Retry(str(cause.strerror), code=REFUSED)
        return Retry(
            f"no connection to {error.host}: {cause.strerror or cause}", code=NO_CONNECTION
        )
    return Retry(str(error) or type(error).__name__, code=NO_CONNECTION)
