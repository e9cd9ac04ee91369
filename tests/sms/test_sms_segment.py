"""Choosing an alphabet and cutting into parts; the preview of the HTTP API is this same code."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modemgw.sms import (
    Address,
    Alphabet,
    Concatenation,
    Iei,
    NationalLanguage,
    Ports,
    SegmentationError,
    ShiftTables,
    Submit,
    TooManyPartsError,
    UnencodableError,
    assemble,
    decode_mo,
    segment_data,
    segment_text,
)
from modemgw.sms.graphemes import can_break

TURKISH, SPANISH, HINDI = (
    NationalLanguage.TURKISH,
    NationalLanguage.SPANISH,
    NationalLanguage.HINDI,
)
characters = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from("abc €[]^é\r\n"),
    st.sampled_from("ğŞıáãकषि्"),
    st.sampled_from("😀👍🏽\u200d\ufe0f🇫🇷e\u0301"),
)
# Few and often repeated pieces, so that most texts have several parts.
any_text = st.lists(
    st.builds(str.__mul__, st.text(characters, min_size=1, max_size=6), st.integers(1, 60)),
    max_size=5,
).map("".join)


options = st.fixed_dictionaries(
    {
        "encoding": st.sampled_from(["auto", "ucs2"]),
        "wide_reference": st.booleans(),
        "reference": st.integers(0, 255),
        "national": st.sets(st.sampled_from(NationalLanguage), max_size=2).map(tuple),
        "ports": st.none() | st.just(Ports(2948, 9200)) | st.just(Ports(240, 16, wide=False)),
        "message_class": st.none() | st.integers(0, 3),
        "keep_clusters": st.booleans(),
    }
)


@given(any_text, options)
@example("€" * 200, {"wide_reference": True})
@example("😀" * 100, {"ports": Ports(1, 2)})
def test_every_text_comes_out_of_the_tpdus_of_its_parts(text: str, given: dict[str, Any]) -> None:
    cut = segment_text(text, **given)
    read = []
    for part in cut.parts:
        tpdu = decode_mo(Submit(Address("123"), part, cut.dcs).encode())
        assert isinstance(tpdu, Submit)
        assert tpdu.user_data == part
        assert tpdu.dcs.message_class == given.get("message_class")
        assert part.ports == given.get("ports")
        read.append(tpdu.user_data)
    assembled = assemble(reversed(read))
    assert assembled.complete
    assert assembled.text == text
    assert len(cut.units) == len(cut.parts)
    assert cut.units_left >= 0
    if len(cut.parts) > 1:
        places = [part.concatenation for part in cut.parts]
        wide = given.get("wide_reference", False)
        assert places == [
            Concatenation(given.get("reference", 0), len(places), n, wide)
            for n in range(1, len(places) + 1)
        ]
    else:
        assert cut.parts[0].concatenation is None


@given(any_text, options)
def test_every_part_but_the_last_is_full(text: str, given: dict[str, Any]) -> None:
    cut = segment_text(text, **(given | {"keep_clusters": False}))
    room = cut.units[-1] + cut.units_left
    # One unit may be left where an escaped character or a surrogate pair comes next.
    assert all(room - 1 <= units <= room for units in cut.units[:-1])


@given(any_text)
def test_no_part_ends_inside_a_pair_or_a_cluster(text: str) -> None:
    start = 0
    for part in segment_text(text).parts:
        said = part.text or ""
        assert said == text[start : start + len(said)]
        end = start + len(said)
        # A cluster that fills more than a whole part has to be torn.
        if end < len(text) and any(can_break(text, at) for at in range(start + 1, end)):
            assert can_break(text, end)
        start = end


@given(any_text)
def test_the_units_are_what_the_spec_counts(text: str) -> None:
    cut = segment_text(text)
    if cut.alphabet is Alphabet.GSM7:
        extended = sum(text.count(character) for character in "\f^{}\\[~]|€")
        assert sum(cut.units) == len(text) + extended
    else:
        assert sum(cut.units) == len(text.encode("utf-16-be")) // 2


def test_the_default_alphabet_is_chosen_where_it_can_carry_the_text() -> None:
    assert segment_text("plain {ascii} and é, €").alphabet is Alphabet.GSM7
    assert segment_text("plain but ê").alphabet is Alphabet.UCS2
    assert segment_text("plain", encoding="ucs2").alphabet is Alphabet.UCS2


def test_an_emoji_is_no_error_and_loses_nothing_after_it() -> None:
    """python-gsmmodem-new raises ValueError; smstools cuts the text and reports it sent."""
    cut = segment_text("before 😀 after")
    assert (cut.alphabet, cut.units) == (Alphabet.UCS2, (15,))
    assert cut.parts[0].text == "before 😀 after"


def test_a_surrogate_pair_stays_in_one_part() -> None:
    """Kannel splits it."""
    cut = segment_text("Ж" * 66 + "😀" + "Ж" * 10)
    assert cut.units == (66, 12)
    assert [part.text for part in cut.parts] == ["Ж" * 66, "😀" + "Ж" * 10]


@pytest.mark.parametrize(
    "cluster", ["👨‍👩‍👧‍👦", "👍🏽", "🇫🇷", "❤️", "e\u0301\u0323", "क्षि", "각", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
)
@pytest.mark.parametrize("before", range(55, 68))
def test_a_grapheme_cluster_stays_in_one_part(cluster: str, before: int) -> None:
    text = "Ж" * before + cluster + "Ж" * 40
    for part in segment_text(text).parts:
        said = part.text or ""
        assert cluster in said or not set(cluster) & set(said)


def test_a_row_of_flags_is_cut_between_flags() -> None:
    parts = segment_text("🇫🇷🇩🇪" * 20).parts
    assert len(parts) == 3
    for part in parts:
        text = part.text or ""
        assert set(text[::2]) <= set("🇫🇩")
        assert set(text[1::2]) <= set("🇷🇪")


def test_a_cluster_longer_than_a_part_is_cut_as_late_as_it_can_be() -> None:
    assert segment_text("e" + "\u0301" * 150).units == (67, 67, 17)


def test_cr_lf_stays_in_one_part() -> None:
    cut = segment_text("a" * 152 + "\r\n" + "b" * 20)
    assert cut.units == (152, 22)


def test_national_tables_are_used_where_allowed_and_cheaper() -> None:
    text = "ş" * 100
    plain, turkish = segment_text(text), segment_text(text, national=[TURKISH])
    assert (plain.alphabet, len(plain.parts)) == (Alphabet.UCS2, 2)
    assert (turkish.alphabet, len(turkish.parts)) == (Alphabet.GSM7, 1)
    assert turkish.parts[0].text == text


def test_national_tables_that_save_no_part_are_left_alone() -> None:
    assert segment_text("ş", national=[TURKISH]).alphabet is Alphabet.UCS2
    assert segment_text("plain" * 40, national=[TURKISH]).parts[0].shifts == (0, 0)


def test_the_cheapest_pair_of_tables_is_chosen() -> None:
    few = segment_text("a" * 100 + "á" * 5, national=[SPANISH, TURKISH])
    assert few.parts[0].shifts == (0, SPANISH)
    both = segment_text("न" * 100 + "१" * 10, national=[TURKISH, HINDI])
    assert both.parts[0].shifts == (HINDI, HINDI)


def test_the_national_elements_have_their_hexadecimal_identifiers() -> None:
    """A well-known Go codec writes 24 and 25 decimal."""
    (part,) = segment_text("ñş", national=ShiftTables(TURKISH, SPANISH)).parts
    assert part.header_octets == bytes.fromhex("250101" + "240102")
    assert [element.iei for element in part.header] == [0x25, 0x24]
    assert (Iei.LOCKING_SHIFT, Iei.SINGLE_SHIFT) == (0x25, 0x24)


def test_fixed_tables_are_used_even_where_they_save_nothing() -> None:
    cut = segment_text("ş", national=ShiftTables(single=TURKISH))
    assert (cut.alphabet, cut.units, cut.units_left) == (Alphabet.GSM7, (2,), 153)


def test_gsm7_that_is_asked_for_uses_the_national_tables_too() -> None:
    cut = segment_text("ş", encoding="gsm7", national=[TURKISH])
    assert cut.alphabet is Alphabet.GSM7


@pytest.mark.parametrize(
    ("text", "plain", "changes"),
    [
        ("“It’s”", '"It\'s"', (("“", '"'), ("’", "'"), ("”", '"'))),
        ("a — b… ", "a - b... ", (("—", "-"), ("…", "..."))),
        ("Łódź, naïve", "Lodz, naive", (("Ł", "L"), ("ó", "o"), ("ź", "z"), ("ï", "i"))),
        ("e\u0301te\u0301", "été", (("e\u0301", "é"),)),
        ("s\u0323a", "sa", (("s\u0323", "s"),)),
        ("a\u00a0b\tc", "a b c", (("\u00a0", " "), ("\t", " "))),
        ("½ ﬁ ²", "1/2 fi 2", (("½", "1/2"), ("ﬁ", "fi"), ("²", "2"))),
        ("é à ñ", "é à ñ", ()),
    ],
)
def test_transliteration_says_what_it_changed(
    text: str, plain: str, changes: tuple[tuple[str, str], ...]
) -> None:
    cut = segment_text(text, transliterate=True)
    assert cut.alphabet is Alphabet.GSM7
    assert cut.parts[0].text == plain
    assert cut.changes == changes


def test_transliteration_changes_nothing_where_it_does_not_save_the_text_from_ucs2() -> None:
    cut = segment_text("“Ж”", transliterate=True)
    assert (cut.alphabet, cut.changes, cut.parts[0].text) == (Alphabet.UCS2, (), "“Ж”")


def test_transliteration_leaves_what_an_allowed_national_table_has() -> None:
    text = "ş’" * 60
    cut = segment_text(text, transliterate=True, national=[TURKISH])
    assert cut.changes == (("’", "'"),)
    assert assemble(cut.parts).text == "ş'" * 60


@pytest.mark.parametrize(
    ("text", "given", "character", "position"),
    [
        ("abcЖ", {"encoding": "gsm7"}, "Ж", 3),
        ("’Ж", {"encoding": "gsm7", "transliterate": True}, "Ж", 1),
        ("a\0", {"encoding": "gsm7"}, "\0", 1),
        ("ab\ud83d", {}, "\ud83d", 2),
        ("ãş", {"encoding": "gsm7", "national": [TURKISH]}, "ã", 0),
    ],
)
def test_a_character_that_cannot_be_written_is_named_with_its_position(
    text: str, given: dict[str, Any], character: str, position: int
) -> None:
    with pytest.raises(UnencodableError) as refused:
        segment_text(text, **given)
    assert (refused.value.character, refused.value.position) == (character, position)
    assert f"U+{ord(character):04X}" in str(refused.value)
    assert isinstance(refused.value, SegmentationError)


def test_characters_of_tables_that_exclude_each_other_are_refused_together() -> None:
    both = [NationalLanguage.PORTUGUESE, HINDI]
    assert segment_text("ãक", encoding="gsm7", national=both).alphabet is Alphabet.GSM7
    three = [NationalLanguage.URDU, NationalLanguage.TAMIL, HINDI]
    with pytest.raises(UnencodableError, match="the same GSM 7 bit tables"):
        segment_text("اகक", encoding="gsm7", national=three)


def test_more_parts_than_allowed_are_refused_with_both_numbers() -> None:
    with pytest.raises(TooManyPartsError, match="2 parts are needed, at most 1"):
        segment_text("a" * 161, max_parts=1)
    with pytest.raises(TooManyPartsError, match="at most 255"):
        segment_text("a" * 153 * 256, max_parts=1000)
    with pytest.raises(TooManyPartsError):
        segment_data(bytes(141), max_parts=1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reference": 256}, "reference 256 does not fit 8 bits"),
        ({"reference": 65536, "wide_reference": True}, "does not fit 16 bits"),
        ({"ports": Ports(70000, 1)}, "do not fit 16 bits"),
        ({"ports": Ports(256, 1, wide=False)}, "do not fit 8 bits"),
        ({"message_class": 4}, "0, 1, 2 or 3"),
    ],
)
def test_a_reference_port_or_class_out_of_range_is_refused(
    given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        segment_text("a" * 200, **given)


@given(st.binary(max_size=600), st.booleans(), st.none() | st.just(Ports(2948, 9200)))
def test_all_data_comes_out_of_its_parts(data: bytes, wide: bool, ports: Ports | None) -> None:
    cut = segment_data(data, ports=ports, wide_reference=wide, reference=9)
    assembled = assemble(cut.parts)
    assert (assembled.data, assembled.text, assembled.complete) == (data, None, True)
    assert sum(cut.units) == len(data)
    assert all(len(part.encode()) <= 141 for part in cut.parts)


def test_what_is_left_in_the_last_part_is_counted() -> None:
    assert segment_text("").units_left == 160
    assert segment_text("a" * 100).units_left == 60
    assert segment_text("a" * 161).units_left == 145
    assert segment_text("Ж").units_left == 69
    assert segment_data(b"", ports=Ports(1, 2)).units_left == 133
