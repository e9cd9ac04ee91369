"""What the pages name is there: files, commands, settings. The paths that they tell are short."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import click
import pytest
from pydantic import BaseModel

from modemgw.cli import main
from modemgw.config import Config

ROOT = Path(__file__).parents[1]
PAGES = {path.name: path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
EXAMPLE = ROOT / "config" / "modemgw.toml"
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in PAGES.items()}
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)

# --- files

KINDS = r"py|md|toml|rules|service|json"
FILE = re.compile(rf"[\w.-]+(/[\w.-]+)*\.({KINDS})")
DIRECTORY = re.compile(r"[a-z_]+(/[\w.-]+)*/")
BASES = (ROOT, ROOT / "modemgw", ROOT / "modemgw" / "store", ROOT / "tests")
"""What the names on the pages are relative to."""
TREES = ("modemgw", "tests", "docs", "config", "udev", "systemd", "benchmarks", "packaging")
PATHS = [
    path
    for tree in TREES
    for path in (ROOT / tree, *(ROOT / tree).rglob("*"))
    if "__pycache__" not in path.parts
]
FILES = {path.name for path in PATHS if path.is_file()}
DIRECTORIES = [f"/{path.relative_to(ROOT)}/" for path in PATHS if path.is_dir()]


def named_files(text: str) -> Iterator[str]:
    """Names in backticks that are files or directories of the project."""
    prose = FENCED.sub("", text)
    for span in re.findall(r"`([^`\n]+)`", prose):
        if FILE.fullmatch(span) or DIRECTORY.fullmatch(span):
            yield span


def is_there(name: str, page: Path) -> bool:
    """A bare name may stand for a file of the directory that the page is just about."""
    if "/" not in name:
        return name in FILES
    if name.endswith("/"):
        return any(path.endswith(f"/{name}") for path in DIRECTORIES)
    return any((base / name).exists() for base in (*BASES, page.parent))


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_exists(page: str) -> None:
    names = set(named_files(TEXTS[page]))
    missing = sorted(name for name in names if not is_there(name, PAGES[page]))
    assert not missing, f"{page} names what is not there: {missing}"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCED.sub("", TEXTS[page])):
        if re.match(r"[a-z]+:", target):
            continue  # another site's
        name, _, anchor = target.partition("#")
        path = PAGES[page].parent / name if name else PAGES[page]
        assert path.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), f"{page}: {target}"


def anchors(text: str) -> set[str]:
    """What headings can be linked as."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", h.lower()).strip().replace(" ", "-") for h in headings}


def test_what_is_not_there_is_seen() -> None:
    names = list(named_files("See `modem/gone.py`, `api/app.py` and `gateway/nowhere/`; `a.b`."))
    assert names == ["modem/gone.py", "api/app.py", "gateway/nowhere/"]
    assert [is_there(name, ROOT / "README.md") for name in names] == [False, True, False]


# --- the paths of a message, an inbound SMS and an event

TOLD = re.findall(
    r"^## (The path of .+?)\n(.*?)(?=^## )", TEXTS["architecture.md"], re.MULTILINE | re.DOTALL
)


def test_three_paths_are_told() -> None:
    assert [re.sub(r" to .*", "", title) for title, _ in TOLD] == [
        "The path of a message",
        "The path of an inbound SMS",
        "The path of an event",
    ]


@pytest.mark.parametrize(("title", "text"), TOLD, ids=[title for title, _ in TOLD])
def test_a_path_has_ten_steps_at_the_most_and_each_names_one_file(title: str, text: str) -> None:
    steps = re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |^\n|\Z)", text, re.MULTILINE | re.DOTALL)
    assert [int(number) for number, _ in steps] == list(range(1, len(steps) + 1))
    assert 3 <= len(steps) <= 10
    for number, step in steps:
        files = re.findall(r"`[\w/]+\.py`", step)
        assert len(files) == 1, f"{title}, step {number}: {files}"


def test_every_library_of_the_project_is_in_the_table_of_libraries() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project.get("optional-dependencies", {})
    wanted = [*project["dependencies"], *extras["test"]]
    names = [re.split(r"[<>=\[; ]", one)[0] for one in wanted]
    table = TEXTS["architecture.md"].split("## Which library does what")[1].split("\n## ")[0]
    missing = [n for n in names if n.removeprefix("pytest-") not in table and n not in table]
    assert not missing, f"docs/architecture.md does not say what these are for: {missing}"


# --- commands


def named_commands(text: str) -> Iterator[str]:
    """Everything that begins with `modemgw`, in code and in prose."""
    for language, block in FENCED.findall(text):
        if language not in ("", "sh", "console", "shell"):
            continue
        for line in block.replace("\\\n", " ").splitlines():
            line = line.split(" #")[0]
            for match in re.finditer(r"(?:^|[$(/]|&& ?|\| ?|\$ )modemgw( [^)|&<>;]*)?", line):
                yield (match[1] or "").strip()
    for span in re.findall(r"`modemgw( [^`]+)`", FENCED.sub("", text).replace("\n", " ")):
        yield span.strip()


COMMANDS = sorted({(page, line) for page in TEXTS for line in named_commands(TEXTS[page])})


