"""An endpoint as data: the router, the guard at the door and the OpenAPI document read it alike."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from modemgw.api.problems import Problem, from_validation, invalid_fields
from modemgw.api.reading import Bodies
from modemgw.api.shape import FEW, check_fields, is_small, read_document
from modemgw.gateway import FieldProblem
from modemgw.store.records import Key

CLOSING: Final = web.AppKey("closing", asyncio.Event)
"""Set when the server shuts down, so that endless answers end."""
BODIES: Final = web.AppKey("bodies", Bodies)
HEARTBEAT_S: Final = web.AppKey("heartbeat_s", float)

JSON: Final = "application/json"

KEY: Final = web.RequestKey("key", Key)
"""Set by the guard at the door."""

BodyT = TypeVar("BodyT", bound=BaseModel)
QueryT = TypeVar("QueryT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Endpoint:
    """One method of one path. Each is equal to itself alone."""

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    scopes: tuple[str, ...] = ()
    """Any one of these opens it, and `admin` does; none: any valid key does."""
    public: bool = False
    """True: it answers without a key."""
    body: Any = None
    """The type of the JSON body, if it takes one."""
    body_media: str = JSON
    """What the body is, if it is no JSON: then `body` is the type of a text."""
    body_required: bool = True
    """False: it works without a body, too."""
    query: type[BaseModel] | None = None
    answer: Any = None
    """The type of the JSON answer; None: `media` says what it is."""
    status: int = 200
    media: str = JSON
    idempotent: bool = False
    """True: it takes an Idempotency-Key."""
    conditional: bool = False
    """True: it takes `If-Match`."""
    waits: bool = False
    """True: it takes `Prefer: wait=N`."""
    problems: tuple[str, ...] = ()
    """Types of problems beyond those that every endpoint may answer."""
    example: dict[str, Any] | str | None = None
    """A body that works, for the documentation."""
    examples: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Further bodies that work, by what they show."""
    answer_example: Any = None
    """An answer, where that of its type (modemgw.api.openapi.examples) does not fit."""
    headers: tuple[str, ...] = ()
    """Header fields of a success (modemgw.api.openapi.headers) that the rest does not tell."""
    description: str = ""
    """What `summary` leaves out."""
    also_media: tuple[str, ...] = ()
    """Further media types that a client may ask for by `Accept`."""
    documented: bool = True
    """False: it is a part of a page, and no call."""
    recorded: bool = False
    """True: it goes on record though no admin is needed for it."""
    steady: bool = False
    """True: the answer changes so seldom that it has an ETag, as single objects and pages do."""

    @property
    def is_page(self) -> bool:
        """Whether it answers for people to see in a browser."""
        return self.method == "GET" and self.media.startswith("text/html")

    @property
    def has_etag(self) -> bool:
        """Whether its answers have an ETag, and 304 is an answer."""
        is_object = self.path.endswith("}") and self.answer is not None
        return self.method == "GET" and (is_object or self.is_page or self.steady)

    @property
    def action(self) -> str | None:
        """Under which name it is put on record that it was called; None: it is not.

        On record goes whatever changes something and wants the scope `admin`, and what says so of
        itself. The name follows the path: `keys.create`, `keys.rotate`, `modems.ussd.delete`.
        """
        if self.method in ("GET", "HEAD") or not (self.recorded or self.scopes == ("admin",)):
            return None
        words = [word for word in self.path.split("/")[2:] if not word.startswith("{")]
        if self.method == "POST":
            return ".".join(words if len(words) > 1 else [*words, "create"])
        return ".".join([*words, _VERBS[self.method]])


_VERBS = {"PUT": "replace", "PATCH": "update", "DELETE": "delete"}


def key_of(request: web.Request) -> Key:
    """The API key of a request that the guard has let in."""
    return request[KEY]


def remember_key(request: web.Request, key: Key) -> None:
    """Called by the guard."""
    request[KEY] = key


async def read_json(request: web.Request) -> bytes:
    """The body, as yet unparsed. Raises Problem when it says that it is something else."""
    if request.headers.get("Content-Type", JSON) != JSON:
        kind = request.content_type
        if kind != "application/json" and not kind.endswith("+json"):
            raise Problem(
                "unsupported-media-type",
                f"the body is {kind}; send JSON with Content-Type: application/json",
                headers={"Accept": "application/json"},
            )
        if (request.charset or "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
            raise Problem("unsupported-media-type", "JSON is UTF-8 and nothing else (RFC 8259)")
    return await _read(request)


async def read_body(request: web.Request, media: str, what: str) -> bytes:
    """A body that is no JSON. Raises Problem when it says that it is something else than `what`."""
    if request.content_type != media:
        raise Problem(
            "unsupported-media-type",
            f"the body is {request.content_type}; send {what} with Content-Type: {media}",
            headers={"Accept": media},
        )
    return await _read(request)


async def _read(request: web.Request) -> bytes:
    try:
        return await request.app[BODIES].read(request)
    except (web.RequestPayloadError, ConnectionError) as error:
        why = str(error).rpartition("\n")[2].strip()
        raise Problem("bad-request", f"the body cannot be read: {why}") from error


def check_body(model: type[BaseModel], raw: bytes) -> None:
    """Raises Problem for a body that holds more than can be described."""
    if not is_small(raw):
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        long = {name for name, field in fields.items() if _most(field) > FEW}
        check_fields(read_document(raw), fields, long)


def _most(field: FieldInfo) -> int:
    """How many items a field may hold, as far as it says so."""
    return max((getattr(bound, "max_length", 0) for bound in field.metadata), default=0)


def parse_body(model: type[BodyT], raw: bytes) -> BodyT:
    """The body as a value. Raises Problem with every field that is wrong."""
    check_body(model, raw)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise from_validation(error) from error


def parse_query(model: type[QueryT], request: web.Request) -> QueryT:
    """The query string as a value. Raises Problem with every parameter that is wrong."""
    given = request.query
    if len(given) > FEW:
        raise invalid_fields([FieldProblem("query", f"has {len(given):,} parameters", "too-long")])
    if twice := [name for name in dict.fromkeys(given) if len(given.getall(name)) > 1]:
        detail = "this parameter may be given once"
        raise invalid_fields([FieldProblem(name, detail, "repeated") for name in twice])
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        raise from_validation(error) from error


def json_response(document: Any, status: int = 200) -> web.Response:
    """`document`, one of modemgw.api.answers, as an answer."""
    return web.Response(body=to_json(document), status=status, content_type=JSON)


def raw_json_response(
    body: bytes, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """JSON that was rendered before."""
    return web.Response(body=body, status=status, content_type=JSON, headers=headers)
