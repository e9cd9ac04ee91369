"""Who may be sent what; and what is kept about one number."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from modemgw.client.answers import (
    Consent,
    ConsentsOfNumber,
    ImportReport,
    PrivacyErasure,
    PrivacyExport,
)
from modemgw.client.outgoing import asked, moment
from modemgw.client.transport import Transport, segment

CSV = "text/csv"

ConsentState = Literal["opted_in", "opted_out"]


class ConsentFilters(TypedDict, total=False):
    """Which decisions to list."""

    number: str | None
    state: ConsentState | None
    scope: str | None
    """"" for those about everything."""
    limit: int
    """Of one page, 1 to 1000."""


class Consents(Transport):
    """Calls about consents and privacy."""

    def consents(self, **filters: Unpack[ConsentFilters]) -> AsyncIterator[Consent]:
        """Decisions that stand, the newest first; a page is fetched when it is wanted."""
        return self._pages("v1/consents", asked(filters), Consent)

    async def consent(self, number: str) -> ConsentsOfNumber:
        """All that is known of a number."""
        return ConsentsOfNumber(await self._get(f"v1/consents/{segment(number)}"))

    async def record_consent(
        self,
        number: str,
        state: ConsentState,
        source: str,
        *,
        scope: str | None = None,
        evidence: str | None = None,
        at: datetime | str | None = None,
    ) -> Consent:
        """Record that somebody has opted in or out. `at`: when, if that was before now."""
        body: dict[str, Any] = {"number": number, "state": state, "source": source}
        body |= {} if scope is None else {"scope": scope}
        body |= {} if evidence is None else {"evidence": evidence}
        body |= {} if at is None else {"at": moment(at)}
        return Consent(await self._post("v1/consents", body))

    async def import_consents(
        self, sheet: str | bytes, *, dry_run: bool = False, again: bool = False
    ) -> ImportReport:
        """Record the decisions of a list (CSV), or say what it would change (`dry_run`).

        `again`: who has opted out may be let in by rows that are later.
        """
        reply = await self._request(
            "POST",
            "v1/consents/import",
            query={"dry_run": "true" if dry_run else None, "again": "true" if again else None},
            text=(sheet.encode() if isinstance(sheet, str) else sheet, CSV),
            repeatable=True,
        )
        return ImportReport(reply.document)

    def export_consents(self) -> AsyncGenerator[bytes, None]:
        """Every decision that stands, as CSV, part by part."""
        return self._download("v1/consents/export")

    async def erase_consent(self, number: str) -> None:
        """Erase what a number has decided; who has opted out stays so."""
        await self._request("DELETE", f"v1/consents/{segment(number)}")

    async def export_privacy(self, number: str) -> PrivacyExport:
        """Everything that is kept about a number."""
        return PrivacyExport(
            await self._post("v1/privacy/export", {"number": number}, repeatable=True)
        )

    async def erase_privacy(self, number: str, *, dry_run: bool = False) -> PrivacyErasure:
        """Erase everything that is kept about a number, or say what there is (`dry_run`)."""
        body = {"number": number, "dry_run": dry_run}
        return PrivacyErasure(await self._post("v1/privacy/erase", body, repeatable=True))
