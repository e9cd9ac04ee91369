import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.sms import (
    GAP,
    Alphabet,
    Concatenation,
    UserData,
    assemble,
    collate,
    segment_data,
    segment_text,
)

TEXT = "".join(chr(0x4E00 + i) for i in range(200)) + "😀"


def part(text: str, sequence: int, total: int, alphabet: Alphabet, reference: int = 1) -> UserData:
    place = Concatenation(reference, total, sequence)
    return UserData.of_text(text, alphabet, [place.element()])


@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_parts_come_in_any_order_and_more_than_once(rng: random.Random, doubles: int) -> None:
    parts = list(segment_text(TEXT, reference=7).parts)
    came = parts + rng.choices(parts, k=doubles)
    rng.shuffle(came)
    assembled = assemble(came)
    assert (assembled.text, assembled.complete, assembled.missing) == (TEXT, True, ())


@pytest.mark.parametrize("missing", [(1,), (2,), (4,), (2, 3), (1, 4)])
def test_a_gap_is_marked_and_listed(missing: tuple[int, ...]) -> None:
    parts = segment_text(TEXT, reference=7).parts
    assembled = assemble(p for n, p in enumerate(parts, 1) if n not in missing)
    assert assembled.missing == missing
    assert not assembled.complete
    assert assembled.text is not None
    assert assembled.text.count(GAP) == (1 if missing == (2, 3) else len(missing))
    for number, piece in enumerate(parts, 1):
        assert ((piece.text or "") in assembled.text) == (number not in missing)


def test_neighbouring_gaps_are_one_mark() -> None:
    parts = segment_text("a" * 153 * 4, reference=7).parts
    assert assemble([parts[0], parts[3]]).text == "a" * 153 + GAP + "a" * 153


def test_the_first_of_doubles_that_differ_counts() -> None:
    first, second = part("a", 1, 2, Alphabet.GSM7), part("b", 1, 2, Alphabet.GSM7)
    assert assemble([first, second, part("c", 2, 2, Alphabet.GSM7)]).text == "ac"


def test_a_message_without_concatenation_is_whole() -> None:
    assembled = assemble([UserData.of_text("whole")])
    assert (assembled.text, assembled.complete) == ("whole", True)


def test_parts_in_different_alphabets_make_one_text() -> None:
    parts = [part("abc ", 1, 3, Alphabet.GSM7), part("Ж", 2, 3, Alphabet.UCS2)]
    assembled = assemble([*parts, part("€", 3, 3, Alphabet.GSM7)])
    assert (assembled.text, assembled.alphabet) == ("abc Ж€", Alphabet.UCS2)


def test_a_binary_part_makes_the_message_binary() -> None:
    binary = UserData.of_data(b"\x01\x02", [Concatenation(1, 2, 2).element()])
    assembled = assemble([part("a", 1, 2, Alphabet.GSM7), binary])
    assert (assembled.alphabet, assembled.text) == (Alphabet.DATA, None)
    assert assembled.data == b"a\x01\x02"


def test_binary_data_is_joined_over_gaps_without_a_mark() -> None:
    parts = segment_data(bytes(134) + b"\x01" * 134 + b"\x02").parts
    assembled = assemble([parts[2], parts[0]])
    assert (assembled.data, assembled.missing) == (bytes(134) + b"\x02", (2,))


def test_a_pair_that_another_sender_split_is_joined() -> None:
    octets = "A😀B".encode("utf-16-be")
    parts = [
        UserData(Alphabet.UCS2, piece, Concatenation(1, 2, n).element().encode())
        for n, piece in enumerate((octets[:4], octets[4:]), 1)
    ]
    assert [p.text for p in parts] == ["A\ufffd", "\ufffdB"]
    assert assemble(parts).text == "A😀B"


def test_parts_of_several_messages_are_refused_and_can_be_sorted_first() -> None:
    one, other = segment_text(TEXT, reference=1).parts, segment_text("b" * 161, reference=2).parts
    wide = segment_text("c" * 161, reference=1, wide_reference=True).parts
    alone = [UserData.of_text("x"), UserData.of_text("y")]
    mixed = [one[0], other[0], wide[1], alone[0], one[2], alone[1], wide[0], one[1], one[3]]
    with pytest.raises(ValueError, match="more than one message"):
        assemble(mixed)
    with pytest.raises(ValueError, match="more than one message"):
        assemble(alone)
    messages = [assemble(parts) for parts in collate(mixed)]
    assert [message.text for message in messages] == [
        TEXT,
        "b" * 153 + GAP,
        "c" * 161,
        "x",
        "y",
    ]


@pytest.mark.parametrize("parts", [[], ()])
def test_nothing_cannot_be_assembled(parts: Any) -> None:
    with pytest.raises(ValueError, match="no parts"):
        assemble(parts)
