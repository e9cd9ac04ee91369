"""What happens: events as they come, over lost connections too."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import aiohttp

from modemgw.client.answers import Event
from modemgw.client.errors import ApiError, UnexpectedAnswer, Unreachable
from modemgw.client.retry import is_worth_it
from modemgw.client.stream import StreamReader
from modemgw.client.transport import Transport, refusal

_SILENCE_S = 60
"""The gateway gives a sign of life every 15 seconds."""
_CONNECT_S = 10


class Happenings(Transport):
    """Calls about events."""

    async def events(
        self,
        after: int | None = None,
        *,
        types: str | Sequence[str] | None = None,
        reference: str | None = None,
    ) -> AsyncGenerator[Event, None]:
        """What happens, after the event `after` or from now on, without end.

        `types`: only these, such as `["message.*", "inbound.received"]`; `reference`: only what is
        told of messages with it. A lost connection is made again and goes on where it was lost,
        also where there is no place for it at first; Unreachable, or ApiError for a busy gateway,
        is raised only while no place is known to go on from. Who leaves early closes it:
        `async with contextlib.aclosing(client.events()) as events`.
        """
        query = {}
        if types is not None:
            query["types"] = types if isinstance(types, str) else ",".join(types)
        if reference is not None:
            query["reference"] = reference
        reader = StreamReader(after)
        failures = 0
        while True:
            try:
                async with aclosing(self._stream(reader, query)) as stream:
                    async for event in stream:
                        failures = 0
                        if event is not None:
                            yield event
            except (Unreachable, ApiError) as error:
                if reader.place is None or not is_worth_it(error, repeatable=True):
                    raise
            failures += 1
            await self._clock.sleep(self._retry.growing_s(failures, self._random))

    async def _stream(
        self, reader: StreamReader, query: dict[str, str]
    ) -> AsyncGenerator[Event | None, None]:
        """The events of one connection; None first, once it is made."""
        place = {} if reader.place is None else {"after": str(reader.place)}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S)
        reader.begin()
        try:
            async with self._open().get(
                "v1/events", params=query | place, timeout=timeout
            ) as answer:
                if answer.status != 200:
                    raise await refusal(answer)
                yield None
                async for line in answer.content:
                    event = reader.feed(line)
                    if event is not None:
                        yield Event(event)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from error
        except ValueError as error:
            raise UnexpectedAnswer(f"{self.base_url} sends no events: {error}") from error
