"""What makes one make of modem unlike another, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class EmptySlot(StrEnum):
    """What AT+CMGR answers for a slot with nothing in it."""

    OK = "bare OK"
    ZERO = "+CMGR: 0,,0"
    INVALID_INDEX = "+CMS ERROR: 321"


class UssdCoding(StrEnum):
    """How a USSD string travels on the line."""

    PLAIN = "plain"
    UCS2 = "ucs2"
    PACKED = "packed"


class TypedAhead(StrEnum):
    """What becomes of octets that are typed while a message is on its way to the network."""

    QUEUED = "queued"
    """They are a command line once the result is there (27.005: +CMGS cannot be aborted)."""
    DROPPED = "dropped"
    ABORTS = "aborts"
    """The command ends in ERROR at once; the message goes its way all the same."""


@dataclass(frozen=True, slots=True)
class Cnmi:
    """A set of AT+CNMI values, one tuple for each of mode, mt, bm, ds, bfr (TS 27.005 3.4.1)."""

    modes: tuple[int, ...] = (0, 1, 2)
    mt: tuple[int, ...] = (0, 1, 2, 3)
    bm: tuple[int, ...] = (0, 2)
    ds: tuple[int, ...] = (0, 1, 2)
    bfr: tuple[int, ...] = (0, 1)

    def fields(self) -> tuple[tuple[int, ...], ...]:
        return (self.modes, self.mt, self.bm, self.ds, self.bfr)

    def takes(self, values: tuple[int, ...]) -> bool:
        return all(value in allowed for value, allowed in zip(values, self.fields(), strict=True))


@dataclass(frozen=True, slots=True)
class Chatter:
    """An unsolicited line that comes again and again until it is switched off."""

    line: str
    every_seconds: float
    silenced_by: str = ""
    """Command line (without AT, upper case) that stops it; empty: nothing does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Personality:
    """One make of modem. The defaults are a modem that does what 27.005 and 27.007 say."""

    name: str
    manufacturer: str
    model: str
    revision: str
    type_allocation: str = "35999900"
    """First eight digits of the IMEI."""

    # identity
    ati: tuple[str, ...] = ()
    """Lines of ATI, {imei} filled in; empty: manufacturer, model, revision."""
    identity_prefix: bool = False
    """AT+CGMI and its sisters answer with their own name before the text."""
    iccid_commands: tuple[tuple[str, str], ...] = (("+CCID", "+CCID: {iccid}"),)
    """Command and the form of its answer; {swapped} is the ICCID as EF_ICCID holds it."""

    # framing
    prompt: bytes = b"\r\n> "
    hold_in_prompt: bool = True
    """Unsolicited results wait while the prompt is open; else they appear in it."""
    line_limit: int = 512
    cmgs_blank_lines: int = 0
    """Additional line ends between +CMGS: and OK."""
    lead: bytes = b"\r\n"
    """Before each line of an answer under V1."""
    tail: bytes = b"\r\n"
    """Behind it."""
    blank_before_pdu: bool = False
    lower_case_pdu: bool = False
    pdu_tail: str = ""
    """Printed behind every PDU, such as `,0`."""
    pad_reports_to: int = 0
    """Reports are filled with FF to this many octets; <length> stays true."""
    sticks_on_bad_pdu: bool = False
    """After a PDU that it cannot use it stays at the prompt, without a word, until ESC."""
    report_header: str = "+CDS: {length}"
    unknown_command: str = "ERROR"
    escape_answer: str = "OK"
    """Answer to ESC at the prompt; empty: none."""
    pin_query_without_ok: bool = False

    # start and reset
    boot_seconds: float = 4.0
    """From power-up to SMS ready."""
    boot_lines: tuple[tuple[float, str], ...] = ()
    """Banner: (seconds after power-up, line). `{pin}` stands for the answer of AT+CPIN?."""
    wake_seconds: float = 0.0
    """So long after power-up it hears nothing at all."""
    sim_seconds: float = 0.0
    """So long after power-up the SIM is busy (+CME ERROR: 14)."""
    after_pin_seconds: float = 2.0
    """From the right PIN to SMS ready and registration."""
    radio_seconds: float = 0.0
    """From the OK of AT+CFUN=1 to registration."""
    initialising: str = "+CMS ERROR: 515"
    """What an SMS command answers before SMS is ready."""
    reset_commands: tuple[str, ...] = ()
    """Command lines (without AT, upper case) that restart the modem besides AT+CFUN=1,1."""
    cfun_resets: bool = True
    reset_unplugs: bool = False
    """The port vanishes during a restart and comes back under another name."""
    off_commands: tuple[str, ...] = ()
    """Command lines that switch it off until power returns."""
    off_line: str = ""
    chatter: tuple[Chatter, ...] = ()
    delete_all: str = ""
    """Command line (without AT) that empties the reading store."""

    # messages
    cnmi_advertised: str = ""
    """The answer of AT+CNMI=? after the prefix; empty: what is accepted."""
    cnmi: Cnmi = field(default_factory=Cnmi)
    cnmi_default: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    cnmi_ignored: Cnmi | None = None
    """Values outside this set are answered OK and dropped; None: no such habit."""
    cnmi_omitted_is_zero: bool = False
    """Values left out of AT+CNMI= are 0; else they stay as they are."""
    direct_needs_csms1: bool = False
    csms: tuple[int, ...] = (0, 1)
    csms_answer: str = "+CSMS: {service},1,1,1"
    acknowledge_with_pdu: bool = True
    stores: Mapping[str, int] = field(default_factory=lambda: {"SM": 30, "ME": 100})
    """Size by name, without MT (which is SM and ME together)."""
    combined_store: bool = True
    default_store: str = "SM"
    index_base: int = 0
    """First index of every store."""
    cpms_arguments: int = 3
    cpms_nested: bool = False
    read_header: str = "+CMGR: {stat},,{length}"
    empty_slot: EmptySlot = EmptySlot.OK
    unlistable: frozenset[str] = frozenset()
    """Stores that count their messages and show none of them."""
    report_store: str | None = None
    """Where ds=2 puts reports; None: the receiving store (mem3)."""
    report_announced_as: str | None = None
    """The store that +CDSI names; None: the true one."""
    report_store_readable: bool = True
    list_needs_words: bool = False
    """AT+CMGL=4 is refused with 303 even in PDU mode: it wants "ALL"."""
    glued_list: bool = False
    """No line end between a listed PDU and the next +CMGL."""
    own_reference: bool = False
    """TP-MR starts at 0 with every power-up, whatever the SIM says."""
    cmms: tuple[int, ...] = (0, 1, 2)
    full_line: str = ""
    """Printed instead of +CMTI when a message found no room."""
    resume_after_delete: bool = True
    """Tells the network (RP-SMMA) when room appears; else only a restart does."""
    typed_while_sending: TypedAhead = TypedAhead.QUEUED
    refused_before_prompt: bool = True
    """Not registered: refused instead of the prompt, else after Ctrl-Z."""
    unregistered_code: int = 331
    type_0_shown: bool = False
    class_0_direct: bool = True
    """A class 0 message comes as +CMT even at mt=1."""

    # network and the rest
    registration_unquoted: bool = False
    technology: int = 7
    """<AcT> in registration answers: 0 GSM, 2 UTRAN, 7 E-UTRAN (TS 27.007 7.2)."""
    eps: bool = True
    """Has AT+CEREG."""
    charset: str = "IRA"
    """AT+CSCS at power-up."""
    ussd: UssdCoding = UssdCoding.PLAIN
    ussd_before_ok: bool = False
    ussd_dcs: bool = True
    """The answer ends with its coding scheme."""
    sim_removed_line: str = ""
    sim_inserted_line: str = ""
    """Printed when the SIM goes or comes; {pin} is its state."""
    pin_counter: tuple[str, str] | None = None
    """Command that tells the tries left, and its answer with {pin} and {puk}."""
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Whole commands (upper case, without AT) with fixed lines before OK."""
    refused: frozenset[str] = frozenset()
    """Commands of the standards that this make does not know; with ? or =? only that form."""
    basic_chains: bool = True
    """Takes several basic commands in a line, such as ATE0V1."""

    @property
    def own_commands(self) -> frozenset[str]:
        """Commands of its maker besides those in `answers`: for the ICCID, for the tries left."""
        counter = () if self.pin_counter is None else (self.pin_counter[0],)
        return frozenset(name for name, _ in self.iccid_commands).union(counter)
