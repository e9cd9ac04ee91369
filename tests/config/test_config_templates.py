"""What a person is told of wrong template files: the file, the key, and what would be right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modemgw.config import ConfigError, TemplatesSection
from modemgw.gateway.templates.documents import read_files

GOOD = '[[variants]]\nlanguage = "en"\ntext = "Hello {{ name }}"\n[parameters.name]\n'


def told(directory: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_files(TemplatesSection(directory=directory))
    return [line.removeprefix(f"{directory}/") for line in caught.value.problems]


def test_no_directory_has_no_templates() -> None:
    assert read_files(TemplatesSection()) == {}


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD + 'default = "you"\n')
    parameters = {"name": {"type": "string", "default": "you"}}
    variants = [{"language": "en", "text": "Hello {{ name }}"}]
    document = {"name": "b.2", "variants": variants, "parameters": parameters}
    (tmp_path / "x.json").write_text(json.dumps(document))
    (tmp_path / "notes.txt").write_text("no template")
    found = read_files(TemplatesSection(directory=tmp_path))
    assert sorted(found) == ["a", "b.2"]
    assert found["a"] == found["b.2"]


def test_dates_and_numbers_of_toml_are_values(tmp_path: Path) -> None:
    text = '[[variants]]\nlanguage = "en"\ntext = "{{ day }} {{ n }}"\n'
    text += '[parameters.day]\ntype = "date"\ndefault = 2026-11-25\n'
    text += '[parameters.n]\ntype = "integer"\ndefault = 7\n'
    (tmp_path / "a.toml").write_text(text)
    content = read_files(TemplatesSection(directory=tmp_path))["a"]
    assert [p.default for p in content.parameters.values()] == ["2026-11-25", 7]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.toml", "[[variants]\n", "a.toml: not valid TOML: "),
        ("a.json", "{", "a.json: not valid JSON: "),
        ("a.json", "[]", "a.json: Input should be an object"),
        ("a.toml", GOOD + "typ = 'x'\n", "a.toml: parameters.name.typ: there is no such key"),
        ("a.toml", "[[variants]]\nlanguage = 'en'\n", "a.toml: variants[0].text: this key is mis"),
        ("a.toml", "variants = []", "a.toml: variants: there must be 1 to 64 variants, not 0"),
        ("a.toml", "", "a.toml: variants: this key is missing"),
        ("a.toml", GOOD + "type = 'blob'\n", "a.toml: parameters.name.type: Input should be 'str"),
        ("a.toml", GOOD + "max_length = 0\n", "a.toml: parameters.name.max_length: Input should"),
        (
            "a.toml",
            GOOD.replace("{{ name }}", "{{ nme }}"),
            "a.toml: variants[0].text: uses nme, which parameters does not declare; there is name",
        ),
        (
            "a.toml",
            GOOD.replace("{{ name }}", "{% for x in name %}"),
            "a.toml: variants[0].text: line 1: ",
        ),
        ("a b.toml", GOOD, "a b.toml: its name is no name for a template"),
    ],
)
def test_a_wrong_file_is_told_with_its_key(tmp_path: Path, name: str, text: str, line: str) -> None:
    (tmp_path / name).write_text(text)
    lines = told(tmp_path)
    assert len(lines) == 1
    assert lines[0].startswith(line), lines


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("{")
    (tmp_path / "b.toml").write_text(GOOD)
    (tmp_path / "c.json").write_text('{"name": "b", "variants": [{"language": "en", "text": "x"}]}')
    (tmp_path / "d.toml").write_bytes(b"\xff")
    lines = told(tmp_path)
    assert [line.partition(": ")[0] for line in lines] == ["a.toml", "c.json", "d.toml"]
    assert f"{tmp_path}/b.toml is named 'b' as well" in lines[1]


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    (line,) = told(tmp_path / "none")
    assert line.startswith("templates.directory: ")
    assert "No such file" in line
