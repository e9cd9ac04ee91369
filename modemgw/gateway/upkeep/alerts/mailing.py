"""Alerts as mails, by the server of [smtp]."""

from __future__ import annotations

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from modemgw.config import Config, SmtpSection
from modemgw.gateway.deliveries.mail_server import MailServer, NoServer
from modemgw.gateway.following import Rest, nothing_left
from modemgw.gateway.upkeep.alerts.notices import Notice, NotTaken
from modemgw.plain import printable
from modemgw.store import Alert

AT_ONCE = 1
"""Notices go one after the other."""


class Mailing:
    """Hands alerts over to the mail server of the configuration in force."""

    def __init__(self, config: Config) -> None:
        self._section = config.smtp

    def follow(self, config: Config) -> Rest:
        """See Follower."""
        self._section = config.smtp
        return nothing_left()

    async def mail(self, notice: Notice, to: str) -> None:
        """Hand over one mail. Raises NotTaken."""
        section = self._section
        if section is None:
            raise NotTaken("no mail server is configured: [smtp] with host and from")
        server = MailServer(section, AT_ONCE)  # alerts are rare: no connection is kept for them
        try:
            handed = await server.hand_over([to], letter(notice, section, to))
        except NoServer as error:
            raise NotTaken(": ".join(filter(None, (str(error), error.detail)))) from error
        finally:
            await server.close()
        if (refusal := handed.refused.get(to)) is not None:
            raise NotTaken(f"the mail server says {refusal.code} {refusal.text}")


def letter(notice: Notice, section: SmtpSection, to: str) -> bytes:
    """The mail (RFC 5322). What a network said, and is quoted, can become no header."""
    alert = notice.alert
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = Address(addr_spec=section.sender)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = printable(f"{notice.title}: {alert.subject}")
    at = alert.raised_at if alert.cleared_at is None else alert.cleared_at
    mail["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
    state = "raised" if alert.cleared_at is None else "cleared"
    mail["Message-ID"] = f"<{alert.id}.{state}@{section.sender.rpartition('@')[2]}>"
    if alert.cleared_at is not None:  # in one thread with the mail that it was raised
        mail["In-Reply-To"] = f"<{alert.id}.raised@{section.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834
    mail.set_content("\n".join(_lines(alert)))
    return mail.as_bytes()


def _lines(alert: Alert) -> list[str]:
    told = [
        printable(alert.reason),
        "",
        f"Alert: {alert.alert} ({alert.severity})",
        f"About: {alert.subject}",
        f"Measured: {alert.value:g} (threshold {alert.threshold:g})",
        f"Raised: {_moment(alert.raised_at)}",
    ]
    if alert.cleared_at is not None:
        told.append(f"Cleared: {_moment(alert.cleared_at)}")
    return [*told, f"Silence it for an hour: modemgw alerts silence {alert.id} 3600", ""]


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
