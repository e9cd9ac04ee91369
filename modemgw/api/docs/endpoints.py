"""The endpoints of the documentation: public, and made of nothing but the program itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic_core import to_json

from modemgw.api import answers
from modemgw.api.docs import page, problem_pages
from modemgw.api.endpoint import Endpoint, json_response, raw_json_response
from modemgw.api.openapi import document
from modemgw.api.problem_types import PROBLEM_TYPES
from modemgw.api.problems import Problem

PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""A pasted key can go nowhere but to this gateway: no other source is loaded or called."""
ASSET_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_MEDIA = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@lru_cache(maxsize=1)
def endpoints(others: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
    """The endpoints that show the documentation of `others` and of themselves, made once."""

    async def show_document(_request: web.Request) -> web.Response:
        return raw_json_response(body, headers={"Cache-Control": "no-cache"})

    async def show_page(_request: web.Request) -> web.Response:
        return _page(html)

    own = (
        Endpoint(
            method="GET",
            path="/openapi.json",
            handler=show_document,
            summary="This API as an OpenAPI 3.1 document",
            tag="service",
            public=True,
            steady=True,
            answer=dict[str, Any],
            answer_example={"openapi": "3.1.0", "info": {"title": "modemgw"}, "paths": {}},
        ),
        Endpoint(
            method="GET",
            path="/docs",
            handler=show_page,
            summary="This API as a page to read, and to try calls from",
            tag="service",
            public=True,
            media="text/html",
        ),
        *_PROBLEMS,
        *_assets(),
    )
    description = document((*others, *own))
    body = to_json(description)
    html = page.render(description)
    return own


def _page(html: str, **headers: str) -> web.Response:
    return web.Response(text=html, content_type="text/html", headers={**PAGE_HEADERS, **headers})


def _wants_page(request: web.Request) -> bool:
    """Whether a browser asks, and no program: those that take anything get data."""
    return "text/html" in request.headers.get("Accept", "")


async def _list_problems(request: web.Request) -> web.Response:
    if _wants_page(request):
        return _page(problem_pages.index(), Vary="Accept")
    listed: answers.ProblemTypes = {
        "items": [problem_pages.describe(name) for name in PROBLEM_TYPES],
        "next_cursor": None,
    }
    return _varying(json_response(listed))


async def _show_problem(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in PROBLEM_TYPES:
        raise Problem("not-found", f"there is no problem type {name!r}")
    if _wants_page(request):
        return _page(problem_pages.page(name), Vary="Accept")
    return _varying(json_response(problem_pages.describe(name)))


def _varying(answer: web.Response) -> web.Response:
    answer.headers["Vary"] = "Accept"
    return answer


_PROBLEMS = (
    Endpoint(
        method="GET",
        path="/problems",
        handler=_list_problems,
        summary="Every type of problem that there is",
        tag="service",
        public=True,
        answer=answers.ProblemTypes,
        also_media=("text/html",),
        answer_example={
            "items": [problem_pages.describe("too-many-messages")],
            "next_cursor": None,
        },
    ),
    Endpoint(
        method="GET",
        path="/problems/{name}",
        handler=_show_problem,
        summary="What a type of problem means and what to do about it",
        tag="service",
        public=True,
        answer=answers.ProblemType,
        also_media=("text/html",),
        problems=("not-found",),
        answer_example=problem_pages.describe("too-many-messages"),
    ),
)


def _assets() -> list[Endpoint]:
    """What the page loads: the files beside this one, read once."""
    return [
        Endpoint(
            method="GET",
            path=f"/docs/{file.name}",
            handler=_asset(file.read_bytes(), _MEDIA[f".{file.name.rpartition('.')[2]}"]),
            summary="A part of /docs",
            tag="service",
            public=True,
            documented=False,
            steady=True,
        )
        for file in sorted(files(__package__).joinpath("static").iterdir(), key=lambda f: f.name)
    ]


def _asset(content: bytes, media: str) -> Handler:
    async def show(_request: web.Request) -> web.Response:
        return web.Response(
            body=content, content_type=media, charset="utf-8", headers=ASSET_HEADERS
        )

    return show
