"""The pure decisions: verdicts, ladder, states, CNMI candidates, profiles."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.modem import ErrorClass, ErrorCode, ModemState, classify
from modemgw.modem.error_tables import CME, CMS
from modemgw.modem.initialise import cnmi_candidates
from modemgw.modem.ladder import (
    RESTARTS_FORGIVEN,
    Cause,
    Ladder,
    Step,
    climb,
    fault_of_refusal,
    open_retry_s,
    quarantine_s,
    recovered,
)
from modemgw.modem.profiles import PROFILES, by_name, select
from modemgw.modem.states import (
    TRANSITIONS,
    IllegalTransition,
    ModemEvent,
    diagram,
    next_state,
)

# Verdicts


def verdict(kind: str, number: int | None, after: float = 1.0, profile: str = "generic") -> str:
    code = ErrorCode(kind, number)
    return classify(code, profile=by_name(profile), elapsed_s=after).error_class


@pytest.mark.parametrize(
    ("kind", "number", "after", "profile", "expected"),
    [
        ("CMS", 1, 1, "generic", "recipient"),
        ("CMS", 10, 1, "generic", "barred"),
        ("CMS", 21, 1, "generic", "other_sim"),
        ("CMS", 41, 1, "generic", "same_sim"),
        ("CMS", 77, 1, "generic", "same_sim"),  # unknown cause: as 41
        ("CMS", 128, 1, "generic", "message"),
        ("CMS", 150, 1, "generic", "same_sim"),  # reserved TP-FCS: as 255
        ("CMS", 197, 1, "generic", "accepted"),
        ("CMS", 230, 1, "generic", "same_sim"),
        ("CMS", 300, 1, "generic", "modem"),
        ("CMS", 322, 1, "generic", "storage"),
        ("CMS", 330, 1, "generic", "configuration"),
        ("CMS", 331, 1, "generic", "same_sim"),
        ("CMS", 331, 40, "generic", "ambiguous"),
        ("CMS", 332, 1, "generic", "ambiguous"),
        ("CMS", 350, 135, "quectel", "ambiguous"),
        ("CMS", 500, 1, "generic", "same_sim"),
        ("CMS", 500, 35, "generic", "ambiguous"),
        ("CMS", 513, 1, "wavecom", "ambiguous"),
        ("CMS", 513, 1, "simcom-2g", "message"),
        ("CMS", 513, 1, "cinterion", "storage"),
        ("CMS", 513, 1, "generic", "same_sim"),
        ("CMS", 999, 1, "generic", "same_sim"),
        ("CME", 10, 0, "generic", "modem"),
        ("CME", 16, 0, "generic", "configuration"),
        ("CME", 31, 5, "generic", "ambiguous"),
        ("CME", 31, 0, "generic", "same_sim"),
        ("CME", 103, 0, "generic", "barred"),
        ("CME", 9999, 0, "generic", "same_sim"),
        ("ERROR", None, 1, "generic", "same_sim"),
    ],
)
def test_an_error_has_its_class(
    kind: str, number: int | None, after: float, profile: str, expected: str
) -> None:
    assert verdict(kind, number, after, profile) == expected


def test_waits_are_those_of_the_table() -> None:
    busy = classify(ErrorCode("CMS", 38), profile=None, elapsed_s=0)
    assert (busy.wait_s, busy.also_other_sim, busy.once) == (120, True, False)
    odd = classify(ErrorCode("CMS", 21), profile=None, elapsed_s=0)
    assert odd.once


def test_every_code_says_what_it_means() -> None:
    for table in (CMS, CME):
        for number, row in table.items():
            assert row.meaning, number
            assert row.error_class in ErrorClass


def test_every_tabled_code_of_the_specifications_is_there() -> None:
    causes = {1, 8, 10, 17, 21, 22, 27, 28, 29, 30, 38, 41, 42, 47, 50, 69, 81}
    causes |= {95, 96, 97, 98, 99, 111, 127}
    failures = {128, 129, 130, 143, 144, 145, 159, 160, 161, 175, 176}
    failures |= {192, 193, 194, 195, 196, 197, 198, 199, 208, 209, 210, 211, 212, 213, 255}
    equipment = {300, 301, 302, 303, 304, 305, 320, 321, 322, 330, 331, 332, 340, 500}
    equipment |= set(range(310, 319))
    assert causes | failures | equipment | set(range(224, 255)) <= set(CMS)
    assert {3, 4, 10, 11, 12, 13, 14, 15, 16, 30, 31, 32, 100} <= set(CME)


@given(
    st.sampled_from(["CMS", "CME", "EXT", "ERROR"]),
    st.none() | st.integers(-5, 100_000),
    st.floats(0, 1000),
    st.sampled_from(PROFILES),
)
def test_any_code_gets_a_verdict(
    kind: str, number: int | None, after: float, profile: object
) -> None:
    found = classify(ErrorCode(kind, number), profile=profile, elapsed_s=after)  # type: ignore[arg-type]
    assert found.meaning
    assert found.wait_s >= 0


# The ladder


def test_a_fault_soon_after_a_recovery_takes_the_next_step_and_so_on_to_quarantine() -> None:
    ladder = Ladder()
    steps = []
    for now in range(6):
        ladder = climb(ladder, Cause.SILENT, float(now), steady_s=60, usb=True)
        steps.append(ladder.step)
        ladder = recovered(ladder, float(now))
    assert steps == [
        Step.RESYNC,
        Step.REINIT,
        Step.RESET,
        Step.REOPEN,
        Step.USB,
        Step.QUARANTINE,
    ]


def test_without_the_right_the_usb_step_is_left_out() -> None:
    ladder = Ladder(Step.REOPEN)
    assert climb(ladder, Cause.SILENT, 0, steady_s=60, usb=False).step is Step.QUARANTINE


def test_a_steady_time_brings_a_modem_back_to_the_foot() -> None:
    ladder = recovered(Ladder(Step.REOPEN, None, 2), 0)
    again = climb(ladder, Cause.SILENT, 100, steady_s=60, usb=False)
    assert again.step is Step.RESYNC
    assert again.quarantines == 0


def climbs(causes: list[Cause], ladder: Ladder | None = None) -> list[Step | None]:
    """The steps that faults of these causes lead to, each a second after the last mend."""
    steps, ladder = [], ladder or Ladder()
    for now, cause in enumerate(causes):
        ladder = climb(ladder, cause, float(now), steady_s=60, usb=False)
        steps.append(ladder.step)
        ladder = recovered(ladder, float(now))
    return steps


def test_restarts_by_itself_are_forgiven_but_not_without_end() -> None:
    steps = climbs([Cause.RESTARTED] * 30)
    assert set(steps[:RESTARTS_FORGIVEN]) == {Step.REINIT}
    rest = steps[RESTARTS_FORGIVEN:]
    assert rest[:4] == [Step.RESET, Step.REOPEN, Step.QUARANTINE, Step.REINIT]
    assert rest.count(Step.QUARANTINE) > 3


@pytest.mark.parametrize("cause", list(Cause))
def test_no_cause_flaps_between_ready_and_recovering_for_ever(cause: Cause) -> None:
    assert Step.QUARANTINE in climbs([cause] * 20)


@given(st.lists(st.sampled_from(list(Cause)), min_size=60, max_size=60))
def test_no_mixture_of_causes_flaps_for_ever(causes: list[Cause]) -> None:
    assert Step.QUARANTINE in climbs(causes)


def test_restarts_far_between_are_each_the_first() -> None:
    ladder = Ladder()
    for n in range(50):
        ladder = climb(ladder, Cause.RESTARTED, n * 100.0, steady_s=60, usb=False)
        assert ladder.step is Step.REINIT
        ladder = recovered(ladder, n * 100.0)


def test_a_modem_that_could_not_send_is_not_well_again_by_time_alone() -> None:
    ladder, steps = Ladder(), []
    for n in range(4):
        ladder = climb(ladder, Cause.SENDING, n * 1000.0, steady_s=60, usb=False)
        steps.append(ladder.step)
        ladder = recovered(ladder, n * 1000.0)
    assert steps == [Step.REINIT, Step.RESET, Step.REOPEN, Step.QUARANTINE]
    assert ladder.quarantines == 1
    # What else befalls it while it is idle is judged by time, and does not hide that.
    ladder = climb(ladder, Cause.RESTARTED, 10_000.0, steady_s=60, usb=False)
    assert (ladder.step, ladder.unproven) == (Step.REINIT, 4)
    again = [ladder := climb(ladder, Cause.SENDING, n, steady_s=60, usb=False) for n in range(4)]
    assert again[-1].quarantines > 1


def test_quarantines_grow_longer_and_never_last_for_good() -> None:
    chance = random.Random(1)
    waits = [
        quarantine_s(Ladder(Step.QUARANTINE, None, n), (300, 900, 3600), chance)
        for n in (1, 2, 3, 4, 50)
    ]
    for wait, least in zip(waits, (300, 900, 3600, 3600, 3600), strict=True):
        assert least <= wait <= least * 1.1


@given(st.integers(1, 10_000))
def test_the_wait_for_a_port_grows_and_is_bounded(failures: int) -> None:
    wait = open_retry_s(failures, 1.0, 30.0, random.Random(failures))
    assert 0.5 <= wait <= 30.0


@given(st.lists(st.tuples(st.sampled_from(list(Cause)), st.floats(0, 500)), max_size=40))
def test_the_ladder_always_has_a_next_step(faults: list[tuple[Cause, float]]) -> None:
    ladder, now = Ladder(), 0.0
    for cause, pause in faults:
        now += pause
        ladder = climb(ladder, cause, now, steady_s=60, usb=False)
        assert ladder.step is not None
        assert ladder.step is not Step.USB
        if pause > 250:
            ladder = recovered(ladder, now)


def test_one_failure_of_the_modem_is_forgiven_where_the_table_says_so() -> None:
    once = classify(ErrorCode("CMS", 300), profile=None, elapsed_s=0)
    assert fault_of_refusal(once, 300, 1) is None
    assert fault_of_refusal(once, 300, 2) is not None
    never = classify(ErrorCode("CMS", 313), profile=None, elapsed_s=0)
    assert fault_of_refusal(never, 313, 1) is not None


def test_a_modem_that_fell_into_text_mode_has_been_reset() -> None:
    lost = classify(ErrorCode("CMS", 305), profile=None, elapsed_s=0)
    fault = fault_of_refusal(lost, 305, 1)
    assert fault is not None
    assert fault.cause is Cause.RESTARTED


def test_a_refusal_by_the_network_is_no_fault_of_the_modem() -> None:
    refused = classify(ErrorCode("CMS", 38), profile=None, elapsed_s=0)
    assert fault_of_refusal(refused, 38, 99) is None


# States


def test_an_illegal_event_raises() -> None:
    with pytest.raises(IllegalTransition, match="submit cannot happen while absent"):
        next_state(ModemState.ABSENT, ModemEvent.SUBMIT)


def test_every_state_can_be_reached_and_left() -> None:
    assert set(TRANSITIONS.values()) == set(ModemState)
    assert {old for old, _ in TRANSITIONS} == set(ModemState)


def test_a_device_may_vanish_in_every_state_but_absent() -> None:
    for state in ModemState:
        if state is not ModemState.ABSENT:
            assert next_state(state, ModemEvent.LOST) is ModemState.ABSENT


def test_the_diagram_shows_every_transition() -> None:
    assert diagram().count("-->") == len(TRANSITIONS)


# CNMI


def test_candidates_keep_to_what_the_modem_claims_with_direct_reports_first() -> None:
    cinterion = list(cnmi_candidates(("+CNMI: (0-3),(0,1),(0,2,3),(0,2),(1)",)))
    assert cinterion[0] == "2,1,0,2,1"
    assert all(c.endswith(",1") for c in cinterion)
    generic = list(cnmi_candidates(("+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)",)))
    assert generic[0] == "2,1,0,1,0"
    assert generic[-1].split(",")[3] == "0"


def test_candidates_are_made_up_where_the_modem_claims_nothing() -> None:
    assert next(iter(cnmi_candidates(None))) == "2,1,0,1,0"


# Profiles


@pytest.mark.parametrize(
    ("maker", "model", "name"),
    [
        ("huawei", "E173", "huawei"),
        ("SIMCOM_Ltd", "SIMCOM_SIM800L", "simcom-2g"),
        ("SIMCOM INCORPORATED", "SIMCOM_SIM7600E", "simcom"),
        ("Quectel", "M95", "quectel-2g"),
        ("Quectel", "EC25", "quectel"),
        ("ZTE CORPORATION", "MF190", "zte"),
        ("Sierra Wireless, Incorporated", "MC7304", "sierra"),
        ("WAVECOM MODEM", "MULTIBAND  900E  1800", "wavecom"),
        ("Cinterion", "EHS6", "cinterion"),
        ("SIEMENS", "MC55", "cinterion"),
        ("Telit", "LE910-EU1", "telit"),
        ("u-blox", "SARA-U201", "u-blox"),
        ("Somebody", "Something", "generic"),
        (None, None, "generic"),
    ],
)
def test_a_modem_gets_the_profile_of_its_family(
    maker: str | None, model: str | None, name: str
) -> None:
    assert select(maker, model).name == name


def test_an_unknown_profile_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="huawei"):
        by_name("nokia")


def test_the_manual_shows_the_states_and_profiles_as_they_are() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "modems.md").read_text(encoding="utf-8")
    assert diagram() in manual
    for profile in PROFILES:
        assert f"| `{profile.name}` |" in manual
    for error_class in ErrorClass:
        assert f"| `{error_class}` |" in manual
    for state in ModemState:
        assert f"`{state}`" in manual
