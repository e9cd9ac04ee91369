"""One command at a time: timeouts, late answers, prompts, cancellation, resynchronisation."""

from __future__ import annotations

import asyncio

import pytest
from labs.channel import OK, PROMPT, ScriptedPort
from labs.clock import in_virtual_time

from modemgw.at import (
    ChannelClosed,
    CommandFailed,
    CommandTimeout,
    NothingSent,
    OutOfSync,
    Probe,
)

SEND, BODY = "AT+CMGS=4", "0001AA"
SENT = BODY.encode() + b"\x1a"
ALIVE = {b"AT\r": OK, b"AT+CMEE?\r": b"\r\n+CMEE: 1\r\n" + OK}


async def granted() -> None:
    pass


async def send(port: ScriptedPort, authorise: object = None, timeout_s: float = 60.0) -> str:
    response = await port.channel.submit(
        SEND,
        BODY,
        authorise=granted() if authorise is None else authorise,  # type: ignore[arg-type]
        prompt_s=10.0,
        timeout_s=timeout_s,
    )
    return response.line


@in_virtual_time
async def test_commands_asked_at_once_go_out_one_after_the_other() -> None:
    port = ScriptedPort({b"AT+CSQ\r": (1.0, b"+CSQ: 9,99" + OK), b"AT+CGMM\r": b"X1" + OK})
    one, two = await asyncio.gather(port.channel.command("AT+CSQ"), port.channel.command("AT+CGMM"))
    assert (one.line, two.line) == ("+CSQ: 9,99", "X1")
    assert port.log == [b"AT+CSQ\r", b"AT+CGMM\r"]


@in_virtual_time
async def test_an_urgent_command_overtakes_those_that_wait() -> None:
    port = ScriptedPort({b"AT+A\r": (1.0, OK), b"AT+B\r": OK, b"AT+C\r": OK})
    await asyncio.gather(
        port.channel.command("AT+A"),
        port.channel.command("AT+B"),
        port.channel.command("AT+C", urgent=True),
    )
    assert port.log == [b"AT+A\r", b"AT+C\r", b"AT+B\r"]


@in_virtual_time
async def test_an_error_result_is_raised_with_its_code() -> None:
    port = ScriptedPort({b"AT+CPIN?\r": b"\r\n+CME ERROR: 10\r\n"})
    with pytest.raises(CommandFailed) as caught:
        await port.channel.command("AT+CPIN?")
    assert (caught.value.code.kind, caught.value.code.number) == ("CME", 10)
    assert caught.value.after_s is None


@in_virtual_time
async def test_after_a_timeout_nothing_is_sent_until_the_channel_is_in_step_again() -> None:
    port = ScriptedPort(ALIVE)
    with pytest.raises(CommandTimeout):
        await port.channel.command("AT+CSQ", timeout_s=1.0)
    assert port.timeouts
    with pytest.raises(OutOfSync):
        await port.channel.command("AT+CGMM")
    await port.channel.resync()
    port.answers[b"AT+CGMM\r"] = b"X1" + OK
    assert (await port.channel.command("AT+CGMM")).line == "X1"


@in_virtual_time
async def test_a_late_answer_is_never_taken_for_the_next_commands_answer() -> None:
    # The modem was busy: it answers the old command, then what was typed meanwhile.
    port = ScriptedPort(ALIVE)
    port.answers[b"AT\r"] = [None, (0.2, b"\r\n+CSQ: 20,99\r\n" + OK + OK + OK)]
    with pytest.raises(CommandTimeout):
        await port.channel.command("AT+CSQ", timeout_s=1.0)
    await port.channel.resync()
    port.answers[b"AT+CGMM\r"] = b"X1" + OK
    assert (await port.channel.command("AT+CGMM")).lines == ("X1",)


@in_virtual_time
async def test_a_late_ok_during_the_proof_does_not_end_it() -> None:
    port = ScriptedPort(ALIVE)
    port.answers[b"AT+CMEE?\r"] = [OK, b"\r\n+CMEE: 1\r\n" + OK]
    await port.channel.resync()
    assert port.log.count(b"AT+CMEE?\r") == 2


@in_virtual_time
async def test_a_modem_without_cmee_can_be_resynchronised() -> None:
    port = ScriptedPort({b"AT\r": OK, b"AT+CMEE?\r": b"\r\nERROR\r\n"})
    await port.channel.resync()
    assert port.channel.in_sync


