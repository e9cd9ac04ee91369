"""Pages of other origins: none may call unless it is listed, and then a browser lets it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from aiohttp.test_utils import TestClient, TestServer

from modemgw.api.app import create_app
from modemgw.config import ConfigError, HttpSection, parse

APP = "https://app.example.org"
OTHER = "https://evil.example"
ADMIN = {"Authorization": "Bearer key-admin"}
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@asynccontextmanager
async def door(gateway, *origins: str):
    app = create_app(cast(Any, gateway), HttpSection(cors_origins=origins))
    async with TestClient(TestServer(app)) as client:
        yield client


def cors_of(answer) -> dict[str, str]:
    return {n: v for n, v in answer.headers.items() if n.startswith("Access-Control")}


async def test_no_page_may_call_unless_it_is_said(gateway):
    async with door(gateway) as http:
        for answer in (
            await http.get("/v1/modems", headers=ADMIN | {"Origin": APP}),
            await http.options("/v1/messages", headers=PREFLIGHT | {"Origin": APP}),
        ):
            assert answer.status < 300
            assert not cors_of(answer)
            assert "Vary" not in answer.headers


async def test_a_listed_page_may_call_and_see_what_it_needs(gateway):
    async with door(gateway, APP, "http://localhost:3000") as http:
        for origin in (APP, "http://localhost:3000"):
            answer = await http.get("/v1/modems", headers=ADMIN | {"Origin": origin})
            assert answer.headers["Access-Control-Allow-Origin"] == origin
            assert answer.headers["Vary"] == "Origin"
            exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
            assert {"RateLimit", "Retry-After", "ETag", "Location"} <= set(exposed)
            assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", [OTHER, "null", APP + ".evil.example", "http://app.example.org", APP.upper(), ""]
)
async def test_a_page_that_is_not_listed_may_not(gateway, origin):
    async with door(gateway, APP) as http:
        for answer in (
            await http.get("/v1/modems", headers=ADMIN | {"Origin": origin}),
            await http.options("/v1/messages", headers=PREFLIGHT | {"Origin": origin}),
        ):
            assert not cors_of(answer)
            assert answer.headers["Vary"] == "Origin"


async def test_a_cache_knows_that_the_origin_counts_also_without_one(gateway):
    async with door(gateway, APP) as http:
        answer = await http.get("/v1/modems", headers=ADMIN)
        assert (answer.headers["Vary"], cors_of(answer)) == ("Origin", {})


async def test_a_preflight_needs_no_key_and_names_what_the_path_takes(gateway):
    async with door(gateway, APP) as http:
        answer = await http.options("/v1/messages", headers=PREFLIGHT | {"Origin": APP})
        assert (answer.status, await answer.read()) == (204, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == APP
        methods = answer.headers["Access-Control-Allow-Methods"].split(", ")
        assert methods == ["GET", "HEAD", "OPTIONS", "POST"]
        allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
        assert {"authorization", "content-type", "idempotency-key", "prefer"} <= set(allowed)
        assert int(answer.headers["Access-Control-Max-Age"]) > 0
        answer = await http.options("/v1/messages/msg1", headers=PREFLIGHT | {"Origin": APP})
        assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]


async def test_a_page_sees_why_it_is_refused(gateway):
    """Without the header a browser would tell it of a network error and no more."""
    async with door(gateway, APP) as http:
        for answer in (
            await http.get("/v1/modems", headers={"Origin": APP}),
            await http.get("/v1/nothing", headers=ADMIN | {"Origin": APP}),
            await http.put("/v1/modems", headers=ADMIN | {"Origin": APP}),
            await http.post("/v1/messages", json={}, headers=ADMIN | {"Origin": APP}),
        ):
            assert answer.status in (401, 404, 405, 422)
            assert answer.headers["Access-Control-Allow-Origin"] == APP


async def test_a_page_may_follow_the_events(gateway):
    async with door(gateway, APP) as http:
        answer = await http.get("/v1/events", headers=ADMIN | {"Origin": APP})
        assert answer.headers["Access-Control-Allow-Origin"] == APP
        answer.close()


async def test_any_page_may_call_if_that_is_said(gateway):
    async with door(gateway, "*") as http:
        answer = await http.get("/v1/modems", headers=ADMIN | {"Origin": OTHER})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        answer = await http.options("/v1/messages", headers=PREFLIGHT | {"Origin": "null"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "*" not in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "wrong",
    [
        "app.example.org",
        "https://app.example.org/",
        "https://app.example.org/page",
        "https://App.example.org",
        "https://app.example.org:443",
        "https://user@app.example.org",
        "https://app.example.org:99999",
        "https://*.example.org",
        "ftp://app.example.org",
        "null",
        "",
    ],
)
def test_what_is_no_origin_is_named(wrong):
    with pytest.raises(ConfigError, match=r"http\.cors_origins: .*https://app\.example\.org, "):
        parse({"http": {"cors_origins": [wrong]}})


@pytest.mark.parametrize("right", [APP, "http://localhost:3000", "http://[::1]:8000", "*"])
def test_what_is_an_origin_is_taken(right):
    assert parse({"http": {"cors_origins": [right]}}).http.cors_origins == (right,)