def parse(line: str) -> None:
    """Parse a command line as click does, without running it. Raises click.UsageError.

    A group may be named without its command. `…` stands for more of the same.
    """
    words = shlex.split(line)
    open_end = "…" in words or "[…]" in words
    if open_end:
        cut = next(n for n, word in enumerate(words) if word in ("…", "[…]"))
        words = words[:cut]
        if words and words[-1].startswith("-"):
            words.pop()
    command: click.Command = main
    parent = click.Context(main, info_name="modemgw")
    while isinstance(command, click.Group) and words:
        if words[0].startswith("-"):
            break
        found = command.get_command(parent, words[0])
        if found is None:
            if command.invoke_without_command:
                break
            raise click.UsageError(f"there is no command {words[0]!r}", parent)
        command = found
        parent = click.Context(command, parent=parent, info_name=words.pop(0))
    if isinstance(command, click.Group) and not words:
        return
    if words[-1:] and words[-1].startswith("--") and "=" not in words[-1]:
        # An option that is only named must exist.
        named = {name for p in command.get_params(parent) for name in (*p.opts, *p.secondary_opts)}
        if words[-1] not in named:
            raise click.UsageError(f"there is no option {words[-1]}", parent)
        if len(words) == 1:
            return
    try:
        command.make_context(parent.info_name, words, parent=parent.parent)
    except click.MissingParameter:
        if not open_end and words:
            raise
    except click.BadParameter as error:
        if "does not exist" not in error.message:  # a file of the reader's
            raise


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{p}: {c}" for p, c in COMMANDS])
def test_every_command_that_a_page_names_parses(page: str, line: str) -> None:
    try:
        parse(line)
    except (click.ClickException, click.exceptions.Exit) as error:
        if isinstance(error, click.ClickException):
            pytest.fail(f"{page}: modemgw {line}: {error.format_message()}")


@pytest.mark.parametrize(
    "line", ["sned --to +447700900123", "send --too +447700900123", "keys mend", "sims --quickly"]
)
def test_a_wrong_command_is_seen(line: str) -> None:
    with pytest.raises(click.UsageError):
        parse(line)


def test_commands_are_found_in_code_and_in_prose() -> None:
    text = "By `modemgw keys list` or\n```sh\nexport K=$(modemgw keys create x)  # new\n```\n"
    assert list(named_commands(text)) == ["keys create x", "keys list"]
    assert len(COMMANDS) > 20


# --- settings


def sections(model: type[BaseModel], at: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Each table of the configuration, by its dotted name."""
    yield at, model
    for name, field in model.model_fields.items():
        inner = section_of(field.annotation)
        if inner is not None:
            yield from sections(inner, f"{at}.{name}".removeprefix("."))


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The table that a field holds, be it one, perhaps, or many."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((s for a in get_args(annotation) if (s := section_of(a)) is not None), None)


SECTIONS = dict(sections(Config))
SINGLE = list(SECTIONS.values())
SETTINGS = [
    (section, field.alias or name)
    for section, model in SECTIONS.items()
    for name, field in model.model_fields.items()
    if section and section_of(field.annotation) is None
]


def known(names: list[str]) -> bool:
    """Whether a dotted name is a setting or a table."""
    model: type[BaseModel] | None = Config
    own_name = False
    for name in names:
        if own_name:  # tables by a name of one's own, as `opt_out.language.cy`
            own_name = False
            continue
        fields = {} if model is None else model.model_fields
        field = next((f for key, f in fields.items() if name == (f.alias or key)), None)
        if field is None:
            return False
        model, own_name = section_of(field.annotation), get_origin(field.annotation) is dict
    return True


TABLE = re.compile(r"^(?:#.*\n)*\[+([\w.]+)\]+", re.MULTILINE)


def shown(text: str) -> dict[str, str]:
    """What the example says of each table, with the comment above it."""
    found: dict[str, str] = {}
    heads = [*TABLE.finditer(text)]
    for head, end in zip(heads, [*(h.start() for h in heads[1:]), len(text)], strict=True):
        found[head[1]] = found.get(head[1], "") + text[head.start() : end]
    return found


@pytest.mark.parametrize(("section", "key"), SETTINGS, ids=[f"{s}.{k}" for s, k in SETTINGS])
def test_every_setting_is_in_the_example(section: str, key: str) -> None:
    tables = shown(EXAMPLE.read_text(encoding="utf-8"))
    home = section
    while home not in tables and "." in home:  # a table in a line of another, such as `match`
        home = home.rpartition(".")[0]
    place = tables.get(home, "")
    place += "".join(told for name, told in tables.items() if name.startswith(f"{section}."))
    if home.startswith("type."):
        place = tables["type.otp"]
    if section in ("modem.limits", "modem.balance"):
        place = tables["sim_limits" if section == "modem.limits" else "balance"]  # the same keys
    assert re.search(rf"\b{key}\b", place), f"config/modemgw.toml does not show {section}.{key}"


def keys_of(document: dict[str, Any], at: tuple[str, ...] = ()) -> Iterator[list[str]]:
    for name, value in document.items():
        yield [*at, name]
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                yield from keys_of(one, (*at, name))


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_that_a_page_names_exists(page: str) -> None:
    prose = FENCED.sub("", TEXTS[page])
    dotted = [name.split(".") for name in re.findall(r"`([a-z_]+\.[a-z_.]+)`", prose)]
    # `modem.ready` is an event: where there may be several no single key is named like this.
    tables = {n for n, field in Config.model_fields.items() if field.annotation in SINGLE}
    named = [names for names in dotted if names[0] in tables and names[-1] not in KINDS.split("|")]
    named += [name.split(".") for name in re.findall(r"`\[+([a-z_]+(?:\.[a-z_]+)*)\]+`", prose)]
    for language, block in FENCED.findall(TEXTS[page]):
        if language == "toml":
            named += keys_of(tomllib.loads(block))
    wrong = sorted({".".join(names) for names in named if not known(names)})
    assert not wrong, f"{page} names settings that there are not: {wrong}"
