"""What the client tries again, and what it never does: against a server that behaves badly."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest
from labs.clock import START, FakeClock
from labs.hostile import Hostile, answers, breaks_off, closes, hangs, hostile, raves, says

from modemgw.client import (
    NEVER,
    ApiError,
    Client,
    Conflict,
    Forbidden,
    IdempotencyKeyReused,
    InvalidRequest,
    ModemFailed,
    NotFound,
    Retry,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from modemgw.client.errors import PREFIX
from modemgw.client.retry import is_worth_it


def problem(slug: str, status: int, **more: Any) -> dict[str, Any]:
    return {"type": PREFIX + slug, "title": "No", "status": status, "detail": "it is so"} | more


MESSAGE = {"id": "msg_1", "status": "queued", "receipt": True, "to": "+447700900123"}
DELIVERED = MESSAGE | {"status": "delivered"}
OK = answers(202, MESSAGE)
BUSY = answers(503, problem("unavailable", 503))
PROXY = says(502, b"<h1>Bad Gateway</h1>", "text/html")
FORBIDDEN = answers(403, problem("missing-scope", 403))
LIMIT = problem("too-many-messages", 429)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def client_of(server: Hostile, clock: FakeClock, **more: Any) -> Client:
    return Client(server.url, "k", clock=clock, random=Random(7), **{"timeout_s": 5.0} | more)


@pytest.mark.parametrize(
    "trouble",
    [closes, breaks_off, raves, BUSY, PROXY],
    ids=["close", "break", "rave", "503", "502"],
)
async def test_a_message_is_asked_for_once_more_with_the_same_key(trouble, clock):
    async with hostile(trouble, trouble, OK) as server, client_of(server, clock) as client:
        message = await client.send("+447700900123", "hello")
        assert message.id == "msg_1"
        assert len(server.requests) == 3
        keys = {request.headers["idempotency-key"] for request in server.requests}
        assert len(keys) == 1, "made up once for all tries"
        assert len({str(request.body) for request in server.requests}) == 1
        await client.send("+447700900123", "hello")
        assert server.requests[-1].headers["idempotency-key"] not in keys


async def test_a_key_of_the_callers_own_is_kept(clock):
    async with hostile(closes, OK) as server, client_of(server, clock) as client:
        await client.send("+447700900123", "hello", idempotency_key="order-7")
        assert [r.headers["idempotency-key"] for r in server.requests] == ["order-7", "order-7"]


async def test_what_hangs_is_given_up_after_its_time_and_tried_again(clock):
    async with hostile(hangs, OK) as server, client_of(server, clock, timeout_s=0.2) as client:
        assert (await client.message("msg_1")).id == "msg_1"


async def test_retry_after_is_obeyed(clock):
    for status in (429, 503):
        begin = clock.now
        busy = answers(status, problem("x", status), Retry_After="7")
        async with hostile(busy, OK) as server, client_of(server, clock) as client:
            await client.send("+447700900123", "hello")
            assert len(server.requests) == 2
        assert 7.0 <= clock.now - begin <= 7.5


async def test_a_long_retry_after_is_told_at_once(clock):
    async with (
        hostile(answers(429, LIMIT, Retry_After="3600")) as server,
        client_of(server, clock) as client,
    ):
        with pytest.raises(TooManyRequests) as raised:
            await client.send("+447700900123", "hello")
        assert raised.value.retry_after_s == 3600
        assert (len(server.requests), clock.now) == (1, START)


async def test_it_gives_up_after_so_many_tries_and_pauses_longer_each_time(clock):
    async with hostile(closes) as server, client_of(server, clock) as client:
        with pytest.raises(Unreachable, match="no answer from modemgw"):
            await client.message("msg_1")
        assert len(server.requests) >= Retry().tries
        assert 0.25 + 0.5 + 1 <= clock.now - START <= 0.5 + 1 + 2
    async with hostile(BUSY) as server, client_of(server, clock, retry=NEVER) as client:
        with pytest.raises(Unavailable):
            await client.message("msg_1")
        assert len(server.requests) == 1


@pytest.mark.parametrize("trouble", [closes, breaks_off, raves, BUSY, PROXY])
@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.ussd("m1", "*100#"),
        lambda client: client.control_modem("m1", "restart"),
        lambda client: client.replay("h1"),
    ],
)
async def test_what_could_be_done_twice_is_not_repeated(trouble, call, clock):
    async with hostile(trouble, OK) as server, client_of(server, clock) as client:
        with pytest.raises((Unreachable, ApiError)):
            await call(client)
        assert len(server.requests) == 1


async def test_a_cancellation_whose_answer_was_lost_is_found_out(clock):
    late = answers(409, problem("conflict", 409))
    canceled = answers(200, MESSAGE | {"status": "canceled"})
    for found, kind in ((canceled, None), (OK, Conflict), (FORBIDDEN, Conflict)):
        async with hostile(BUSY, late, found) as server, client_of(server, clock) as client:
            if kind is None:
                assert (await client.cancel("msg_1")).status == "canceled"
            else:
                with pytest.raises(kind):
                    await client.cancel("msg_1")
            assert [r.method for r in server.requests] == ["DELETE", "DELETE", "GET"]


async def test_what_was_refused_by_a_limit_was_not_done(clock):
    limited = answers(429, LIMIT, Retry_After="1")
    done = answers(200, {"text": "Balance: 3.50", "more": False})
    async with hostile(limited, done) as server, client_of(server, clock) as client:
        assert (await client.ussd("m1", "*100#")).text == "Balance: 3.50"


async def test_where_nobody_listens_anything_may_be_tried_again(clock):
    async with Client("http://127.0.0.1:1", "k", clock=clock) as client:
        with pytest.raises(Unreachable) as raised:
            await client.ussd("m1", "*100#")
        assert raised.value.unsent
        assert clock.now > START


@pytest.mark.parametrize(
    ("status", "slug", "kind"),
    [
        (400, "bad-request", InvalidRequest),
        (401, "unauthorized", Unauthorized),
        (403, "missing-scope", Forbidden),
        (404, "not-found", NotFound),
        (409, "conflict", Conflict),
        (413, "too-large", InvalidRequest),
        (422, "invalid-fields", InvalidRequest),
        (422, "idempotency-key-reused", IdempotencyKeyReused),
        (429, "too-many-messages", TooManyRequests),
        (500, "internal-error", ApiError),
        (502, "modem-error", ModemFailed),
        (503, "unavailable", Unavailable),
        (418, "teapot", ApiError),
    ],
)
async def test_each_problem_has_its_exception(status, slug, kind, clock):
    document = problem(
        slug, status, errors=[{"field": "to", "detail": "is no number", "code": "invalid-number"}]
    )
    async with (
        hostile(answers(status, document)) as server,
        client_of(server, clock, retry=NEVER) as client,
    ):
        with pytest.raises(kind, match="it is so") as raised:
            await client.send("nobody", "hello")
        error = raised.value
        assert type(error) is kind
        assert (error.status, error.type, error.title, error.detail) == (
            status, slug, "No", "it is so",
        )  # fmt: skip
        assert error.fields == {"to": "is no number"}
        assert error.errors[0].code == "invalid-number"
        assert error.problem["status"] == status


@pytest.mark.parametrize("body", [b"<h1>It works!</h1>", b"", b"[]", b'"\xff"', b"{"])
async def test_what_is_no_modemgw_is_said(clock, body):
    page = says(200, body, "text/html")
    async with hostile(page) as server, client_of(server, clock) as client:
        with pytest.raises(UnexpectedAnswer, match="is it modemgw"):
            await client.modems()
        assert len(server.requests) == 1


def test_a_problem_of_the_modem_is_not_taken_for_a_proxys():
    def error(slug: str) -> ApiError:
        return ApiError({"type": slug, "status": 502, "detail": "x"})

    assert not is_worth_it(error(f"{PREFIX}modem-error"), repeatable=True)
    assert is_worth_it(error("about:blank"), repeatable=True)


def test_pauses_grow_to_their_bound_and_differ():
    retry = Retry(first_s=0.5, longest_s=8)
    random = Random(1)
    for failures, longest in ((1, 0.5), (2, 1.0), (5, 8.0), (50, 8.0), (5000, 8.0)):
        pauses = [retry.growing_s(failures, random) for _ in range(200)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest
        assert len(set(pauses)) > 100


# --- waiting


async def test_a_wait_is_asked_for_and_given_time(clock):
    done = answers(202, DELIVERED, Preference_Applied="wait=30")
    async with hostile(done) as server, client_of(server, clock) as client:
        message = await client.send("+447700900123", "hello", wait=30)
        assert message.is_final
        assert [r.headers["prefer"] for r in server.requests] == ["wait=30"]


async def test_a_wait_beyond_what_the_gateway_lets_is_asked_for_piece_by_piece(clock):
    async def a_minute_passes(reader, writer):
        clock.now += 60
        await answers(200, MESSAGE, Preference_Applied="wait=60")(reader, writer)

    done = answers(200, DELIVERED, Preference_Applied="wait=30")
    script = (a_minute_passes, a_minute_passes, done)
    async with hostile(*script) as server, client_of(server, clock) as client:
        assert (await client.send("+447700900123", "hello", wait=150)).status == "delivered"
        assert [(r.method, r.headers["prefer"]) for r in server.requests] == [
            ("POST", "wait=60"),
            ("GET", "wait=60"),
            ("GET", "wait=30"),
        ]


async def test_where_there_is_no_place_to_wait_it_looks_now_and_then(clock):
    """As with a replay: that is the answer as it was first given, at once."""
    script = (OK, OK, OK, answers(200, DELIVERED))
    async with hostile(*script) as server, client_of(server, clock) as client:
        assert (await client.send("+447700900123", "hello", wait=30)).status == "delivered"
        assert len(server.requests) == 4
        assert clock.now - START == 4.0, "two seconds after each look"


async def test_a_wait_ends_in_time(clock):
    async with hostile(OK) as server, client_of(server, clock) as client:
        assert (await client.message("msg_1", wait=10)).status == "queued"
        assert clock.now - START == 10
        assert len(server.requests) == 6


async def test_who_may_only_send_gets_what_there_is(clock):
    async with hostile(OK, FORBIDDEN) as server, client_of(server, clock) as client:
        assert (await client.send("+447700900123", "hello", wait=30)).status == "queued"
        assert len(server.requests) == 2


# --- events


def streams(*lines: str, then_hangs: bool = False):
    async def behave(reader, writer):
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        )
        writer.write("".join(f"{line}\n" for line in lines).encode())
        await writer.drain()
        if then_hangs:
            await reader.read()

    return behave


def event(id: int) -> str:
    data = f'{{"id": {id}, "type": "message.sent",\ndata: "data": {{}}}}'
    return f"id: {id}\nevent: message.sent\ndata: {data}\n"


async def test_events_go_on_where_they_were_lost(clock):
    script = (
        streams("retry: 2000", "id: 40", ""),  # before the first event …
        streams("id: 40", "", event(41), "id: 42\nevent: message.sent\ndata: {"),  # … in one …
        BUSY,
        closes,
        PROXY,
        streams(event(42), ": still here", "id: 60", ""),  # … after what was not shown
        streams(event(61), then_hangs=True),
    )
    async with hostile(*script) as server, client_of(server, clock) as client:
        events = client.events(types=["message.*", "inbound.received"], reference="order 7")
        async with asyncio.timeout(10):
            assert [(await anext(events)).id for _ in range(3)] == [41, 42, 61]
        await events.aclose()
        asked = "types=message.*,inbound.received&reference=order+7"
        places = [r.path.removeprefix(f"/v1/events?{asked}") for r in server.requests]
        assert places == ["", "&after=40", *["&after=41"] * 4, "&after=60"]


async def test_a_stream_that_is_refused_for_good_says_so(clock):
    script = (streams("id: 1", ""), answers(401, problem("unauthorized", 401)))
    async with hostile(*script) as server, client_of(server, clock) as client:
        with pytest.raises(Unauthorized):
            await anext(client.events())


async def test_what_is_no_stream_is_said(clock):
    page = streams("data: <h1>It works!</h1>", "")
    async with hostile(page) as server, client_of(server, clock) as client:
        with pytest.raises(UnexpectedAnswer, match="no events"):
            await anext(client.events())
