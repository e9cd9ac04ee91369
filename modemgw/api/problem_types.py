"""The catalogue of problem types (RFC 9457): what each means and what to do about it.

The names are part of the API: they never change, and each has a page at /problems/NAME. A new one
is an entry here; docs/problems.md is written from it (modemgw.api.docs.problem_list).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from modemgw.gateway import FieldProblem

Retry = Literal["no", "later"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """One kind of answer that is no success."""

    status: int
    title: str
    meaning: str
    """When it is answered, for who has never seen it."""
    remedy: str
    """What to do."""
    retry: Retry
    """`no`: the same request gets the same answer. `later`: it may succeed, unchanged."""
    detail: str
    """What `detail` says in the example."""
    errors: tuple[FieldProblem, ...] = ()
    """The `errors` of the example."""
    position: tuple[int, int] | None = None
    """Line and column of the example."""
    headers: tuple[str, ...] = ()
    """Header fields that the answer carries beside those of every problem."""


def type_uri(name: str) -> str:
    """The `type` that answers carry: a name and no address, so it can never break or move."""
    return f"urn:modemgw:problem:{name}"


def page_of(name: str) -> str:
    """The path of the page about it."""
    return f"/problems/{name}"


REFUSALS = ("opted-out", "no-consent", "quiet-hours")
"""Codes of fields that are types of problems: when all that is wrong has one of them, it is that
type."""

PROBLEM_TYPES: Mapping[str, ProblemType] = {
    "invalid-json": ProblemType(
        status=400,
        title="The body is not valid JSON",
        meaning="The body could not be read as JSON (RFC 8259). `line` and `column` say where it "
        "breaks, if the parser could tell.",
        remedy="Let a JSON library write the body. By hand the usual causes are single quotes, a "
        "comma after the last item, and a line end inside a string.",
        retry="no",
        detail="expected `,` or `}` at line 1 column 26",
        position=(1, 26),
    ),
    "bad-request": ProblemType(
        status=400,
        title="The request is not valid HTTP",
        meaning="The request breaks a rule of HTTP: its path is not UTF-8, a header is malformed, "
        "or the body broke off before it was complete.",
        remedy="Look at what stands between you and the gateway, such as a proxy that closes "
        "early. Repeat a request that broke off with the same Idempotency-Key.",
        retry="no",
        detail="the path is not UTF-8",
    ),
    "unauthorized": ProblemType(
        status=401,
        title="A valid API key is needed",
        meaning="There is no `Authorization: Bearer KEY`, or the key is unknown, revoked or "
        "expired.",
        remedy="Send a key that is in force. `modemgw keys list` shows which there are, "
        "`modemgw keys create NAME --scope send` makes one.",
        retry="no",
        detail="this API key is not known, or was revoked",
        headers=("WWW-Authenticate",),
    ),
    "budget-exhausted": ProblemType(
        status=402,
        title="A budget has not enough left",
        meaning="A `[[budget]]` that counts such messages has fewer parts left, or less money, "
        "than this one takes, or `[bill_shock]` has stopped its type for this hour. Nothing of "
        "this request was taken; of a batch, nothing of this item.",
        remedy="`detail` names the budget and `Retry-After` says when it is full again; `GET "
        "/v1/budgets` shows them all. Whoever runs the gateway may raise it. Clients should not "
        "repeat it by themselves: it may take days.",
        retry="later",
        detail="the budget newsletter has 1 of 1000 left (parts_per_day), and this takes 2; it is "
        "full again in 41000 s",
        headers=("Retry-After",),
    ),
    "missing-scope": ProblemType(
        status=403,
        title="The API key may not do this",
        meaning="The key is valid, but this call wants a scope that it has not got.",
        remedy="Take a key with the scope that `detail` names. A key cannot be given more scopes: "
        "make another one.",
        retry="no",
        detail="the API key 'shop' lacks the scope send",
        headers=("WWW-Authenticate",),
    ),
    "templates-only": ProblemType(
        status=403,
        title="The API key may not send this text",
        meaning="The key may send what templates make, and nothing else; or not what this template "
        "makes.",
        remedy="Send a `template` with its `params` instead of `text` or `data`. Which templates a "
        "key may send was settled when it was made: for others make another key.",
        retry="no",
        detail="the API key 'shop' may send templates alone: name one, and its params",
        errors=(
            FieldProblem(
                "template",
                "the API key 'shop' may send templates alone: name one, and its params",
                "templates-only",
            ),
        ),
    ),
    "not-found": ProblemType(
        status=404,
        title="There is no such thing",
        meaning="The path is right, but there is nothing with this id: it never was, or it was "
        "deleted after the time that [retention] sets.",
        remedy="Compare the id with the one that the gateway answered when it was made.",
        retry="no",
        detail="there is no message 'msg_4711'",
    ),
    "no-such-path": ProblemType(
        status=404,
        title="There is no such path",
        meaning="The API has nothing at this path.",
        remedy="Look for typing errors, a `/` at the end, and a prefix that a proxy adds or takes "
        "away. /docs has every path.",
        retry="no",
        detail="there is nothing at /v1/message",
    ),
    "method-not-allowed": ProblemType(
        status=405,
        title="The path does not take this method",
        meaning="The path exists, and takes other methods. The header `Allow` lists them.",
        remedy="Take one of those that `Allow` lists.",
        retry="no",
        detail="/v1/messages takes GET, POST, not PUT",
        headers=("Allow",),
    ),
    "request-timeout": ProblemType(
        status=408,
        title="The request did not come in time",
        meaning="The headers or the body came too slowly (http.header_timeout, "
        "http.body_timeout), and the connection was closed. Nothing was done.",
        remedy="Send it again. If it happens often, look at the network between you and the "
        "gateway.",
        retry="later",
        detail="the headers did not come within 10 s",
    ),
    "conflict": ProblemType(
        status=409,
        title="It is too late for this",
        meaning="What is asked for is not possible in the state that things are in now: a message "
        "is with a modem already, or a modem is not ready.",
        remedy="Look at the object first, and decide anew by its status.",
        retry="no",
        detail="message 'msg_4711' is sent: it cannot be canceled any more",
    ),
    "duplicate": ProblemType(
        status=409,
        title="The same was accepted a short while ago",
        meaning="The key has sent the same text to the same number within the last "
        "`[duplicates] window_seconds`. Nothing was taken; `detail` names the first message.",
        remedy="If this was a request sent again, the first one was done: look at that message. "
        "Otherwise say something else, or the same again after as many seconds as `Retry-After` "
        "says. "
        'With `action = "merge"` the first message is answered instead.',
        retry="no",
        detail="the same was accepted for this recipient 12 s ago as "
        "msg_01a2132a47f5ea28bda7e45dea9a0c22; it may be said again in 48 s",
        headers=("Retry-After",),
    ),
    "verification-over": ProblemType(
        status=409,
        title="The verification is over",
        meaning="It was approved, called off, locked or has expired; a code is approved once, "
        "so that nobody can use it after another.",
        remedy="Begin another verification. If this was a request sent again, give both the same "
        "Idempotency-Key: then it gets the first answer.",
        retry="no",
        detail="verification 'ver_4711' is approved already: begin another one",
    ),
    "name-in-use": ProblemType(
        status=409,
        title="There is one of this name already",
        meaning="Names are unique, and what is to be made has the name of one that is there: of an "
        "API key that is not revoked, say.",
        remedy="If this was a request sent again, the first one was done. Otherwise choose another "
        "name, or revoke the one that is there first.",
        retry="no",
        detail="there is a key named 'shop'; revoke it first, or choose another name",
    ),
    "last-admin-key": ProblemType(
        status=409,
        title="Nobody could manage keys any more",
        meaning="It is the last active API key with the scope `admin`, and is not revoked over "
        "HTTP.",
        remedy="Make another key with the scope `admin` first. On the gateway's machine `modemgw "
        "keys revoke` revokes it all the same.",
        retry="no",
        detail="'root' is the last API key with the scope admin: make another one first",
    ),
    "precondition-failed": ProblemType(
        status=412,
        title="It is not what it was any more",
        meaning="The request has an `If-Match` or `If-None-Match`, and somebody else has changed "
        "the thing since it was looked at. Nothing was done.",
        remedy="GET it again, decide anew, and send the `ETag` of that answer as `If-Match`.",
        retry="no",
        detail="the template 'order-shipped' is not what it was: it is version 4 now",
    ),
    "too-large": ProblemType(
        status=413,
        title="The body is too large",
        meaning="The body is longer than http.max_body_bytes, or has more than 1,000,000 values "
        "in it.",
        remedy="Send less at once: a batch may be cut into several.",
        retry="no",
        detail="the body may have 10,485,760 bytes at most",
    ),
    "unsupported-media-type": ProblemType(
        status=415,
        title="The body must be JSON",
        meaning="`Content-Type` says that the body is something else than JSON in UTF-8 (or, where "
        "a list is wanted, than `text/csv`).",
        remedy="Send JSON with `Content-Type: application/json`. With curl a `-d` alone says that "
        "it is a form: add the header, or take `--json`.",
        retry="no",
        detail="the body is application/x-www-form-urlencoded; send JSON with "
        "Content-Type: application/json",
        headers=("Accept",),
    ),
    "expectation-failed": ProblemType(
        status=417,
        title="This Expect cannot be met",
        meaning="The header `Expect` asks for something else than `100-continue`.",
        remedy="Leave the header out.",
        retry="no",
        detail="the only Expect there is is 100-continue",
    ),
    "invalid-fields": ProblemType(
        status=422,
        title="Some fields are not valid",
        meaning="The body, the query or a header has values that cannot be taken. `errors` names "
        "each with a `field`, a sentence in `detail` and a stable `code`; all at once, up to 50.",
        remedy="Show each `detail` beside the field that it names, and correct them together.",
        retry="no",
        detail="validity: this should be greater than or equal to 1; "
        "to: 'nobody' is neither a number in GB nor a short code",
        errors=(
            FieldProblem("validity", "this should be greater than or equal to 1", "out-of-range"),
            FieldProblem(
                "to", "'nobody' is neither a number in GB nor a short code", "invalid-number"
            ),
        ),
    ),
    "opted-out": ProblemType(
        status=422,
        title="The recipient has opted out",
        meaning="The recipient wants no such messages: they wrote STOP, or it was recorded for "
        "them (`/v1/consents`). A message that was accepted before that is failed with this code.",
        remedy="Send them nothing of the kind. When they opt in again, record that with its "
        "evidence; START by SMS does it, too.",
        retry="no",
        detail="to: has opted out of such messages",
        errors=(FieldProblem("to", "has opted out of such messages", "opted-out"),),
    ),
    "no-consent": ProblemType(
        status=422,
        title="The recipient has not opted in",
        meaning="Messages of this type need consent (`consent_required`), and none is recorded of "
        "the recipient.",
        remedy="Record their opt-in with its evidence (`POST /v1/consents`), then send it again.",
        retry="no",
        detail="to: has not opted in, and such messages need that",
        errors=(FieldProblem("to", "has not opted in, and such messages need that", "no-consent"),),
    ),
    "quiet-hours": ProblemType(
        status=422,
        title="The recipient sleeps, and the message cannot wait",
        meaning="It is within the type's `quiet_hours` where the recipient is, or will be at "
        "`send_at`, and the validity of the message ends before they do. A message that can wait "
        "is accepted, and scheduled for their end.",
        remedy="Give it a longer `validity`, a `send_at` in the day, or the type that it is of. "
        "`POST /v1/preview` says when a message would go out.",
        retry="no",
        detail="to: it is quiet where its recipient is (Europe/London) until Tue 08:00 there, and "
        "its validity ends before that",
        errors=(
            FieldProblem(
                "to",
                "it is quiet where its recipient is (Europe/London) until Tue 08:00 there, and its "
                "validity ends before that",
                "quiet-hours",
            ),
        ),
    ),
    "idempotency-key-reused": ProblemType(
        status=422,
        title="The Idempotency-Key belongs to another request",
        meaning="An earlier request with this Idempotency-Key had another path or another body.",
        remedy="Make a new key for each thing that you send, and keep it for repetitions of that "
        "one alone. Two bodies must be the same byte for byte to be one request.",
        retry="no",
        detail="this Idempotency-Key was used with another request",
    ),
    "too-many-messages": ProblemType(
        status=429,
        title="A limit on messages is reached",
        meaning="The recipient or the key has had as many messages as `[recipient_limits]` or "
        "`[key_limits]` allows for now. Nothing of this request was taken.",
        remedy="Wait as many seconds as `Retry-After` says, then send the same again.",
        retry="later",
        detail="+447700900123 has had 5 messages within the last hour",
        headers=("Retry-After",),
    ),
    "too-many-codes": ProblemType(
        status=429,
        title="A limit on codes is reached",
        meaning="The number, the key, its neighbours or the client has had as many messages with "
        "codes, or as many wrong codes, as [verifications] allows for now; or the last message "
        "was sent a moment ago; or the number is locked after wrong codes. Nothing was sent or "
        "tried.",
        remedy="Show a person how long to wait: `Retry-After` has the seconds. Let nobody send "
        "again before `resend_at`.",
        retry="later",
        detail="this number has had 5 codes within an hour; one more is allowed in 1312 s",
        headers=("Retry-After",),
    ),
    "prefix-stopped": ProblemType(
        status=429,
        title="No codes go to numbers like this for now",
        meaning="Many codes went to numbers that begin like this one, and hardly any was approved: "
        "it looks like SMS pumping, where somebody earns by each message. So none goes there for "
        "`verifications.guard.stop` seconds.",
        remedy="Look at who asks for these codes, and have them solve something that programs "
        "cannot. If it is all right, `modemgw verifications lift PREFIX` lets codes go again.",
        retry="later",
        detail="no code goes to numbers that begin with +44770090 for 3312 s: of 20 that were "
        "sent there 0 were approved",
        headers=("Retry-After",),
    ),
    "too-many-streams": ProblemType(
        status=429,
        title="There are as many event streams as there may be",
        meaning="As many connections follow the events as http.max_streams, or "
        "http.max_streams_per_key, allows.",
        remedy="Follow the events once and hand them on inside of your program; end streams that "
        "nobody reads.",
        retry="later",
        detail="the key has 32 event streams, as many as there may be",
        headers=("Retry-After",),
    ),
    "headers-too-large": ProblemType(
        status=431,
        title="The headers are too large",
        meaning="The request line and the headers have more than 64 KiB.",
        remedy="Look for cookies and headers that a browser or a proxy adds.",
        retry="no",
        detail="the headers may have 65,536 bytes at most",
    ),
    "internal-error": ProblemType(
        status=500,
        title="Something went wrong here",
        meaning="A fault of the gateway. Its log has the particulars.",
        remedy="Send it again with the same Idempotency-Key: nothing is sent twice. If it comes "
        "back, report it with the lines of the log.",
        retry="later",
        detail="the gateway's log says more",
    ),
    "modem-error": ProblemType(
        status=502,
        title="The modem or the network says no",
        meaning="The gateway asked the modem, and it, or the network behind it, refused or did "
        "not answer.",
        remedy="`detail` has what it said. Look at the modem (`GET /v1/modems/{id}`) before you "
        "try again: a USSD request may have had its effect though no answer came.",
        retry="later",
        detail="+CME ERROR: 30 (no network service)",
    ),
    "unavailable": ProblemType(
        status=503,
        title="The gateway cannot take this now",
        meaning="Nothing new can be promised: the disk is full or slow, the gateway is starting or "
        "stopping, or (/readyz) no modem can send.",
        remedy="Wait as many seconds as `Retry-After` says, then send the same again with the same "
        "Idempotency-Key. /readyz says what is wrong.",
        retry="later",
        detail="the disk is full; nothing new is accepted until there is room",
        headers=("Retry-After",),
    ),
}
"""Every type of problem, by its name."""
