"""Codes by SMS that prove a number."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any, TypedDict, Unpack

from modemgw.client.answers import CheckedVerification, StoppedPrefix, Verification
from modemgw.client.outgoing import asked
from modemgw.client.transport import Transport, segment


class VerificationOptions(TypedDict, total=False):
    """What may be said of a verification; the gateway's configuration says the rest."""

    template: str | None
    language: str | None
    length: int | None
    """Digits of the code, 4 to 10."""
    ttl_seconds: int | None
    domain: str | None
    """Browsers may fill the code in on its pages."""
    reference: str | None
    client_ip: str | None
    """For whom it is."""


class VerificationFilters(TypedDict, total=False):
    """Which verifications to list; times are RFC 3339, or datetimes with a zone."""

    to: str | None
    status: str | None
    key: str | None
    reference: str | None
    since: datetime | str | None
    until: datetime | str | None
    limit: int
    """Of one page, 1 to 1000."""


class Verifications(Transport):
    """Calls about verifications.

    A person waits for them: a limit raises TooManyRequests at once, and no Retry-After is waited
    for. What is tried again otherwise is no second try of a code, and no second message.
    """

    async def _ask(self, path: str, body: Any, idempotency_key: str | None) -> Any:
        retry = replace(self._retry, patience_s=0)
        return await self._create(path, body, idempotency_key, retry=retry)

    async def start_verification(
        self, to: str, *, idempotency_key: str | None = None, **options: Unpack[VerificationOptions]
    ) -> Verification:
        """Send a code to a number; one that is pending for it goes on."""
        body = {"to": to, **{k: v for k, v in options.items() if v is not None}}
        return Verification(await self._ask("v1/verifications", body, idempotency_key))

    async def check_verification(
        self, identifier: str, code: str, *, idempotency_key: str | None = None
    ) -> CheckedVerification:
        """Try a code. Only `approved` proves the number.

        Raises Conflict when it was approved or called off before.
        """
        path = f"v1/verifications/{segment(identifier)}/check"
        return CheckedVerification(await self._ask(path, {"code": code}, idempotency_key))

    async def check_number(
        self, to: str, code: str, *, idempotency_key: str | None = None
    ) -> CheckedVerification:
        """Try a code for a number: as `check_verification`, of its newest one."""
        body = {"to": to, "code": code}
        path = "v1/verifications/check"
        return CheckedVerification(await self._ask(path, body, idempotency_key))

    async def resend_verification(
        self, identifier: str, *, idempotency_key: str | None = None
    ) -> Verification:
        """Send the same code once more. Raises TooManyRequests before its `resend_at`."""
        path = f"v1/verifications/{segment(identifier)}/resend"
        return Verification(await self._ask(path, None, idempotency_key))

    async def cancel_verification(self, identifier: str) -> Verification:
        """Call a verification off: its code is good for nothing any more."""
        path = f"v1/verifications/{segment(identifier)}"
        return Verification((await self._request("DELETE", path)).document)

    async def verification(self, identifier: str) -> Verification:
        """One verification."""
        return Verification(await self._get(f"v1/verifications/{segment(identifier)}"))

    def verifications(self, **filters: Unpack[VerificationFilters]) -> AsyncIterator[Verification]:
        """Verifications, newest first; a page is fetched when it is wanted."""
        return self._pages("v1/verifications", asked(filters), Verification)

    async def stopped_prefixes(self) -> list[StoppedPrefix]:
        """The prefixes to which no code goes now, the last one first."""
        return [StoppedPrefix(item) for item in (await self._get("v1/stopped-prefixes"))["items"]]

    async def lift_prefix(self, prefix: str) -> None:
        """Let codes go to a prefix again."""
        await self._request("DELETE", f"v1/stopped-prefixes/{segment(prefix)}")