@in_virtual_time
async def test_a_silent_modem_fails_the_resynchronisation() -> None:
    port = ScriptedPort()
    with pytest.raises(CommandTimeout):
        await port.channel.resync(tries=3)
    assert port.log[0].startswith(b"\x1b")
    assert port.log.count(b"AT\r") == 3


@in_virtual_time
async def test_a_cancelled_command_keeps_the_slot_until_its_answer_has_come() -> None:
    port = ScriptedPort({b"AT+COPS?\r": (5.0, b"+COPS: 0" + OK), b"AT+CSQ\r": b"+CSQ: 3,99" + OK})
    task = asyncio.create_task(port.channel.command("AT+COPS?"))
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    response = await port.channel.command("AT+CSQ")
    assert response.lines == ("+CSQ: 3,99",)
    assert asyncio.get_running_loop().time() >= 5.0


@in_virtual_time
async def test_a_cancelled_waiter_does_not_lose_the_slot_for_those_behind_it() -> None:
    port = ScriptedPort({b"AT+A\r": (1.0, OK), b"AT+B\r": OK, b"AT+C\r": OK})
    first = asyncio.create_task(port.channel.command("AT+A"))
    await asyncio.sleep(0)
    second = asyncio.create_task(port.channel.command("AT+B"))
    third = asyncio.create_task(port.channel.command("AT+C"))
    await asyncio.sleep(0.5)
    second.cancel()
    await asyncio.gather(first, third)
    assert port.log == [b"AT+A\r", b"AT+C\r"]


@in_virtual_time
async def test_a_pdu_goes_out_only_after_prompt_and_permission() -> None:
    port = ScriptedPort({b"AT+CMGS=4\r": PROMPT, SENT: b"\r\n+CMGS: 7\r\n" + OK})
    gate = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(send(port, gate))
    await asyncio.sleep(3.0)
    assert port.log == [b"AT+CMGS=4\r"]
    gate.set_result(None)
    assert await task == "+CMGS: 7"
    assert port.log == [b"AT+CMGS=4\r", SENT]


@in_virtual_time
async def test_permission_that_comes_first_waits_for_the_prompt() -> None:
    port = ScriptedPort({b"AT+CMGS=4\r": (4.0, PROMPT), SENT: b"\r\n+CMGS: 7\r\n" + OK})
    assert await send(port) == "+CMGS: 7"


@in_virtual_time
async def test_refused_permission_leaves_the_prompt_with_escape() -> None:
    port = ScriptedPort({b"AT+CMGS=4\r": PROMPT, b"\x1b": OK, b"AT+CSQ\r": b"+CSQ: 1,99" + OK})

    async def refuse() -> None:
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        await send(port, refuse())
    assert (await port.channel.command("AT+CSQ")).line == "+CSQ: 1,99"
    assert port.log == [b"AT+CMGS=4\r", b"\x1b", b"AT+CSQ\r"]


@in_virtual_time
async def test_an_error_instead_of_the_prompt_sends_nothing() -> None:
    port = ScriptedPort({b"AT+CMGS=4\r": b"\r\n+CMS ERROR: 314\r\n"})
    with pytest.raises(CommandFailed) as caught:
        await send(port)
    assert caught.value.after_s is None
    assert port.log == [b"AT+CMGS=4\r"]
    assert port.channel.in_sync


@in_virtual_time
async def test_a_prompt_that_does_not_come_is_left_with_escape_and_no_at() -> None:
    port = ScriptedPort({b"\x1b": OK})
    with pytest.raises(NothingSent):
        await send(port)
    assert port.log == [b"AT+CMGS=4\r", b"\x1b"]
    await asyncio.sleep(0.1)
    assert port.channel.in_sync


@in_virtual_time
async def test_an_error_after_the_pdu_tells_how_long_it_took() -> None:
    port = ScriptedPort({b"AT+CMGS=4\r": PROMPT, SENT: (35.0, b"\r\n+CMS ERROR: 500\r\n")})
    with pytest.raises(CommandFailed) as caught:
        await send(port)
    assert caught.value.after_s == pytest.approx(35.0)


@in_virtual_time
async def test_no_answer_after_the_pdu_is_a_timeout_and_puts_the_channel_out_of_step() -> None:
    port = ScriptedPort({b"AT+CMGS=4\r": PROMPT})
    with pytest.raises(CommandTimeout):
        await send(port)
    assert not port.channel.in_sync


