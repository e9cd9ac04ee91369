"""What a path answers: the methods of its endpoints, HEAD wherever GET is, and OPTIONS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler

from modemgw.api.cors import Cors
from modemgw.api.endpoint import Endpoint
from modemgw.api.etags import tagged
from modemgw.api.headers import page


def add_routes(
    app: web.Application, endpoints: Iterable[Endpoint], cors: Cors
) -> Mapping[Handler, Endpoint]:
    """Have `app` answer for `endpoints`. Which one each handler answers for, to be guarded by."""
    options = _options(cors)
    guarded = {options.handler: options}
    paths: dict[str, dict[str, Handler]] = {}
    for endpoint in endpoints:
        handler = _handler(endpoint)
        guarded[handler] = endpoint
        paths.setdefault(endpoint.path, {})[endpoint.method] = handler
    for path, methods in paths.items():
        if "GET" in methods:
            methods.setdefault("HEAD", methods["GET"])
        methods["OPTIONS"] = options.handler
        resource = app.router.add_resource(_pattern(path, paths))
        for method, handler in methods.items():
            resource.add_route(method, handler)
    return guarded


def _pattern(path: str, paths: Iterable[str]) -> str:
    """The path for the router: no name is meant by what another path has in its place."""
    above, _, last = path.rpartition("/")
    beside = (other.rpartition("/") for other in paths)
    taken = sorted(name for place, _, name in beside if place == above and "{" not in name)
    if not (taken and last.startswith("{")):
        return path
    return f"{above}/{last[:-1]}:(?!(?:{'|'.join(map(re.escape, taken))})$)[^/]+}}"


def _handler(endpoint: Endpoint) -> Handler:
    handler = endpoint.handler
    if endpoint.is_page:
        handler = page(handler)
    return tagged(handler) if endpoint.has_etag else handler


def _options(cors: Cors) -> Endpoint:
    """OPTIONS of any path. It wants no key: it says no more than the documentation does, and a
    browser shows none when it asks whether a page may call.
    """

    async def options(request: web.Request) -> web.Response:
        routes = request.match_info.route.resource or ()
        allowed = ", ".join(sorted(route.method for route in routes))
        headers = {"Allow": allowed, **cors.preflight(request, allowed)}
        return web.Response(status=204, headers=headers)

    return Endpoint(
        method="OPTIONS",
        path="*",
        handler=options,
        summary="What a path takes",
        tag="service",
        public=True,
        status=204,
    )
