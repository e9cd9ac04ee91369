"""Services behind *100# and its sisters, and the way their texts travel (TS 27.007 7.15)."""

from __future__ import annotations

from dataclasses import dataclass

from modemgw.sms.gsm7 import gsm7
from modemgw.sms.septets import pack, unpack
from modemgw.virtual.body import Body
from modemgw.virtual.charset import from_charset, to_charset
from modemgw.virtual.personalities import UssdCoding
from modemgw.virtual.running import DEFERRED, Reply, Running
from modemgw.virtual.session import Session

_GSM7_DCS = 15
_UCS2_DCS = 72
_CR_SEPTET = 13


@dataclass(frozen=True, slots=True)
class Answer:
    """What the network says to a request. `m` as in +CUSD: 0 done, 1 reply expected, 2 ended by
    the network, 4 not supported, 5 network time-out."""

    m: int
    text: str = ""
    after: float = 0.0
    """Seconds besides the usual."""
    line: str = ""
    """What the modem prints, whatever its make; empty: `m` and `text`, written as the make does."""


BALANCE = "*100#"

SERVICES: dict[str, Answer] = {
    "*101#": Answer(1, "1 Balance\n2 Tariff\n3 Number\n0 End"),
    "*102#": Answer(
        0,
        "Ваш баланс 12.34 €. Спасибо, что вы с нами! Этот ответ длинный и приходит в UCS-2.",
    ),
    "*103#": Answer(5, after=30.0),
    "*104#": Answer(2, "Session ended by the network."),
    "*105#": Answer(0, 'Line one\r\nLine "two"'),
    "*106#": Answer(0, "Late, but here.", after=30.0),
    "*107#": Answer(0, line='+CUSD: 0,"596F75722062616C616E636520697320352E3030",68'),
    "*108#": Answer(1, line='+CUSD: 1,"Pick "one":\r\n1 Balance\r\nOK\r\nERROR\r\n> Next page",15'),
    "*109#": Answer(2, line='+CUSD: 2,"The closing quote of this text is mis5'),
    "*110#": Answer(0, line='+CUSD: 0,"06310635064A062F0643003A00200035",15'),
}
"""By request. `*100#` is the balance of the SIM; anything else is not supported."""

MENU: dict[str, Answer] = {
    "2": Answer(0, "Tariff: Virtual S"),
    "0": Answer(0, "Good bye."),
    "3": Answer(1, "Number of the SIM? 1 Show\n0 End"),
}


class UssdSession:
    """One USSD dialogue at a time."""

    def __init__(self, body: Body, session: Session, running: Running) -> None:
        self._body = body
        self._session = session
        self._running = running
        self._number = 0
        self.reset()

    def reset(self) -> None:
        """No dialogue."""
        self._number += 1
        self._open = False

    def cancel(self) -> None:
        """AT+CUSD=2."""
        self.reset()

    def request(self, written: str) -> Reply:
        """AT+CUSD=1,"...": OK first and +CUSD later, or the other way round."""
        answer = self._answer(self._read(written))
        self._number += 1
        self._open = answer.m == 1
        number = self._number
        seconds = self._body.settings.ussd_seconds + answer.after

        def due() -> None:
            if number == self._number:
                self._session.results.announce(self._line(answer))

        if not self._body.personality.ussd_before_ok:
            self._body.timers.call_later(seconds, due)
            return ()

        def due_in_command() -> None:
            due()
            self._running.complete()

        self._running.later(seconds, due_in_command)
        return DEFERRED

    def _answer(self, request: str) -> Answer:
        sim = self._body.slot.inserted()
        if self._open:
            if request == "1":
                return Answer(0, sim.balance)
            return MENU.get(request, Answer(2, "Wrong choice."))
        if request == BALANCE:
            return Answer(0, sim.balance)
        return SERVICES.get(request, Answer(4))

    def _read(self, written: str) -> str:
        if self._body.personality.ussd is not UssdCoding.PACKED:
            return from_charset(self._session.parameters.charset, written)
        try:
            return unpack_text(bytes.fromhex(written))
        except ValueError:
            # Not hex: the network gets nonsense, which is what these sticks make of plain text.
            return ""

    def _line(self, answer: Answer) -> str:
        if answer.line:
            return answer.line
        if not answer.text:
            return f"+CUSD: {answer.m}"
        text, dcs = self._written(answer.text)
        shown = f",{dcs}" if self._body.personality.ussd_dcs else ""
        return f'+CUSD: {answer.m},"{text}"{shown}'

    def _written(self, text: str) -> tuple[str, int]:
        coding = self._body.personality.ussd
        try:
            septets = gsm7().encode(text)
        except UnicodeEncodeError:
            return to_charset("UCS2", text), _UCS2_DCS
        if coding is UssdCoding.PACKED:
            return pack_septets(septets).hex().upper(), _GSM7_DCS
        if coding is UssdCoding.UCS2:
            return to_charset("UCS2", text), _UCS2_DCS
        return to_charset(self._session.parameters.charset, text), _GSM7_DCS


def pack_septets(septets: bytes) -> bytes:
    """Packed as USSD wants it: CR fills a last octet that would read as @ (23.038 6.1.2.3.1)."""
    if len(septets) % 8 == 7:
        septets += bytes((_CR_SEPTET,))
    return pack(septets)


def unpack_text(octets: bytes) -> str:
    """The text in packed septets, without the CR or zero that fills its last octet."""
    count = len(octets) * 8 // 7
    septets = unpack(octets, count)
    if count % 8 == 0 and septets[-1:] in (b"\r", b"\x00"):
        septets = septets[:-1]
    return gsm7().decode(septets)