@in_virtual_time
async def test_seventy_seconds_of_silence_are_waited_for_without_a_second_copy() -> None:
    port = ScriptedPort({b"AT+CMGS=4\r": PROMPT, SENT: (70.0, b"\r\n+CMGS: 9\r\n" + OK)})
    assert await send(port, timeout_s=180.0) == "+CMGS: 9"
    assert port.log.count(SENT) == 1


@in_virtual_time
async def test_an_ok_lost_after_the_reference_does_not_make_the_part_doubtful() -> None:
    port = ScriptedPort({b"AT+CMGS=4\r": PROMPT, SENT: b"\r\n+CMGS: 9\r\n"})
    assert await send(port) == "+CMGS: 9"
    assert not port.channel.in_sync
    assert port.timeouts


@in_virtual_time
async def test_unsolicited_lines_between_prompt_and_result_go_their_own_way() -> None:
    port = ScriptedPort(
        {
            b"AT+CMGS=4\r": b'\r\n+CMTI: "SM",1\r\n' + PROMPT,
            SENT: b"\r\n+CDS: 25\r\n0011AABB\r\n\r\n+CMGS: 7\r\n\r\n+CREG: 5\r\n" + OK,
        }
    )
    assert await send(port) == "+CMGS: 7"
    assert [u.name for u in port.urcs] == ["+CMTI", "+CDS", "+CREG"]
    assert port.urcs[1].pdu == "0011AABB"


@in_virtual_time
async def test_nothing_is_typed_into_an_open_prompt_but_the_pdu() -> None:
    # A handler of unsolicited results that asks something must wait for the prompt to close.
    port = ScriptedPort(
        {
            b"AT+CMGS=4\r": PROMPT,
            SENT: (2.0, b"\r\n+CMGS: 7\r\n" + OK),
            b"AT+CMGR=1\r": OK,
        }
    )
    gate = asyncio.get_running_loop().create_future()
    sending = asyncio.create_task(send(port, gate))
    await asyncio.sleep(0.5)
    port.says(b'\r\n+CMTI: "SM",1\r\n')
    reading = asyncio.create_task(port.channel.command("AT+CMGR=1"))
    await asyncio.sleep(1.0)
    gate.set_result(None)
    await asyncio.gather(sending, reading)
    assert port.log == [b"AT+CMGS=4\r", SENT, b"AT+CMGR=1\r"]


# Asked whether it still sends

ASKING = Probe("AT", 15.0)
ACCEPTED = b"\r\n+CMGS: 9\r\n" + OK


class SendingPort(ScriptedPort):
    """With a PDU in the air it answers `AT` only once it has the result, or has lost it."""

    def __init__(self, result_s: float, result: bytes = ACCEPTED, echo: bytes = b"") -> None:
        super().__init__({b"AT+CMGS=4\r": PROMPT, b"AT+CMEE?\r": b"\r\n+CMEE: 1\r\n" + OK})
        self._result_s, self._result, self._echo = result_s, result, echo
        self._busy = False
        self._ahead = 0

    def write(self, data: bytes) -> None:
        if data == SENT:
            self._busy = True
            asyncio.get_running_loop().call_later(self._result_s, self._end)
        if data == b"AT\r" and self._busy:
            self.log.append(data)
            self._ahead += 1
        elif data == b"AT\r":
            self.log.append(data)
            self.says(self._echo + OK)
        else:
            super().write(data)

    def _end(self) -> None:
        self._busy = False
        self.says(self._result)
        for _ in range(self._ahead):
            self.says(OK)


async def send_asking(port: ScriptedPort, timeout_s: float = 180.0) -> str:
    response = await port.channel.submit(
        SEND, BODY, authorise=granted(), prompt_s=10.0, timeout_s=timeout_s, probe=ASKING
    )
    return response.line


