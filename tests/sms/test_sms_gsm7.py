import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.sms import NationalLanguage
from modemgw.sms.gsm7 import gsm7, septet_count, septets_of
from modemgw.sms.septets import pack, unpack
from modemgw.sms.tables import UNDEFINED, locking_table, single_table

septets = st.lists(st.integers(0, 127), max_size=255).map(bytes)
languages = st.sampled_from(NationalLanguage)


@given(septets, st.integers(0, 6))
def test_packing_and_unpacking_undo_each_other(run: bytes, fill_bits: int) -> None:
    packed = pack(run, fill_bits)
    assert len(packed) == (7 * len(run) + fill_bits + 7) // 8
    assert unpack(packed, len(run), fill_bits) == run


@given(septets, st.integers(0, 6))
def test_bit_i_of_a_septet_lies_where_the_spec_puts_it(run: bytes, fill_bits: int) -> None:
    whole = sum(septet << 7 * at for at, septet in enumerate(run)) << fill_bits
    assert int.from_bytes(pack(run, fill_bits), "little") == whole


def test_more_septets_than_any_field_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="257 septets"):
        pack(bytes(257))


@given(septets, languages, languages)
def test_any_septets_are_a_text(run: bytes, locking: int, single: int) -> None:
    text = gsm7(locking, single).decode(run)
    assert UNDEFINED not in text
    assert len(text) <= len(run)


@pytest.mark.parametrize("locking", list(NationalLanguage))
@pytest.mark.parametrize("single", list(NationalLanguage))
def test_every_character_of_every_pair_of_tables_survives(locking: int, single: int) -> None:
    coder = gsm7(locking, single)
    main = locking_table(locking).replace(UNDEFINED, "")
    shifted = "".join(single_table(single).values())
    run = coder.encode(main + shifted)
    assert coder.decode(run) == main + shifted
    codes = coder.codes(main + shifted)
    assert len(codes) == len(main + shifted)
    assert septet_count(codes) == len(septets_of(codes)) == len(run)
    # What the main table has is never escaped.
    assert run.count(0x1B) == sum(character not in main for character in shifted)


def test_of_two_codes_for_a_character_the_lower_is_written() -> None:
    assert gsm7(0, NationalLanguage.HINDI).encode("¡") == b"\x40"
    hindi = NationalLanguage.HINDI
    assert gsm7(hindi, hindi).encode("¡*") == b"\x1b\x13\x1b\x0b"


@pytest.mark.parametrize(
    ("run", "text"),
    [
        ("411B", "A "),
        ("1B1B41", " A"),
        ("1B1B1B65", " €"),
        ("1B0D41", "\rA"),
        ("1B41", "A"),
        ("1B00", "@"),
        ("001B6500", "@€@"),
    ],
)
def test_escapes_that_mean_nothing_are_shown_as_the_spec_says(run: str, text: str) -> None:
    assert gsm7().decode(bytes.fromhex(run)) == text


@pytest.mark.parametrize("character", ["\0", "\x1b", "`", "ç", "Ж", "😀", "\ufffe", "\ud800"])
def test_a_character_outside_the_tables_is_found(character: str) -> None:
    with pytest.raises(UnicodeEncodeError) as refused:
        gsm7().encode("abc" + character + "d")
    assert refused.value.start == 3


def test_a_language_without_a_locking_table_or_unknown_has_the_default_one() -> None:
    assert locking_table(NationalLanguage.SPANISH) == locking_table(0) == locking_table(99)
    assert single_table(99) == single_table(0)
