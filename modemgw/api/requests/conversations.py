"""Which conversations to list, and that one was read."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from modemgw.api.requests.shared import Body, Limit, Query

_CURSOR = re.compile(r"[0-9]{1,18}~[0-9]{1,12}\.[0-9]{1,17}~[0-9]{1,18}", re.ASCII)


def _check_cursor(cursor: str) -> str:
    if not _CURSOR.fullmatch(cursor):
        raise ValueError("this is not a next_cursor that this list gave")
    return cursor


ConversationCursor = Annotated[
    Annotated[str, AfterValidator(_check_cursor)] | None,
    Field(
        description="`next_cursor` of the answer before.",
        json_schema_extra={"pattern": f"^{_CURSOR.pattern}$"},
    ),
]


class ConversationsQuery(Query):
    """Which conversations to list; that with the newest message comes first."""

    unread: Annotated[
        bool, Field(description="Only those with unread messages, by the newest of these.")
    ] = False
    limit: Limit = 50
    cursor: ConversationCursor = None


class ConversationItemsQuery(Query):
    """Which part of a conversation to see; the newest comes first."""

    limit: Limit = 50
    cursor: ConversationCursor = None


class ConversationChanges(Body):
    """That a conversation was read, all of it or as far as it was seen."""

    read: Literal[True]
    through: Annotated[
        str | None,
        Field(
            max_length=64,
            description="Id of the last received message that was seen: what came after it stays "
            "unread.",
        ),
    ] = None
