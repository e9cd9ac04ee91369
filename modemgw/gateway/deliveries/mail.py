"""A mail to each of some people, by the server of [smtp].

One who has it does not get it again while it is tried for the others: who they are is kept with the
answers of the store, as soon as there is somebody for whom it has to be tried again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modemgw.config import SmtpSection
from modemgw.config.handler_texts import HandlerText
from modemgw.gateway.deliveries.fields import fields_of
from modemgw.gateway.deliveries.letter import letter
from modemgw.gateway.deliveries.mail_server import Handed, MailServer, NoServer
from modemgw.gateway.deliveries.outcome import Never, Outcome, Retry, Taken
from modemgw.store import AnsweredBefore, Payload, Store, Transaction


@dataclass(frozen=True, slots=True)
class Wording:
    """Templates of a mail."""

    subject: str
    body: str


OF_MESSAGES = Wording(
    "SMS from {{ from }}",
    "{{ text }}\n\nFrom: {{ from }}\nTo: {{ to or modem }}\nReceived: {{ received_at }}\n",
)
"""Where the configuration does not say …"""
OF_CALLS = Wording(
    "Call from {{ from or 'an unknown number' }}{% if name %} ({{ name }}){% endif %}",
    "From: {{ from or 'an unknown number' }}\nTo: {{ to or modem }}\nAt: {{ received_at }}\n",
)
"""… and of calls."""
REST_S = 10.0
"""After a server could not be reached, no other mail is tried for so long."""
OF_MAILS = "handler:mail"
"""What stands for the API key where it is kept who has a mail."""
TAKEN, REFUSED = b"taken", b"refused"


class Mail:
    """Mails what was received to `to`."""

    def __init__(
        self,
        to: Sequence[str],
        server: SmtpSection,
        *,
        store: Store,
        at_once: int,
        subject: str,
        body: str,
    ) -> None:
        self._to = tuple(dict.fromkeys(to))
        self._sender = server.sender
        self._store = store
        self._server = MailServer(server, at_once)
        self._subject = HandlerText(subject)
        self._body = HandlerText(body)

    async def deliver(self, payload: Payload) -> Outcome:
        """See Kind."""
        try:
            fields = fields_of(payload)
            subject, body = self._subject.render(fields), self._body.render(fields)
        except ValueError as error:
            return Never("its text cannot be made of this", str(error), code="template")
        octets = letter(payload, sender=self._sender, to=self._to, subject=subject, body=body)
        before = await self._known(payload)
        left = [one for one in self._to if one not in before]
        handed = Handed()
        if left:
            try:
                handed = await self._server.hand_over(left, octets)
            except NoServer as error:
                return Retry(str(error), error.detail, rest_s=REST_S)
        refused = {one for one, how in before.items() if how == REFUSED}
        later = [one for one, refusal in handed.refused.items() if refusal.for_now]
        says = "; ".join(f"{one}: {r.code} {r.text}" for one, r in handed.refused.items())
        if later:
            await self._remember(payload, handed)
            return Retry(f"the mail server does not take it yet for {_people(later)}", says)
        refused |= handed.refused.keys()
        if refused:
            return Never(f"the mail server refuses it for {_people(sorted(refused))}", says)
        return Taken()

    async def close(self) -> None:
        """See Kind."""
        await self._server.close()

    async def _known(self, payload: Payload) -> Mapping[str, bytes]:
        """Of whom it is known what became of it."""
        if len(self._to) == 1:
            return {}
        found: dict[str, AnsweredBefore | None] = await self._store.look_up(
            lambda view: {to: view.answers.find(OF_MAILS, _key(payload, to)) for to in self._to}
        )
        return {to: answer.body for to, answer in found.items() if answer is not None}

    async def _remember(self, payload: Payload, handed: Handed) -> None:
        known = dict.fromkeys(handed.taken, TAKEN)
        known |= {to: REFUSED for to, why in handed.refused.items() if not why.for_now}

        def write(tx: Transaction) -> None:
            for to, how in known.items():
                tx.answers.remember(OF_MAILS, _key(payload, to), "", how)

        if known:
            await self._store.write(write, keep=True)


def _key(payload: Payload, to: str) -> str:
    """The same at each try; another one when the delivery is replayed."""
    return f"{payload.id}@{payload.waiting_since:.3f}/{to}"


def _people(addresses: Sequence[str]) -> str:
    """They stand in the configuration: they may be named in the log."""
    return ", ".join(addresses)
