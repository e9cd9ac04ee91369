"""The application: every endpoint behind one guard."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from modemgw.api import (
    alerts,
    audit,
    batches,
    budgets,
    consents,
    conversations,
    docs,
    events,
    handlers,
    inbound,
    keys,
    messages,
    modems,
    privacy,
    readiness,
    service,
    sims,
    templates,
    types,
    usage,
    verifications,
    webhooks,
)
from modemgw.api.audit import recorded
from modemgw.api.auth import guard
from modemgw.api.cors import Cors
from modemgw.api.endpoint import BODIES, CLOSING, HEARTBEAT_S, Endpoint
from modemgw.api.events import STREAMS
from modemgw.api.methods import add_routes
from modemgw.api.parts import Parts, hand_over
from modemgw.api.problems import problems
from modemgw.api.proxies import PROXIES, Proxies
from modemgw.api.ratelimit import tell_limits
from modemgw.api.reading import Bodies
from modemgw.api.streams import Streams
from modemgw.api.waiting import WAITS, Waits
from modemgw.config import HttpSection

ENDPOINTS = (
    *messages.ENDPOINTS,
    *batches.ENDPOINTS,
    *inbound.ENDPOINTS,
    *consents.ENDPOINTS,
    *conversations.ENDPOINTS,
    *events.ENDPOINTS,
    *handlers.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *templates.ENDPOINTS,
    *modems.ENDPOINTS,
    *sims.ENDPOINTS,
    *alerts.ENDPOINTS,
    *budgets.ENDPOINTS,
    *usage.ENDPOINTS,
    *types.ENDPOINTS,
    *verifications.ENDPOINTS,
    *keys.ENDPOINTS,
    *privacy.ENDPOINTS,
    *audit.ENDPOINTS,
    *readiness.ENDPOINTS,
    *service.ENDPOINTS,
)


def create_app(
    gateway: Parts, http: HttpSection | None = None, *, heartbeat_s: float = 15.0
) -> web.Application:
    """The HTTP API of `gateway`, which the caller opens and closes.

    A quiet event stream shows a comment every `heartbeat_s` seconds.
    """
    http = http or HttpSection()
    cors = Cors(http)
    guarded: dict[Handler, Endpoint] = {}
    app = web.Application(
        client_max_size=http.max_body_bytes, middlewares=[problems, guard(guarded)]
    )
    guarded |= add_routes(app, (*map(recorded, ENDPOINTS), *docs.endpoints(ENDPOINTS)), cors)
    if cors:
        app.on_response_prepare.append(cors.mark)
    hand_over(gateway, app)
    app[BODIES] = Bodies(http)
    app[STREAMS] = Streams(http)
    app[PROXIES] = Proxies(http)
    app[WAITS] = Waits(http)
    app[HEARTBEAT_S] = heartbeat_s
    app[CLOSING] = asyncio.Event()
    app.on_response_prepare.append(tell_limits)
    app.on_shutdown.append(_end_streams)
    return app


async def _end_streams(app: web.Application) -> None:
    app[CLOSING].set()
