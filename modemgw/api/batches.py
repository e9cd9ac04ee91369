"""/v1/batches: up to 10,000 messages in one request; what is wrong with one stops no other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from aiohttp import web
from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json, to_json

from modemgw.api import answers
from modemgw.api.endpoint import (
    GATEWAY,
    Endpoint,
    json_response,
    key_of,
    raw_json_response,
    read_json,
)
from modemgw.api.idempotency import REPLAYED, idempotency_of
from modemgw.api.moments import render_moment
from modemgw.api.problems import (
    Problem,
    field_problem,
    from_refusal,
    invalid_fields,
    invalid_json,
)
from modemgw.api.requests import MAX_BATCH, BatchOfMessages, BatchOfRecipients
from modemgw.gateway import AcceptedBatch
from modemgw.store.records import NewMessage

Batch = BatchOfMessages | BatchOfRecipients


def _read(raw: bytes) -> Any:
    try:
        return from_json(raw)
    except ValueError as error:
        raise invalid_json(str(error)) from error


class Sorted:
    """A batch with the items of the wrong shape taken out."""

    def __init__(self, raw: bytes) -> None:
        """Raises Problem when the batch itself is wrong, or no item of it is right."""
        self.problems: dict[int, Problem] = {}
        """By position in the request."""
        self._positions: range | list[int] = range(MAX_BATCH)
        # A guess, which spares most batches a second parser: where it fails, the document decides.
        model: type[Batch] = BatchOfMessages if b'"messages"' in raw else BatchOfRecipients
        try:
            batch: Batch = model.model_validate_json(raw)
        except ValidationError:
            batch = self._sort(raw)
        self.messages: Iterable[NewMessage] = batch.new_messages()

    def _sort(self, raw: bytes) -> Batch:
        """The batch less its bad items. Raises Problem if that is not enough."""
        document = _read(raw)
        model: type[Batch] = BatchOfRecipients
        self._list = "to"
        if isinstance(document, dict) and "messages" in document:
            model, self._list = BatchOfMessages, "messages"
        try:
            return model.model_validate_json(raw)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            return self._without_bad_items(document, found, model)

    def _without_bad_items(
        self, document: Any, found: list[ErrorDetails], model: type[Batch]
    ) -> Batch:
        by_item: defaultdict[int, list[ErrorDetails]] = defaultdict(list)
        for item in found:
            match item["loc"]:
                case (self._list, int() as position, *_):
                    by_item[position].append(item)
        whole = [item for item in found if item["loc"][:1] != (self._list,)]
        if whole or not by_item or len(by_item) == len(document[self._list]):
            # Pydantic counts the good items only: to say "too short" as well would mislead.
            told = [item for item in found if not by_item or item["type"] != "too_short"]
            raise invalid_fields(map(field_problem, told))
        self.problems = {
            position: invalid_fields(
                field_problem(item, item["loc"][2:] or ("to",)) for item in items
            )
            for position, items in by_item.items()
        }
        items = document[self._list]
        self._positions = [n for n in range(len(items)) if n not in self.problems]
        document[self._list] = [items[n] for n in self._positions]
        return model.model_validate_json(to_json(document))

    def position(self, index: int) -> int:
        """Where the caller had put `self.messages[index]`."""
        return self._positions[index]

    def render(self, accepted: AcceptedBatch) -> bytes:
        """The answer, with the items that the gateway refused beside those of the wrong shape."""
        problems = self.problems | {
            self.position(index): from_refusal(rejected) for index, rejected in accepted.rejected
        }
        document: answers.AcceptedBatch = {
            "id": accepted.id,
            "accepted": accepted.accepted,
            "rejected": [
                {"index": position, "problem": problems[position].document()}
                for position in sorted(problems)
            ],
        }
        return to_json(document)


async def send(request: web.Request) -> web.Response:
    raw = await read_json(request)
    batch = Sorted(raw)
    accepted = await request.app[GATEWAY].send_batch(
        batch.messages,
        key=key_of(request).name,
        idempotency=idempotency_of(request, raw, batch.render),
    )
    if accepted.replay is not None:
        return raw_json_response(accepted.replay, 202, REPLAYED)
    return raw_json_response(
        batch.render(accepted), 202, {"Location": f"/v1/batches/{accepted.id}"}
    )


async def show(request: web.Request) -> web.Response:
    about, counts = await request.app[GATEWAY].batch(request.match_info["id"])
    document: answers.Batch = {
        "id": about["id"],
        "created_at": render_moment(about["created_at"]),
        "accepted": about["accepted"],
        "rejected": about["rejected"],
        "counts": counts,
    }
    return json_response(document)


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/v1/batches",
        handler=send,
        summary="Send many messages, or one text to many recipients (10,000 at most)",
        tag="batches",
        scopes=("send",),
        body=BatchOfMessages | BatchOfRecipients,
        answer=answers.AcceptedBatch,
        status=202,
        idempotent=True,
        problems=("unavailable",),
        example={"to": ["+447700900001", "+447700900002"], "text": "The shop is closed today"},
    ),
    Endpoint(
        method="GET",
        path="/v1/batches/{id}",
        handler=show,
        summary="See how many messages of a batch have which status",
        tag="batches",
        scopes=("read",),
        answer=answers.Batch,
        problems=("not-found",),
    ),
)