@pytest.mark.parametrize("after_s", [14.0, 15.0, 16.0, 70.0, 135.0, 179.0])
@in_virtual_time
async def test_an_answer_that_takes_long_is_taken_and_the_next_command_gets_its_own(
    after_s: float,
) -> None:
    port = SendingPort(after_s)
    assert await send_asking(port) == "+CMGS: 9"
    port.answers[b"AT+CSQ\r"] = b"\r\n+CSQ: 3,99\r\n" + OK
    assert (await port.channel.command("AT+CSQ")).lines == ("+CSQ: 3,99",)
    assert port.timeouts == []
    assert port.log.count(b"AT\r") == int((after_s - 0.001) // 15)


@pytest.mark.parametrize("lost_s", [0.0, 1.0, 14.0, 16.0, 44.0, 100.0])
@pytest.mark.parametrize("echo", [b"", b"AT\r"])
@in_virtual_time
async def test_a_modem_that_has_forgotten_its_part_is_found_out_within_the_minute(
    lost_s: float, echo: bytes
) -> None:
    port = SendingPort(lost_s, b"", echo)
    began = loop_time()
    with pytest.raises(CommandTimeout, match="forgotten"):
        await send_asking(port)
    assert loop_time() - began <= lost_s + 16
    assert port.timeouts
    assert not port.channel.in_sync


@in_virtual_time
async def test_a_pdu_that_is_echoed_though_echo_was_off_is_asked_after_at_once() -> None:
    # Reset between its prompt and the PDU: to the command line that is nonsense, and not answered.
    port = ScriptedPort({b"AT+CMGS=4\r": PROMPT, SENT: SENT, b"AT\r": b"AT\r" + OK})
    began = loop_time()
    with pytest.raises(CommandTimeout, match="forgotten"):
        await send_asking(port)
    assert loop_time() - began < 1
    # But a modem that echoes only there is sending, and says so in the end.
    port = SendingPort(3.0, SENT + ACCEPTED)
    assert await send_asking(port) == "+CMGS: 9"


@pytest.mark.parametrize("error", [b"ERROR", b"+CMS ERROR: 500", b"+CMS ERROR: 512"])
@in_virtual_time
async def test_an_error_right_behind_the_question_leaves_it_open_what_was_sent(
    error: bytes,
) -> None:
    port = ScriptedPort({b"AT+CMGS=4\r": PROMPT, b"AT\r": b"\r\n" + error + b"\r\n"})
    with pytest.raises(CommandTimeout):
        await send_asking(port)
    assert port.log.count(b"AT\r") == 1
    # It is not asked again: a part costs a doubt there, not each part.
    port.answers |= ALIVE
    await port.channel.resync()
    port.log.clear()
    del port.answers[b"AT\r"]
    with pytest.raises(CommandTimeout, match="no answer in 180 s"):
        await send_asking(port)
    assert b"AT\r" not in port.log


@in_virtual_time
async def test_a_refusal_by_the_network_is_one_whenever_it_comes() -> None:
    port = SendingPort(15.5, b"\r\n+CMS ERROR: 38\r\n")
    with pytest.raises(CommandFailed) as caught:
        await send_asking(port)
    assert caught.value.code.number == 38
    assert caught.value.after_s == pytest.approx(15.5)


@in_virtual_time
async def test_a_modem_that_drops_the_question_has_its_full_time() -> None:
    port = ScriptedPort({b"AT+CMGS=4\r": PROMPT, SENT: (70.0, ACCEPTED)})
    port.answers[b"AT+CMEE?\r"] = b"\r\n+CMEE: 1\r\n" + OK
    assert await send_asking(port) == "+CMGS: 9"
    await asyncio.sleep(1)
    assert port.channel.in_sync


@in_virtual_time
async def test_a_modem_that_is_dead_is_given_up_in_time() -> None:
    port = ScriptedPort({b"AT+CMGS=4\r": PROMPT})
    with pytest.raises(CommandTimeout, match="no answer in 180 s"):
        await send_asking(port)


@in_virtual_time
async def test_no_more_is_asked_than_is_told_and_only_while_sending() -> None:
    port = SendingPort(40.0)
    assert not port.channel.ask_after()
    task = asyncio.create_task(send_asking(port))
    await asyncio.sleep(1.0)
    for _ in range(20):
        assert port.channel.ask_after()
    assert port.log.count(b"AT\r") == 1
    assert await task == "+CMGS: 9"


def loop_time() -> float:
    return asyncio.get_running_loop().time()


@in_virtual_time
async def test_a_hastened_answer_is_given_up_sooner_and_never_later() -> None:
    for hasten_s, given_up in ((10.0, 15.0), (500.0, 60.0)):
        port = ScriptedPort({f"{SEND}\r".encode(): PROMPT})
        began = loop_time()
        sending = asyncio.create_task(send(port))
        await asyncio.sleep(5.0)
        port.channel.hasten(hasten_s)
        with pytest.raises(CommandTimeout, match=f"no answer in {given_up:g} s"):
            await sending
        assert loop_time() - began == pytest.approx(given_up)
        assert port.timeouts


@in_virtual_time
async def test_the_answer_that_comes_after_hastening_is_the_answer() -> None:
    answer = b"\r\n+CMGS: 7\r\n" + OK
    port = ScriptedPort({f"{SEND}\r".encode(): PROMPT, SENT: (14.0, answer)})
    sending = asyncio.create_task(send(port))
    await asyncio.sleep(5.0)
    port.channel.hasten(10.0)
    assert await sending == "+CMGS: 7"
    port.answers |= {b"AT+CSQ\r": (30.0, b"+CSQ: 9,99" + OK)}
    assert (await port.channel.command("AT+CSQ", timeout_s=40.0)).line == "+CSQ: 9,99"
    assert port.timeouts == []


@in_virtual_time
async def test_only_the_answer_to_a_pdu_that_is_out_is_hastened() -> None:
    port = ScriptedPort({f"{SEND}\r".encode(): (5.0, PROMPT), b"AT+CSQ\r": (5.0, OK)})
    port.answers[SENT] = (30.0, b"\r\n+CMGS: 7\r\n" + OK)
    for work in (port.channel.command("AT+CSQ"), send(port)):
        task = asyncio.create_task(work)
        await asyncio.sleep(1.0)
        port.channel.hasten(1.0)
        await task
    assert port.timeouts == []


@in_virtual_time
async def test_cancelled_before_the_prompt_the_late_prompt_is_answered_with_escape() -> None:
    port = ScriptedPort({b"AT+CMGS=4\r": (1.5, PROMPT), b"\x1b": OK, b"AT\r": OK})
    task = asyncio.create_task(send(port))
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await port.channel.command("AT")
    assert port.log == [b"AT+CMGS=4\r", b"\x1b", b"AT\r"]


@in_virtual_time
async def test_cancelled_after_the_pdu_the_slot_is_held_until_the_result() -> None:
    port = ScriptedPort(
        {b"AT+CMGS=4\r": PROMPT, SENT: (6.0, b"\r\n+CMGS: 7\r\n" + OK), b"AT\r": OK}
    )
    task = asyncio.create_task(send(port))
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await port.channel.command("AT")
    assert port.channel.in_sync
    assert asyncio.get_running_loop().time() >= 6.0


@in_virtual_time
async def test_a_lost_port_fails_everybody_and_says_why() -> None:
    port = ScriptedPort()
    first = asyncio.create_task(port.channel.command("AT+CSQ"))
    second = asyncio.create_task(port.channel.command("AT+COPS?"))
    await asyncio.sleep(0.1)
    port.channel.connection_lost(OSError("unplugged"))
    for task in (first, second):
        with pytest.raises(ChannelClosed, match="unplugged"):
            await task
    with pytest.raises(ChannelClosed):
        await port.channel.command("AT")


@in_virtual_time
async def test_a_port_lost_during_the_commit_sends_nothing() -> None:
    port = ScriptedPort({b"AT+CMGS=4\r": PROMPT})
    gate = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(send(port, gate))
    await asyncio.sleep(0.1)
    port.channel.connection_lost(OSError("unplugged"))
    gate.set_result(None)
    with pytest.raises(NothingSent):
        await task
    assert port.log == [b"AT+CMGS=4\r"]


@in_virtual_time
async def test_a_restarted_modem_fails_the_running_command_at_once() -> None:
    port = ScriptedPort()
    task = asyncio.create_task(port.channel.command("AT+CMGL=4"))
    await asyncio.sleep(0.1)
    port.channel.abandon("RDY")
    with pytest.raises(ChannelClosed, match="RDY"):
        await task
    assert not port.channel.in_sync


@in_virtual_time
async def test_an_answer_without_ok_ends_where_firmwares_are_known_for_it() -> None:
    port = ScriptedPort({b"AT+CPIN?\r": b"\r\n+CPIN: READY\r\n", b"AT\r": OK})
    assert (await port.channel.command("AT+CPIN?")).line == "+CPIN: READY"
    await port.channel.command("AT")


@in_virtual_time
async def test_an_echo_is_noticed() -> None:
    port = ScriptedPort({b"AT\r": b"AT\r" + OK})
    await port.channel.command("AT")
    assert port.channel.echo.seen


@in_virtual_time
async def test_the_trace_shows_the_wire_but_no_pin_and_no_text() -> None:
    port = ScriptedPort(
        {
            b'AT+CPIN="1234"\r': OK,
            b"AT+CMGR=1\r": b"\r\n+CMGR: 1,,24\r\n07915155000000F0040B915155001032F4\r\n" + OK,
        }
    )
    await port.channel.command('AT+CPIN="1234"')
    await port.channel.command("AT+CMGR=1")
    shown = "\n".join(line.text for line in port.trace.lines())
    assert "1234" not in shown
    assert "07915155" not in shown
    assert "AT+CMGR=1" in shown
    opened = "\n".join(line.text for line in port.trace.lines(texts=True))
    assert "07915155" in opened
    assert "1234" not in opened


def test_the_trace_is_bounded() -> None:
    from modemgw.at import Trace

    trace = Trace(size=10)
    for number in range(50):
        trace.add(float(number), ">", f"AT{number}")
    assert [line.at for line in trace.lines()] == [float(n) for n in range(40, 50)]


@in_virtual_time
async def test_no_pdu_is_typed_into_a_modem_that_echoes_again() -> None:
    # In text mode it would send the digits of the PDU as a text to the number "4".
    port = ScriptedPort({b"AT+CMGS=4\r": b"AT+CMGS=4\r" + PROMPT, b"\x1b": OK})
    with pytest.raises(NothingSent, match="reset"):
        await send(port)
    assert port.log == [b"AT+CMGS=4\r", b"\x1b"]


@in_virtual_time
async def test_no_error_repeats_a_pin() -> None:
    port = ScriptedPort({b'AT+CPIN="4711"\r': [b"\r\n+CME ERROR: 16\r\n", None]})
    with pytest.raises(CommandFailed) as refused:
        await port.channel.command('AT+CPIN="4711"')
    with pytest.raises(CommandTimeout) as silent:
        await port.channel.command('AT+CPIN="4711"')
    assert "4711" not in f"{refused.value} {silent.value} {port.timeouts}"


@in_virtual_time
async def test_a_sign_of_life_leaves_no_trace_but_what_comes_meanwhile_does() -> None:
    port = ScriptedPort({b"AT\r": b'\r\n+CMTI: "SM",1\r\n' + OK})
    await port.channel.ping()
    assert [line.text for line in port.trace.lines()] == ['+CMTI: "SM",1']


@in_virtual_time
async def test_a_command_that_rests_during_a_resynchronisation_is_not_sent_after_it() -> None:
    port = ScriptedPort(ALIVE)
    port.channel.gap_s = 5.0
    resting = asyncio.create_task(port.channel.command("AT+CSQ"))
    await asyncio.sleep(0.1)
    await port.channel.resync()
    with pytest.raises(OutOfSync):
        await resting
    port.channel.gap_s = 0.0
    await port.channel.command("AT")
    assert b"AT+CSQ\r" not in port.log


@pytest.mark.parametrize(
    "text",
    [
        'AT+CUSD=1,"*100#"\rAT+CMGD=1,4',
        "AT+CSQ\n",
        "AT+CMGS=4\x1a",
        "AT\x1b",
        "AT+CPMS=\x00",
        "AT\x7f",
        "AT\x08\x08+CFUN=0",
        'AT+CUSD=1,"Â"',
        "AT+COPS\u2028",
        "AT\x85",
    ],
)
@in_virtual_time
async def test_what_is_no_single_command_is_never_typed(text: str) -> None:
    port = ScriptedPort({b"AT+CSQ\r": b"+CSQ: 9,99" + OK})
    with pytest.raises(CommandFailed, match="not sent"):
        await port.channel.command(text)
    with pytest.raises(CommandFailed, match="not sent"):
        port.channel.write_blind(text)
    with pytest.raises(NothingSent):
        await port.channel.submit(text, BODY, authorise=granted(), prompt_s=1.0, timeout_s=1.0)
    with pytest.raises(NothingSent):
        await port.channel.submit(SEND, text, authorise=granted(), prompt_s=1.0, timeout_s=1.0)
    assert port.log == []
    assert (await port.channel.command("AT+CSQ")).line == "+CSQ: 9,99"


@in_virtual_time
async def test_an_unclosed_text_delays_what_is_behind_it_by_two_seconds_at_most() -> None:
    port = ScriptedPort({b'AT+CUSD=1,"*1#"\r': b'\r\n+CUSD: 0,"cut off\r\n' + OK})
    loop = asyncio.get_running_loop()
    started = loop.time()
    response = await port.channel.command('AT+CUSD=1,"*1#"')
    assert response.line == '+CUSD: 0,"cut off'
    assert 0.4 < loop.time() - started <= 0.6

    async def chatter() -> None:
        while True:
            await asyncio.sleep(0.3)
            port.channel.data_received(b"noise\r\n")

    noise = asyncio.create_task(chatter())
    started = loop.time()
    await port.channel.command('AT+CUSD=1,"*1#"')
    assert loop.time() - started <= 2.1
    noise.cancel()
