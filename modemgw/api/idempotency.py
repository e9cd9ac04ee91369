"""The Idempotency-Key header: the same request again gets the first answer again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from aiohttp import web

from modemgw.api.problems import invalid_fields
from modemgw.gateway import FieldProblem, Idempotency

HEADER = "Idempotency-Key"
REPLAYED = {"Idempotency-Replayed": "true"}
MAX_LENGTH = 255
PATTERN = r"^[!-~](?:[ -~]*[!-~])?$"
"""ASCII as header fields carry it unchanged (RFC 9110, 5.5)."""
_FORM = re.compile(PATTERN)


def idempotency_of(
    request: web.Request, body: bytes, render: Callable[[Any], bytes]
) -> Idempotency | None:
    """What the gateway needs to know about the request's Idempotency-Key; None without one.

    Raises Problem for a header that is empty or longer than MAX_LENGTH.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not (len(key) <= MAX_LENGTH and _FORM.fullmatch(key)):
        raise invalid_fields(
            [
                FieldProblem(
                    field=HEADER,
                    detail=f"this header must have 1 to {MAX_LENGTH} printable ASCII characters",
                    code="invalid",
                )
            ]
        )
    digest = hashlib.sha256(request.path.encode())
    digest.update(b"\n")
    digest.update(body)
    return Idempotency(key=key, fingerprint=digest.hexdigest(), render=render)
