"""What the gateway shows without a key: /docs with its assets, and the pages about problems."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import modemgw
from modemgw.api.app import ENDPOINTS
from modemgw.api.docs import problem_list
from modemgw.api.docs.endpoints import endpoints
from modemgw.api.docs.html import text
from modemgw.api.problem_types import PROBLEM_TYPES, page_of

ROOT = Path(modemgw.__file__).parent.parent
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ASSETS = sorted((ROOT / "modemgw" / "api" / "docs" / "static").iterdir())
VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """Every tag with its attributes; fails for one that is not closed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(source)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, self.getpos()

    def values(self, attribute):
        return [values[attribute] or "" for _, values in self.tags if attribute in values]


async def read(http, path):
    answer = await http.get(path, headers=BROWSER)
    assert (answer.status, answer.content_type) == (200, "text/html"), path
    return Page(await answer.text()), answer


PAGES = ["/docs", "/problems", *(page_of(name) for name in PROBLEM_TYPES)]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_loads_nothing_from_elsewhere_and_runs_nothing_but_its_own(http, path):
    page, answer = await read(http, path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    for address in [*page.values("src"), *page.values("href")]:
        assert not re.match(r"(\w+:|/)", address), address  # a proxy may add a prefix
        if not address.startswith("#"):
            base = path.rpartition("/")[0]
            there = re.sub(r"/[^/]+/\.\./", "/", f"{base}/{address}")
            assert (await http.get(there)).status == 200, address
    tags = [tag for tag, _ in page.tags]
    assert "style" not in tags
    assert not any(name.startswith("on") or name == "style" for _, v in page.tags for name in v)


async def test_the_page_shows_every_call_and_event_and_its_anchors_resolve(http):
    page, answer = await read(http, "/docs")
    source = await answer.text()
    for endpoint in ENDPOINTS:
        assert f"<code>{endpoint.path}</code>" in source
    assert "curl -sN" in source
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {a[1:] for a in page.values("href") if a.startswith("#")} <= set(ids)
    assert {"post_messages", "on_message_delivered", "type-Message"} <= set(ids)


@pytest.mark.parametrize("file", ASSETS, ids=lambda file: file.name)
async def test_an_asset_is_served_as_what_it_is(http, file):
    answer = await http.get(f"/docs/{file.name}")
    assert answer.status == 200
    assert await answer.read() == file.read_bytes()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    assert answer.content_type == kinds[file.suffix]
    assert answer.charset == "utf-8"


def test_scripts_keep_to_what_is_ours_and_make_no_html():
    for file in (file for file in ASSETS if file.suffix == ".js"):
        source = file.read_text()
        assert not re.search(r"https?://|innerHTML|insertAdjacentHTML|localStorage|eval", source)


def test_assets_are_no_calls():
    shown = [e for e in endpoints(ENDPOINTS) if not e.documented]
    assert {e.path for e in shown} == {f"/docs/{file.name}" for file in ASSETS}


async def test_a_problem_leads_to_its_page(http):
    answer = await http.get("/v1/messages")
    assert answer.headers["Link"] == '</problems/unauthorized>; rel="help"'
    _, page = await read(http, "/problems/unauthorized")
    assert (await answer.json())["type"] in await page.text()


@pytest.mark.parametrize("name", PROBLEM_TYPES)
async def test_programs_get_a_problem_type_as_data(http, name):
    kind = await (await http.get(f"/problems/{name}")).json()
    assert kind["type"] == f"urn:modemgw:problem:{name}" == kind["example"]["type"]
    assert kind["status"] == PROBLEM_TYPES[name].status
    assert kind["meaning"]
    assert kind["remedy"]
    listed = await (await http.get("/problems")).json()
    assert kind in listed["items"]


async def test_a_problem_that_is_not_known_is_one_itself(http):
    answer = await http.get("/problems/nothing")
    assert (answer.status, answer.content_type) == (404, "application/problem+json")


def test_what_may_succeed_later_says_so_by_its_status():
    for name, kind in PROBLEM_TYPES.items():
        later = kind.status in (402, 408, 429, 500, 502, 503)
        assert kind.retry == ("later" if later else "no"), name


def test_the_list_of_problems_is_written_from_the_catalogue():
    page = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    assert page == problem_list.written(), (
        "run: python -m modemgw.api.docs.problem_list docs/problems.md"
    )


def test_text_is_escaped_whatever_its_markup():
    assert text("`<b>` & [a <i>](/docs)", "../") == (
        '<code>&lt;b&gt;</code> &amp; <a href="../docs">a &lt;i&gt;</a>'
    )
