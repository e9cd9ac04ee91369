"""What a person is told of a wrong configuration: the file, the key, and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from modemgw.config import ConfigError, load

ANY_MODEM = '[[modem]]\nid = "m1"\ndevice = "/dev/x"\n'


def told(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "modemgw.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert all(line.startswith(f"{file}: ") for line in caught.value.problems)
    return [line.removeprefix(f"{file}: ") for line in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[gatway]\n", "gatway: there is no such key; is gateway meant?"),
        (
            "[retention]\nx = 1\n",
            "retention.x: there is no such key; there is messages_days, inbound_days, events_days",
        ),
        (
            f"{ANY_MODEM}match = {{ emei = '4' }}\n",
            "modem[0].match.emei: there is no such key; is imei meant?",
        ),
        (f"{ANY_MODEM}wieght = 1\n", "modem[0].wieght: there is no such key; is weight meant?"),
        (
            "[type.otp]\nvalid = 3\n",
            "type.otp.valid: there is no such key; is validity meant?",
        ),
        (
            '[[route]]\nid = "no spaces"\n',
            "route[0].id: this must be 1 to 64 letters, digits, dots, dashes and underscores, "
            "a letter or digit first (it is 'no spaces')",
        ),
        (
            f'{ANY_MODEM}number = "07700900123"\n',
            "modem[0].number: this must be a number with country code, such as +447700900001 "
            "(it is '07700900123')",
        ),
        ('[gateway]\ndefault_region = "gb"\n', "gateway.default_region: 'gb' is not a country"),
        ('[[handler]]\nwebhook = "ftp://x"\n', "handler[0].webhook: this must be a URL that"),
        ("[gateway]\ndrain_timeout = -1\n", "gateway.drain_timeout: Input should be greater"),
        ("[[modem]]\n", "modem[0].id: this key is missing"),
    ],
)
def test_every_line_names_the_key_and_what_would_be_right(
    tmp_path: Path, text: str, line: str
) -> None:
    assert any(found.startswith(line) for found in told(tmp_path, text)), told(tmp_path, text)


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    assert len(told(tmp_path, "[gateway]\nx = 1\n[http]\ny = 2\n[[modem]]\n")) >= 3


def test_a_pin_is_not_told(tmp_path: Path) -> None:
    lines = told(tmp_path, f'{ANY_MODEM}pin = "12x4"\n')
    assert "4 to 8 digits" in "".join(lines)
    assert "12x4" not in "".join(lines)
