"""[sim_limits] and limits of one modem, [recipient_limits], [key_limits]."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from modemgw.config.base import Limit, Seconds, Section, TimeZone


class Limits(Section):
    """How much one SIM may send. Counted in parts; 0 = no limit."""

    per_minute: Limit = 0
    per_hour: Limit = 0
    per_day: Limit = 0
    per_month: Limit = 0
    unique_recipients_per_month: Limit = 0
    min_interval: Seconds = 0
    """Least time from the start of a part to that of the next message; parts go back to back."""
    jitter: Seconds = 0
    """A random time up to this is added to `min_interval`."""
    timezone: TimeZone = "UTC"
    """Where the plan's days and months begin: a name of the IANA time zone database."""
    day_reset_hour: Annotated[int, Field(ge=0, le=23)] = 0
    """The hour there in which the plan's day begins."""
    month_reset_day: Annotated[int, Field(ge=1, le=28)] = 1
    """The day on which the plan's month begins."""

    def over(self, defaults: Limits) -> Limits:
        """These limits, with the keys that were not given taken from `defaults`."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return defaults.model_copy(update=given)


class RateLimits(Section):
    """[recipient_limits], [key_limits]: messages that are refused beyond; 0 = no limit."""

    per_minute: Limit = 0
    per_hour: Limit = 0
    per_day: Limit = 0
