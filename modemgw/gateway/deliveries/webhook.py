"""A webhook: the message as JSON, POSTed to one address and to no other."""

from __future__ import annotations

import aiohttp

from modemgw.gateway.deliveries.names import Names
from modemgw.gateway.deliveries.outcome import Never, Outcome, Retry, Taken
from modemgw.gateway.deliveries.payload import document
from modemgw.gateway.deliveries.post import beginning
from modemgw.store import Answer, Payload

WORTH_ANOTHER_TRY = frozenset({408, 425, 429})
"""Client errors that say "later"; any other says that the same request will be refused again."""


class Webhook:
    """Posts to `url`; an answer of 2xx takes the message.

    Redirects are not followed: the message belongs to whom the configuration names, and a POST that
    a redirect turns into a GET has delivered nothing.
    """

    def __init__(self, url: str, at_once: int) -> None:
        self._url = url
        self._names = Names(at_once)
        self._http: aiohttp.ClientSession | None = None

    async def deliver(self, payload: Payload) -> Outcome:
        """See Kind."""
        try:
            async with self._session().post(
                self._url, json=document(payload), allow_redirects=False
            ) as answer:
                said = Answer(answer.status, await beginning(answer))
        except (aiohttp.ClientConnectionError, OSError) as error:
            return Retry(str(error) or type(error).__name__)
        except (aiohttp.ClientError, ValueError) as error:
            return Retry(f"it cannot be posted to: {type(error).__name__}", str(error))
        status = said.http_status
        if 200 <= status < 300:
            return Taken(answer=said)
        problem = f"it answered HTTP {status}"
        if 300 <= status < 400:
            return Retry(f"{problem}; redirects are not followed", answer=said)
        if 400 <= status < 500 and status not in WORTH_ANOTHER_TRY:
            return Never(problem, answer=said)
        return Retry(problem, answer=said)

    async def close(self) -> None:
        """See Kind."""
        if self._http is not None:
            await self._http.close()
        await self._names.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=self._names),
                timeout=aiohttp.ClientTimeout(total=None),  # who delivers has a time limit
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # a few octets may stand for a great many
            )
        return self._http
