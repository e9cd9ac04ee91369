"""What every answer says beside its body, and HEAD, OPTIONS and conditional requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import make_mocked_request

from modemgw.api.app import ENDPOINTS
from modemgw.api.docs import endpoints
from modemgw.api.etags import has
from modemgw.api.openapi import document
from modemgw.api.server import bind, serve
from modemgw.config import HttpSection
from modemgw.store.records import MessageStatus, NewMessage

ADMIN = {"Authorization": "Bearer key-admin"}
ALL = (*ENDPOINTS, *endpoints(ENDPOINTS))
GETS = [e for e in ALL if e.method == "GET"]
PATHS = sorted({e.path for e in ALL})
OBJECTS = [e.path for e in GETS if e.path.endswith("}")]


def real(path: str) -> str:
    """A path of something that there is in the gateway of these tests, where there is one."""
    found = {"/v1/messages": "msg1", "/v1/inbound": "in1", "/v1/batches": "b1", "/v1/modems": "m1"}
    start = "/".join(path.split("/")[:3])
    path = path.replace("{id}", found.get(start, "x")).replace("{iccid}", "8944")
    path = path.replace("{number}", "%2B447700900111").replace("{version}", "1")
    path = path.replace("{prefix}", "%2B4477")
    return path.replace("{name}", "invalid-fields")


@pytest.fixture
def message(gateway):
    return gateway.messages.add(NewMessage(to="+447700900001", text="x"))


# --- what goes without saying


@pytest.fixture
async def served(gateway) -> AsyncIterator[ClientSession]:
    """A client of the real server: some headers are those of its connections."""
    bound = bind(HttpSection(listen="127.0.0.1:0"))
    async with serve(gateway, bound, HttpSection()) as url, ClientSession(url) as session:
        yield session


async def test_every_answer_is_of_the_type_it_says_and_private_unless_it_says_otherwise(
    served, message
):
    http = served
    answers = [await http.get(real(e.path), headers=ADMIN) for e in GETS if "events" not in e.path]
    answers += [
        await http.get("/v1/messages"),
        await http.get("/v1/nothing", headers=ADMIN),
        await http.put("/v1/messages", headers=ADMIN),
        await http.post("/v1/messages", json={}, headers=ADMIN),
        await http.post("/v1/messages", json={"to": "+447700900001", "text": "x"}, headers=ADMIN),
        await http.get("/healthz", headers={"Expect": "nothing"}),
        await http.options("/v1/messages"),
        await http.get("/v1/events", headers=ADMIN),
    ]
    assert {200, 202, 204, 401, 404, 405, 417, 422} <= {a.status for a in answers}
    for answer in answers:
        assert answer.headers.getall("X-Content-Type-Options") == ["nosniff"], answer.url
        assert answer.headers.getall("Server") == ["modemgw"]
        public = answer.url.path.startswith(("/docs", "/openapi.json")) and answer.status == 200
        assert answer.headers.getall("Cache-Control") == ["no-cache" if public else "no-store"]
        answer.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GARBAGE\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n" + b"X: %s\r\n" % (b"a" * 1000) * 80, b"431"),
    ],
)
async def test_what_is_no_request_is_answered_with_them_too(gateway, sent, status):
    bound = bind(HttpSection(listen="127.0.0.1:0"))
    async with serve(gateway, bound, HttpSection()):
        reader, writer = await asyncio.open_connection(*bound.getsockname())
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
    assert head.split()[1] == status
    assert b"\r\nX-Content-Type-Options: nosniff\r\n" in head
    assert b"\r\nCache-Control: no-store\r\n" in head


@pytest.mark.parametrize("path", [e.path for e in ALL if e.is_page])
async def test_a_page_may_do_no_more_than_it_is_for(http, path):
    answer = await http.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


# --- HEAD and OPTIONS


@pytest.mark.parametrize("path", sorted(e.path for e in GETS))
async def test_head_is_answered_wherever_get_is(http, message, path):
    path = real(path)
    head = await http.head(path, headers=ADMIN)
    assert await head.read() == b""
    got = await http.get(path, headers=ADMIN)
    assert (head.status, head.content_type) == (got.status, got.content_type)
    same = ("Content-Length", "ETag", "Cache-Control")
    if path not in ("/v1/events", "/metrics"):  # which changes meanwhile
        assert [head.headers.get(n) for n in same] == [got.headers.get(n) for n in same]
    assert "Transfer-Encoding" not in head.headers
    got.close()


async def test_head_of_the_events_takes_no_place_and_ends(http, gateway):
    for _ in range(200):
        answer = await http.head("/v1/events", headers=ADMIN)
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
    assert not gateway.access.watched


async def test_head_wants_the_same_key_as_get(http):
    assert (await http.head("/v1/messages")).status == 401
    answer = await http.head("/v1/messages", headers={"Authorization": "Bearer key-inbound"})
    assert answer.status == 403
    assert (await http.head("/healthz")).status == 200


@pytest.mark.parametrize("path", PATHS)
async def test_options_names_what_a_path_takes_without_a_key(http, path):
    answer = await http.options(real(path))
    assert (answer.status, await answer.read()) == (204, b"")
    own = {e.method for e in ALL if e.path == path}
    own |= {"OPTIONS"} | ({"HEAD"} if "GET" in own else set())
    assert answer.headers["Allow"] == ", ".join(sorted(own))
    refused = await http.request("TRACE", real(path), headers=ADMIN)
    assert (refused.status, refused.headers["Allow"]) == (405, answer.headers["Allow"])


async def test_options_of_what_there_is_not_wants_a_key_as_all_else_does(http):
    assert (await http.options("/v1/nothing")).status == 401
    assert (await http.options("/v1/nothing", headers=ADMIN)).status == 404


# --- ETag


@pytest.mark.parametrize("path", [real(p) for p in OBJECTS])
async def test_a_single_object_has_an_etag_and_is_not_sent_twice(http, message, path):
    first = await http.get(path, headers=ADMIN)
    if first.status == 404:  # there is none in this gateway
        assert "ETag" not in first.headers
        return
    tag = first.headers["ETag"]
    again = await http.get(path, headers=ADMIN | {"If-None-Match": tag})
    assert (again.status, await again.read()) == (304, b"")
    assert again.headers["ETag"] == tag
    assert "Content-Type" not in again.headers
    assert again.headers.get("Content-Length", "0") == "0"
    assert (await http.head(path, headers=ADMIN | {"If-None-Match": tag})).status == 304


async def test_what_has_changed_is_sent(http, gateway, message):
    tag = (await http.get("/v1/messages/msg1", headers=ADMIN)).headers["ETag"]
    gateway.messages.by_id["msg1"] = message._replace(status=MessageStatus.SENT)
    answer = await http.get("/v1/messages/msg1", headers=ADMIN | {"If-None-Match": tag})
    assert (answer.status, (await answer.json())["status"]) == (200, "sent")
    assert answer.headers["ETag"] != tag


async def test_lists_and_what_is_done_have_none(http, message):
    assert "ETag" not in (await http.get("/v1/messages", headers=ADMIN)).headers
    sent = await http.post(
        "/v1/messages",
        json={"to": "+447700900001", "text": "x"},
        headers=ADMIN | {"If-None-Match": "*"},
    )
    assert sent.status == 202


async def test_a_tag_opens_nothing(http, message):
    assert (await http.get("/v1/messages/msg1", headers={"If-None-Match": "*"})).status == 401
    answer = await http.get("/v1/messages/none", headers=ADMIN | {"If-None-Match": "*"})
    assert answer.status == 404


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_what_seldom_changes_is_asked_for_by_its_tag(http, path):
    tag = (await http.get(path)).headers["ETag"]
    assert (await http.get(path, headers={"If-None-Match": tag})).status == 304


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", "abc"', True),
        ('"x",W/"abc" , "y"', True),
        ("*", True),
        (" * ", True),
        ('"*"', False),
        ('"ABC"', False),
        ('"abcd"', False),
        ("abc", False),
        ('w/"abc"', False),
        ('"x"', False),
        ("", False),
        (",,,", False),
    ],
)
def test_if_none_match_compares_weakly(given, found):
    request = make_mocked_request("GET", "/", {"If-None-Match": given})
    assert has(request, "abc") is found


def test_the_document_knows_of_it():
    paths = document(ALL)["paths"]
    for path in OBJECTS:
        operation = paths[path]["get"]
        assert "ETag" in operation["responses"]["304"]["headers"]
        assert "If-None-Match" in [p["name"] for p in operation["parameters"]]
    assert "304" not in paths["/v1/messages"]["get"]["responses"]
