"""[retention]: how long ended things are kept."""

from __future__ import annotations

from modemgw.config.base import Days, Section


class RetentionSection(Section):
    """[retention]: after how many days ended things are deleted; 0 = never."""

    messages_days: Days = 0
    inbound_days: Days = 0
    events_days: Days = 30
    deliveries_days: Days = 30
    alerts_days: Days = 90
    """Of those that were cleared, counted from then."""
    usage_days: Days = 0
    """What was counted, by day."""
    audit_days: Days = 365
    """What admins did."""
    verifications_days: Days = 30
    """Verifications that have ended."""
