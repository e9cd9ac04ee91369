"""The rule that nobody is woken: a type's quiet hours, by the clock of each recipient."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from modemgw.config import Config, windows
from modemgw.gateway.admission.quiet_hours import QuietHours
from modemgw.gateway.admission.rule import Addressee, Check, Deferral, Draft, Rule
from modemgw.gateway.admission.zones import zones_of
from modemgw.gateway.errors import FieldProblem, NotYet, Rejected
from modemgw.gateway.outgoing.job import Job
from modemgw.store.records import ErrorInfo

QUIET_HOURS = "quiet-hours"
"""The code of what waits, or is refused, for their sake."""


class QuietHoursRule(Rule):
    """Lets what would come in quiet hours wait for their end, where its validity allows that."""

    def configure(self, config: Config) -> None:
        """See Rule."""
        self._by_type = {
            name: QuietHours(windows(policy.quiet_hours))
            for name, policy in config.type.by_name().items()
            if policy.quiet_hours
        }
        self._elsewhere = (config.gateway.timezone,)

    def each(self, draft: Draft) -> Check | None:
        """See Rule."""
        quiet = self._by_type.get(draft.new.type)
        if quiet is None:
            return None
        at, expires_at = draft.send_at or draft.request.now, draft.expires_at
        deferrals: dict[tuple[float, str], Deferral] = {}

        def wait(one: Addressee) -> None:
            found = self._until(quiet, one.to, at)
            if found is None:
                return
            deferral = deferrals.get(found)
            if deferral is None:
                deferral = deferrals[found] = Deferral(found[0], _why(*found))
            if deferral.until >= expires_at:
                raise Rejected([FieldProblem("to", _too_late(deferral), QUIET_HOURS)])
            one.deferral = deferral

        return wait

    def at_sending(self, job: Job) -> None:
        """See Rule. What a stopped modem has held back must not go out at night."""
        quiet = self._by_type.get(job.type)
        if quiet is None:
            return
        clock = self.surroundings.clock
        found = self._until(quiet, job.to, clock.date())
        if found is None:
            return
        deferral = Deferral(found[0], _why(*found))
        if clock.steady(deferral.until) >= job.expires_at:
            raise Rejected([FieldProblem("to", _too_late(deferral), QUIET_HOURS)])
        raise NotYet(deferral.until, deferral.why.detail, QUIET_HOURS)

    def _until(self, quiet: QuietHours, to: str, at: float) -> tuple[float, str] | None:
        """When quiet hours end for a number in which `at` lies, and where; None: it lies in none.

        Where it would always be night somewhere, as for one that may be all around the globe, the
        zone of the configuration decides, as for one that may be anywhere.
        """
        zones = zones_of(to) or self._elsewhere
        until = quiet.until(zones, at)
        if until == math.inf:
            zones = self._elsewhere
            until = quiet.until(zones, at)
        if until is None:
            return None
        return until, zones[0] if len(zones) == 1 else f"{len(zones)} time zones"


def _why(until: float, where: str) -> ErrorInfo:
    if where.endswith("zones"):
        shown = datetime.fromtimestamp(until, UTC).strftime("%a %H:%M UTC")
        detail = f"its recipient may be in {where}, and it is quiet in one of them until {shown}"
    else:
        shown = datetime.fromtimestamp(until, ZoneInfo(where)).strftime("%a %H:%M")
        detail = f"it is quiet where its recipient is ({where}) until {shown} there"
    return ErrorInfo(QUIET_HOURS, detail, permanent=False)


def _too_late(deferral: Deferral) -> str:
    return f"{deferral.why.detail}, and its validity ends before that"
