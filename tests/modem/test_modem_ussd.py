"""USSD: every way of writing it, menus, time-outs."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from labs.modem import Rig, RigMaker

from modemgw.at import Charset, TraceLine
from modemgw.modem import UssdError, UssdUntypable
from modemgw.modem.ussd import check_ussd
from modemgw.modem.ussd_text import decode_ussd, pack_ussd


@pytest.mark.parametrize("make", ["generic", "huawei-e173", "simcom-sim800", "wavecom-fastrack"])
async def test_a_balance_is_read_from_any_make(rig: RigMaker, make: str) -> None:
    async with rig(bank={"personality": make}) as r:
        await r.ready(8)
        answer = await r.modem.ussd("*100#")
        assert answer.text == "Your balance is 12.34."
        assert not answer.more


async def test_a_menu_is_walked_through(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        menu = await r.modem.ussd("*101#")
        assert menu.more
        assert menu.text.startswith("1 Balance")
        answer = await r.modem.ussd("1")
        assert not answer.more
        assert answer.text == "Your balance is 12.34."


async def test_a_menu_can_be_left(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        await r.modem.ussd("*101#")
        await r.modem.ussd_cancel()
        assert r.commands()[-1] == "AT+CUSD=2" or "AT+CUSD=2" in r.commands()
        await r.submit()


@pytest.mark.parametrize("make", ["generic", "huawei-e173", "simcom-sim800"])
async def test_a_long_answer_in_another_script_is_read(rig: RigMaker, make: str) -> None:
    async with rig(bank={"personality": make}) as r:
        await r.ready(8)
        answer = await r.modem.ussd("*102#")
        assert answer.text.startswith("Ваш баланс 12.34 €")


async def test_an_answer_with_line_ends_and_quotes_is_read_whole(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        assert (await r.modem.ussd("*105#")).text == 'Line one\nLine "two"'


async def test_an_unknown_request_is_said_to_be_unsupported(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        with pytest.raises(UssdError, match="support"):
            await r.modem.ussd("*999#")


async def test_no_answer_in_time_cancels_the_dialogue_and_sending_goes_on(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        with pytest.raises(UssdError, match=r"within 0\.2 s"):
            await r.modem.ussd("*106#", timeout_s=0.2)
        assert "AT+CUSD=2" in r.commands()
        await r.submit()


async def test_two_requests_at_once_are_refused(rig: RigMaker) -> None:
    async with rig(bank={"ussd_seconds": 0.3}) as r:
        await r.ready()
        first = asyncio.create_task(r.modem.ussd("*100#"))
        await asyncio.sleep(0.05)
        with pytest.raises(UssdError, match="another"):
            await r.modem.ussd("*100#")
        assert (await first).text


async def test_a_modem_that_is_not_there_has_no_ussd(rig: RigMaker) -> None:
    async with rig(before=lambda bank: bank.modems[0].faults.unplug()) as r:
        with pytest.raises(UssdError, match="absent"):
            await r.modem.ussd("*100#")


def typed(r: Rig) -> list[str]:
    """The commands so far, with their texts."""
    return [line.text for line in r.modem.trace.lines(texts=True) if line.direction == ">"]


async def answered(r: Rig, octets: bytes, *, before_ok: bool = False) -> str:
    """What a request shows when the modem answers with just these octets."""
    if before_ok:
        r.virtual.body.personality = replace(
            r.virtual.body.personality, answers={'+CUSD=1,"*106#",15': (octets.decode("latin-1"),)}
        )
        return (await r.modem.ussd("*106#")).text
    accepted = asyncio.Event()
    said: list[str] = []

    def tap(line: TraceLine) -> None:
        said.append(line.text)
        if said[-2:-1] and said[-2].startswith("AT+CUSD=1") and line.text == "OK":
            accepted.set()

    r.modem.trace.tap = tap
    asked = asyncio.create_task(r.modem.ussd("*106#"))
    async with asyncio.timeout(5):
        await accepted.wait()
        r.virtual.line.results.unsolicited(b"\r\n" + octets + b"\r\n")
        return (await asked).text


@pytest.mark.parametrize("before_ok", [False, True])
async def test_answers_of_real_modems_are_read(rig: RigMaker, before_ok: bool) -> None:
    async with rig() as r:
        await r.ready()
        for octets, shown in [
            (b'+CUSD: 0,"Balance \x015.00",15', "Balance £5.00"),
            (b'+CUSD: 0,"a\x00b.c \x1be \x03 \x7f",15', "a@b.c € ¥ à"),
            (b'+CUSD:0,"plain"', "plain"),
            (b'+CUSD: 0, "blank before", 0', "blank before"),
            (b'+CUSD: 0,"EBB79B1E0685E9ECF4BADE9E03", 0', "konta atlikums"),
            (b'+CUSD: 0,"ebb79b1e0685e9ecf4bade9e03",15', "konta atlikums"),
            (b'+CUSD: 0,"596F75722062616C616E636520697320352E3030",68', "Your balance is 5.00"),
            (b'+CUSD: 0,"06310635064A062F06430020003500200631064A06270644",15', "رصيدك 5 ريال"),
            (b'+CUSD: 1,"1 Balance\r\nOK\r\n2 Top up",15', "1 Balance\nOK\n2 Top up"),
            (b'+CUSD: 1,"Welcome to "A"\r\n1 B\r\nERROR",15', 'Welcome to "A"\n1 B\nERROR'),
            (b'+CUSD: 1,"Menu\r\n> Next page",15', "Menu\n> Next page"),
            (
                b'+CUSD: 1,"' + b"\r\n".join(b"%d item" % n for n in range(20)) + b'",15',
                "\n".join(f"{n} item" for n in range(20)),
            ),
            (b'+CUSD: 2,"Pozostalo Ci 50,04zl. Dodatko5', "Pozostalo Ci 50,04zl. Dodatko5"),
            (b"+CUSD: 0,no quotes at all,15", "no quotes at all"),
            (b"+CUSD: 0,you have 5,04", "you have 5,04"),
            (b"+CUSD: 2", ""),
        ]:
            assert await answered(r, octets, before_ok=before_ok) == shown
        await r.submit()
        assert r.modem.status.timeouts == 0


@pytest.mark.parametrize("make", ["generic", "generic-ussd-first", "huawei-e173"])
async def test_what_real_modems_print_is_read_on_every_make(rig: RigMaker, make: str) -> None:
    async with rig(bank={"personality": make}) as r:
        await r.ready(8)
        for code, shown in [
            ("*107#", "Your balance is 5.00"),
            ("*109#", "The closing quote of this text is mis5"),
            ("*110#", "رصيدك: 5"),
            ("*108#", 'Pick "one":\n1 Balance\nOK\nERROR\n> Next page'),
        ]:
            assert (await r.modem.ussd(code)).text == shown
        await r.modem.ussd_cancel()
        await r.submit()


async def test_an_answer_before_the_ok_is_taken(rig: RigMaker) -> None:
    async with rig(before=lambda bank: _answers_first(bank)) as r:
        await r.ready()
        assert (await r.modem.ussd("*100#")).text == "Your balance is 12.34."
        menu = await r.modem.ussd("*101#")
        assert menu.more
        assert (await r.modem.ussd("1")).text == "Your balance is 12.34."
        await r.submit()


def _answers_first(bank: object) -> None:
    modem = bank.modems[0]  # type: ignore[attr-defined]
    modem.body.personality = replace(modem.body.personality, ussd_before_ok=True)


async def test_a_restart_behind_an_unclosed_text_is_noticed(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        cut = b'+CUSD: 2,"Dodatko5\r\n\r\nRDY\r\n\r\n+CFUN: 1'
        assert await answered(r, cut) == "Dodatko5"
        await r.until(lambda: r.modem.status.recoveries or not r.modem.ready)
        await r.ready()


async def test_a_message_announced_behind_an_unclosed_text_is_fetched(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.virtual.line.results.unsolicited(b'\r\n+CUSD: 2,"Dodatko5\r\n')
        r.bank.smsc.inject("+15550001234", r.virtual.number, "behind it")
        await r.until(lambda: r.sink.pdus)


async def test_a_character_is_typed_as_the_alphabet_in_force_has_it(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        with pytest.raises(UssdError, match="support"):
            await r.modem.ussd("Ä*1#")
        assert 'AT+CUSD=1,"[*1#",15' in typed(r)
        for text in ("£5", "€", "a@b", "_"):  # control octets, in that alphabet
            with pytest.raises(UssdUntypable, match="no way to write"):
                await r.modem.ussd(text)
    async with rig(bank={"personality": "huawei-e173"}) as r:
        await r.ready(8)
        with pytest.raises(UssdError, match="support"):
            await r.modem.ussd("£5")
        assert f'AT+CUSD=1,"{pack_ussd("£5")}",15' in typed(r)


@pytest.mark.parametrize(
    "text",
    ['*100#"', "*100#\rAT+CMGD=1,4", "\x1a", "\x1b", "Â", "при", "", "€" * 92, "\x7f", "a\n"],
)
async def test_what_is_no_request_is_refused_before_the_modem_is_asked(
    rig: RigMaker, text: str
) -> None:
    with pytest.raises(UssdUntypable):
        check_ussd(text)
    async with rig() as r:
        await r.ready()
        before = [c for c in r.commands() if "CUSD" in c]
        with pytest.raises(UssdUntypable):
            await r.modem.ussd(text)
        assert [c for c in r.commands() if "CUSD" in c] == before


async def test_the_operators_name_is_spelled_in_the_alphabet_in_force(rig: RigMaker) -> None:
    async with rig() as r:
        await r.ready()
        r.virtual.body.personality = replace(
            r.virtual.body.personality,
            answers={"+COPS?": ('+COPS: 0,0,"M\x06vil \x00 \x01 \x1be",7',)},
        )
        await r.until(lambda: r.modem.status.operator == "Mùvil @ £ €")


@pytest.mark.parametrize(
    ("charset", "written", "read"),
    [
        (Charset.GSM, "\x01 \x00 \x1be \x10", "£ @ € Δ"),
        (Charset.GSM, "caf\xc3\xa9", "café"),
        (Charset.GSM, "caf\xe9", "café"),
        (Charset.IRA, "a@b_$", "a@b_$"),
        (Charset.UCS2, "00A30040", "£@"),
        (Charset.UCS2, "not hex", "not hex"),
    ],
)
def test_strings_are_read_by_the_character_set(charset: Charset, written: str, read: str) -> None:
    assert charset.read(written) == read


def test_strings_are_written_in_the_character_set_or_not_at_all() -> None:
    assert Charset.GSM.write("*100#") == "*100#"
    assert Charset.GSM.write("Ä") == "["
    assert [Charset.GSM.write(c) for c in '@£€"_Â'] == [None] * 6
    assert Charset.IRA.write("@_") == "@_"
    assert Charset.UCS2.write("Â#") == "00C20023"


def test_packed_requests_are_those_of_the_field() -> None:
    # Captured requests of Huawei sticks; the second one has seven spare bits filled with CR.
    assert pack_ussd("*100#") == "AA180C3602"
    assert pack_ussd("*100*1#") == "AA180CA68A8D1A"


@pytest.mark.parametrize(
    ("text", "dcs", "packed", "shown"),
    [
        ("Plain text", 15, False, "Plain text"),
        ("AA180C3602", 15, True, "*100#"),
        ("AA180CA68A8D1A", 15, True, "*100*1#"),
        ("00420061006C0061006E00630065", 72, False, "Balance"),
        ("00420061006C0061006E00630065", None, False, "Balance"),
        ("12345678", 15, False, "12345678"),
        ("Face", 15, False, "Face"),
        ("", None, False, ""),
        ("FACADE99", 15, False, "FACADE99"),
        ("00120034", 15, False, "00120034"),
        ("00531ED10020006401B0003A00200035", 15, False, "Số dư: 5"),
        ("00C70041011E005200490020015E006F006B", 0, True, "ÇAĞRI Şok"),
        ("0645004D00420020003500300030002000530041005200200034", 15, False, "مMB 500 SAR 4"),
        ("0052006F006B003A00200031003000200E01", 0, False, "Rok: 10 ก"),
        ("447700900123", 15, False, "447700900123"),
        ("4420712345678901", 15, False, "4420712345678901"),
        ("A1B2C3D4E5F6", 15, False, "A1B2C3D4E5F6"),
        ("EBB79B1E0685E9ECF4BADE9E03", 0, False, "konta atlikums"),
        ("aa180c3602", 15, False, "*100#"),
        ("596F75722062616C616E636520697320352E3030", 68, False, "Your balance is 5.00"),
        ("596f75722062616c616e636520697320352e3030", 15, False, "Your balance is 5.00"),
        ("4372E9646974", 68, False, "Crédit"),
        ("00420061006C", 68, False, "Bal"),
        ("041204300448002000350020044004430431002E", 15, False, "Ваш 5 руб."),
        ("062706440631063506 4A062F".replace(" ", ""), 15, True, "الرصيد"),
        ("5269 4F59 989D 0035 0030 5143".replace(" ", ""), 15, False, "剩余额50元"),
        ("5269 4F59 989D 0035 0030 5143".replace(" ", ""), 15, True, "剩余额50元"),
        ("D83DDE000021", 72, False, "😀!"),
        ("653700480069", 17, False, "Hi"),
        ("en\nHello", 16, False, "Hello"),
        ("0047", 25, False, "0047"),
        ("ABC", 72, False, "ABC"),
        ("004100", 72, False, "A"),
        ("AB" * 4000, 15, True, "AB" * 4000),
    ],
)
def test_answers_are_decoded_by_scheme_profile_and_look(
    text: str, dcs: int | None, packed: bool, shown: str
) -> None:
    assert decode_ussd(text, dcs, packed=packed) == shown
