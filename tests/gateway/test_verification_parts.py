"""Codes, texts and recipients of verifications: what is pure of them."""

from __future__ import annotations

import hmac
from collections import Counter
from pathlib import Path

import pytest

from modemgw.config import ConfigError, VerificationsSection, parse
from modemgw.gateway.outgoing.content import Content, split
from modemgw.gateway.verifications import codes as codes_module
from modemgw.gateway.verifications.codes import Codes, digits, read_pepper
from modemgw.gateway.verifications.recipients import NOWHERE, place_of, prefix_of
from modemgw.gateway.verifications.texts import BUILT_IN, built_in, for_browsers, mask, unmask

CODES = Codes(bytes(range(32)))

# --- codes


def test_codes_have_their_digits_and_are_spread_evenly() -> None:
    found = [CODES.code(n.to_bytes(16, "big"), 6) for n in range(6000)]
    assert all(len(code) == 6 and code.isdecimal() for code in found)
    assert len(set(found)) > 5900
    for place in range(6):
        counts = Counter(code[place] for code in found)
        assert set(counts) == set("0123456789")
        assert max(counts.values()) < 720, "600 on average; so far off one in a million times"


def test_a_code_depends_on_salt_and_pepper_alone() -> None:
    salt = b"s" * 16
    assert CODES.code(salt, 6) == Codes(bytes(range(32))).code(salt, 6)
    assert CODES.code(salt, 10) != CODES.code(b"t" * 16, 10)
    assert CODES.code(salt, 10) != Codes(bytes(32)).code(salt, 10)


def test_codes_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return hmac.compare_digest(a, b)

    class Watched:
        compare_digest = staticmethod(compare)
        digest = staticmethod(hmac.digest)

    monkeypatch.setattr(codes_module, "hmac", Watched)
    code = CODES.code(b"s" * 16, 6)
    assert CODES.matches(b"s" * 16, 6, code)
    assert not CODES.matches(b"s" * 16, 6, code[::-1] + "0")
    assert [a for a, _ in compared] == [code.encode()] * 2


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123456", "123456"),
        (" 123 456\n", "123456"),
        ("123-456", "123456"),
        ("123\u2013456", "123456"),
        ("١٢٣٤٥٦", "123456"),
        ("１２３４", "1234"),
        ("123", None),
        ("12345678901", None),
        ("12345a", None),
        ("", None),
        ("²³²³", None),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str, code: str | None) -> None:
    assert digits(typed) == code


def test_one_client_is_one_however_its_address_is_written() -> None:
    assert CODES.client("192.0.2.7") == CODES.client("::ffff:192.0.2.7")
    assert CODES.client("2001:db8::1") == CODES.client("2001:0db8:0:0:ffff::2")
    assert CODES.client("2001:db8::1") != CODES.client("2001:db8:0:1::1")
    assert CODES.client("192.0.2.7") != CODES.client("192.0.2.8")
    with pytest.raises(ValueError, match="does not appear to be"):
        CODES.client("shop.example")


def test_the_pepper_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "pepper"
    made = read_pepper(file)
    assert (len(made), file.stat().st_mode & 0o777) == (32, 0o600)
    assert read_pepper(file) == made
    assert list(tmp_path.iterdir()) == [file]
    file.write_bytes(b"short")
    with pytest.raises(ValueError, match="5 octets"):
        read_pepper(file)


# --- texts


@pytest.mark.parametrize("language", BUILT_IN)
def test_a_built_in_text_is_one_message_with_the_code_in_it(language: str) -> None:
    text = built_in((language,), "123456", 600, "")
    assert "123456" in text
    assert "{" not in text
    assert len(split(Content(text=text)).parts) == 1
    branded = built_in((language,), "123456", 600, "Acme")
    assert branded == f"Acme: {text}"
    assert len(split(Content(text=branded)).parts) == 1


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "tr"])
def test_texts_of_languages_in_gsm_letters_keep_to_them(language: str) -> None:
    found = split(Content(text=built_in((language,), "1234567890", 86400, "Acme")))
    assert found.alphabet.value == "gsm7"


def test_the_language_that_comes_next_is_taken() -> None:
    def of(*languages: str | None) -> str:
        return built_in(languages, "123456", 60, "")

    assert of("de") == of("de-AT") == of("DE_ch") == of("xx", "de") == of(None, "de")
    assert of("xx") == of(None) == of("en-GB")
    assert of("pt-BR") == of("pt")


@pytest.mark.parametrize(("ttl", "told"), [(30, "1 min"), (61, "2 min"), (600, "10 min")])
def test_people_are_told_how_long_a_code_is_good(ttl: float, told: str) -> None:
    assert told in built_in(("en",), "123456", ttl, "")


@pytest.mark.parametrize(
    "text",
    ["123456", "Code 123456!", "123456 or 123456", "*** 123456 ***", "1123456123456"],
)
def test_a_text_is_masked_and_comes_back(text: str) -> None:
    masked = mask(text, "123456")
    assert "123456" not in masked.text
    assert len(masked.text) == len(text)
    assert unmask(masked, "123456") == text
    assert unmask(masked, "654321") == text.replace("123456", "654321")


def test_browsers_find_domain_and_code_in_the_last_line() -> None:
    text = for_browsers("Your code is 1234.\n", "shop.example", "1234")
    assert text == "Your code is 1234.\n@shop.example #1234"


# --- recipients


@pytest.mark.parametrize(
    ("number", "place"),
    [
        ("+447900000001", ("GB", "mobile")),
        ("+447700900123", ("GB", "unknown")),
        ("+442071234567", ("GB", "fixed_line")),
        ("+449011234567", ("GB", "premium_rate")),
        ("+18005550123", ("US", "toll_free")),
        ("+12025550123", ("US", "fixed_line_or_mobile")),
        ("+18765550123", ("JM", "mobile")),
        ("+99900000001", (NOWHERE, "unknown")),
        ("+88213000000", (NOWHERE, "voip")),
    ],
)
def test_where_a_number_is(number: str, place: tuple[str, str]) -> None:
    assert place_of(number) == place


def test_a_prefix_keeps_the_country_code() -> None:
    assert prefix_of("+447900001234", 4) == "+44790000"
    assert prefix_of("+2901234", 6) == "+290"


# --- settings


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"allowed_countries": ["UK"]}, "'UK'"),
        ({"blocked_countries": ["gb"]}, "'gb'"),
        ({"refused_kinds": ["cheap"]}, "refused_kinds"),
        ({"domain": "https://shop.example/"}, "shop.example"),
        ({"language": "german"}, "a language"),
        ({"length": 3}, "length"),
        ({"ttl": 5}, "ttl"),
        ({"guard": {"approved_ratio": 20}}, "approved_ratio"),
        ({"sends": {"numbers": 5}}, "numbers"),
    ],
)
def test_a_wrong_setting_is_told(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse({"verifications": wrong})


def test_the_defaults_are_safe() -> None:
    section = VerificationsSection()
    assert section.max_attempts / 10**section.length <= 1 / 200_000
    assert section.sends.number
    assert section.guard.unapproved
