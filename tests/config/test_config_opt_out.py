"""[opt_out]: the words that are shipped, what makes two texts the same word, and own words."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.config import ConfigError, OptOutSection, parse
from modemgw.config.opt_out import folded
from modemgw.config.opt_out_words import SHIPPED
from modemgw.sms import segment_text

WORDS = sorted({word for words in SHIPPED.values() for kind in words[:3] for word in kind})
FORMS: tuple[Any, ...] = ("NFC", "NFD", "NFKC", "NFKD")
AROUND = st.text(" \t\n\r.,;:!?¡¿'\"«»()-–…*_🙏\u200b\u200f\u00a0", max_size=4)
CASES: tuple[Callable[[str], str], ...] = (str, str.lower, str.upper, str.title, str.casefold)


def opt_out(**section: Any) -> OptOutSection:
    return parse({"opt_out": section}).opt_out


@given(
    st.sampled_from(WORDS),
    st.sampled_from(FORMS),
    st.sampled_from(CASES),
    AROUND,
    AROUND,
)
def test_a_word_is_the_same_however_it_is_written(
    word: str, form: Any, case: Callable[[str], str], before: str, behind: str
) -> None:
    assert folded(f"{before}{unicodedata.normalize(form, case(word))}{behind}") == folded(word)


@given(st.text(max_size=30))
def test_folding_is_done_at_once_and_no_normal_form_matters(text: str) -> None:
    once = folded(text)
    assert folded(once) == once
    for form in FORMS:
        assert folded(unicodedata.normalize(form, text)) == once


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ARRÊT", "arret"),
        ("åvslutä", "AVSLUTA"),
        ("Iptal", "İPTAL"),
        ("ıptal", "İPTAL"),
        ("الغاء", "إلغاء"),
        ("إِيقَاف", "إيقاف"),
        ("wznow", "WZNÓW"),
        ("hjaelp", "HJÆLP"),
        ("stop-all", "STOP ALL"),
        ("ＳＴＯＰ", "STOP"),
        ("𝐒𝐓𝐎𝐏", "STOP"),
        ("διακοπής", "ΔΙΑΚΟΠΗΣ"),
    ],
)
def test_what_people_leave_out_or_write_otherwise(written: str, meant: str) -> None:
    assert folded(written) == folded(meant)


@pytest.mark.parametrize(
    ("one", "other"), [("STOP", "please STOP"), ("STOP", "STOPS"), ("रोकें", "रक"), ("STOP", "")]
)
def test_what_is_another_text(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@pytest.mark.parametrize("code", SHIPPED)
def test_every_shipped_answer_is_one_sms(code: str) -> None:
    words = SHIPPED[code]
    assert all(words[:3])
    for text in words[3:]:
        assert len(segment_text(text).parts) == 1, text


def test_stop_and_start_are_in_every_shipped_language() -> None:
    codes = "en fr de es it pt nl sv da nb fi pl cs hu ro el tr ru uk ar hi id"
    assert " ".join(SHIPPED) == codes
    for words in SHIPPED.values():
        assert "stop" in map(folded, words.stop)
        assert "start" in map(folded, words.start)


def test_shipped_words_mean_one_thing_each() -> None:
    OptOutSection().check_meanings()


def test_languages_are_chosen_and_the_default_one_is_asked_first() -> None:
    assert list(opt_out(languages=["fr", "de", "it"], default_language="de").sets) == [
        "de",
        "fr",
        "it",
    ]


def test_own_words_take_the_place_of_shipped_ones() -> None:
    own = opt_out(language={"en": {"stop": ["NOMORE"], "helped": "Call us."}})
    english = own.sets["en"]
    assert english.stop == ("NOMORE",)
    assert english.start == SHIPPED["en"].start
    assert (english.helped, english.stopped) == ("Call us.", SHIPPED["en"].stopped)


def test_a_language_is_added() -> None:
    added = opt_out(language={"cy": {"stop": ["DAD-DANYSGRIFIO"], "stopped": "Iawn."}})
    assert added.sets["cy"].stop == ("DAD-DANYSGRIFIO",)
    assert added.sets["cy"].start == ()


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"languages": ["xx"]}, "there is no language 'xx'; there is en, fr"),
        ({"default_language": "cy"}, "[opt_out.language.cy] adds one"),
        ({"languages": ["fr"]}, "default_language 'en' must be one of languages"),
        ({"language": {"cy": {"start": ["X"]}}}, "needs at least stop and stopped"),
        ({"language": {"en": {"start": ["Arrêt"]}}}, "a word can mean one thing only"),
        ({"language": {"en": {"stop": ["!!!"]}}}, "must have 1 to 40 letters and digits"),
        ({"language": {"english": {}}}, "an ISO 639 code"),
    ],
)
def test_what_is_wrong_is_told(section: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        opt_out(**section)
    assert told in str(caught.value)


def test_advertising_always_respects_an_opt_out() -> None:
    types = parse({"type": {"promotional": {"validity": 60}, "otp": {"opt_out": "respect"}}}).type
    assert types.respects_opt_out("promotional")
    assert types.respects_opt_out("otp")
    assert not types.respects_opt_out("transactional")
    with pytest.raises(ConfigError, match="never sent any"):
        parse({"type": {"promotional": {"opt_out": "ignore"}}})
