"""The rooms of the house, and who may know whom: imports point down only, and never in a circle."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import modemgw

ROOT = Path(modemgw.__file__).parent
BOTTOM = {"clock", "config", "histogram", "plain", "threads", "__init__"}
MAY_IMPORT = {
    "sms": set(),
    "at": {"sms"},
    "modem": {"at", "sms"},
    "store": {"sms"},
    "handler": set(),  # what operators write their functions with
    "gateway": {"handler", "store", "modem", "sms"},
    "api": {"gateway", "store", "modem", "sms"},
    "client": set(),  # users have it without the server
    "virtual": {"sms"},
    "__main__": {"cli"},
    "cli": {"api", "gateway", "store", "modem", "at", "sms", "virtual", "client"},
}
GATEWAY = (
    {"fleet"},
    {"outgoing", "consent", "templates"},
    {"budgets"},
    {"admission"},
    {"incoming", "deliveries", "verifications"},
    {"upkeep"},
    {"build", "__init__"},
)
"""The gateway's rooms from the lowest up: each may import those before it, not one beside it.
Single files beside the rooms, such as errors.py, are below them all."""
NOT_YET: dict[tuple[str, str], str] = {}
"""Imports in the gateway that point up, and why. This may only become shorter."""

Graph = Mapping[str, set[str]]


def modules(root: Path) -> dict[str, Path]:
    """Every module of the package at `root`, by its dotted name."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root.parent).with_suffix("")
        found[".".join(relative.parts).removesuffix(".__init__")] = path
    return found


def imports(name: str, path: Path) -> Iterator[str]:
    """Whatever a module imports, anywhere in it: at its top, in functions, under TYPE_CHECKING."""
    package = name.split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def graph_of(root: Path) -> Graph:
    """Which module imports which; `from a import b` is an import of a.b if that is a module."""
    found = modules(root)
    graph: dict[str, set[str]] = {}
    for name, path in found.items():
        targets = set()
        for imported in imports(name, path):
            target = imported if imported in found else imported.rpartition(".")[0]
            if target in found and target != name:
                targets.add(target)
        graph[name] = targets
    return graph


def circle_through(start: str, graph: Graph) -> list[str]:
    """The shortest way from a module back to itself; empty if there is none."""
    ways = [[start]]
    seen = set()
    while ways:
        longer = []
        for way in ways:
            for target in sorted(graph[way[-1]]):
                if target == start:
                    return [*way, start]
                if target not in seen:
                    seen.add(target)
                    longer.append([*way, target])
        ways = longer
    return []


def circles(graph: Graph) -> list[str]:
    """A circle for each knot of modules, such as `a → b → a`."""
    told: set[str] = set()
    found = []
    for name in sorted(graph):
        if name not in told and (circle := circle_through(name, graph)):
            told.update(circle)
            found.append(" → ".join(circle))
    return found


MODULES = modules(ROOT)
ROOMS = {p.stem if p.is_file() else p.name for p in ROOT.iterdir()}


@cache
def graph() -> Graph:
    """That of the package."""
    return graph_of(ROOT)


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_down(name: str) -> None:
    room = MODULES[name].relative_to(ROOT).parts[0].removesuffix(".py")
    allowed = set() if room in BOTTOM else MAY_IMPORT[room] | {room}
    targets = (imported.split(".") for imported in imports(name, MODULES[name]))
    rooms = {parts[1] for parts in targets if parts[0] == "modemgw" and len(parts) > 1}
    assert (rooms & ROOMS) - allowed - BOTTOM == set()


@pytest.mark.parametrize("room", sorted(ROOMS & (set(MAY_IMPORT) | BOTTOM) - {"__init__"}))
def test_no_room_imports_itself_in_a_circle(room: str) -> None:
    prefix = f"modemgw.{room}"
    inside = {name for name in graph() if name == prefix or name.startswith(f"{prefix}.")}
    found = circles({name: graph()[name] & inside for name in inside})
    assert not found, f"import circles in {room}/: " + "; ".join(found)


def test_no_circle_goes_through_several_rooms() -> None:
    assert not (found := circles(graph())), "import circles: " + "; ".join(found)


def gateway_place(name: str) -> int:
    """How high a module of the gateway stands: 0 is below all rooms."""
    room = name.split(".")[2] if name.count(".") > 1 else "__init__"
    return next((n for n, rooms in enumerate(GATEWAY, 1) if room in rooms), 0)


def imports_that_point_up() -> set[tuple[str, str]]:
    """Those from one room of the gateway into a higher one, or one beside it."""
    prefix = "modemgw.gateway"
    found = set()
    for name in (n for n in graph() if n.startswith(f"{prefix}.")):
        for target in (t for t in graph()[name] if t == prefix or t.startswith(f"{prefix}.")):
            same_room = name.split(".")[2:3] == target.split(".")[2:3]
            higher = gateway_place(target) >= gateway_place(name)
            if higher and not same_room and gateway_place(target):
                found.add((name.removeprefix(f"{prefix}."), target.removeprefix(f"{prefix}.")))
    return found


def test_every_room_of_the_gateway_has_its_place() -> None:
    rooms = {p.name for p in (ROOT / "gateway").iterdir() if p.is_dir() and p.name[0] != "_"}
    assert rooms - set().union(*GATEWAY) == set(), "a room of the gateway without a place"


def test_imports_between_the_rooms_of_the_gateway_point_down() -> None:
    found = imports_that_point_up() - set(NOT_YET)
    assert not found, "imports that point up: " + ", ".join(f"{a} → {b}" for a, b in sorted(found))


def test_what_is_allowed_for_now_is_still_there() -> None:
    gone = set(NOT_YET) - imports_that_point_up()
    assert not gone, f"mended, so take it out of NOT_YET: {sorted(gone)}"


@pytest.mark.parametrize("room", sorted(set(MAY_IMPORT) - {"__main__"}))
def test_each_room_can_be_imported(room: str) -> None:
    importlib.import_module(f"modemgw.{room}")


def test_no_part_of_a_virtual_modem_knows_the_faults_that_are_set_in_it() -> None:
    faults = {name for name in graph() if name.startswith("modemgw.virtual.faults")}
    knowing = {name for name, targets in graph().items() if targets & faults} - faults
    assert knowing == {"modemgw.virtual.modem", "modemgw.virtual.control"}


def test_commands_of_a_virtual_modem_see_a_device_and_not_the_modem() -> None:
    whole = {f"modemgw.virtual.{name}" for name in ("body", "line", "modem", "dialogue", "session")}
    for name, targets in graph().items():
        if name.startswith("modemgw.virtual.commands."):
            assert not targets & whole, name


# the judge itself


@pytest.mark.parametrize(
    "how",
    [
        "from house import cellar",
        "from house.cellar import beer",
        "import house.cellar",
        "from . import cellar",
        "from .cellar import beer",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.cellar import beer",
        "def late():\n    from house.cellar import beer",
    ],
)
def test_a_circle_is_seen_however_it_is_closed(tmp_path: Path, how: str) -> None:
    house = tmp_path / "house"
    house.mkdir()
    (house / "__init__.py").write_text("")
    (house / "cellar.py").write_text("from house.kitchen import table\nbeer = 1\n")
    (house / "kitchen.py").write_text("from house.roof import tiles\ntable = 1\n")
    (house / "roof.py").write_text(f"{how}\ntiles = 1\n")
    assert circles(graph_of(house)) == [
        "house.cellar → house.kitchen → house.roof → house.cellar",
    ]
    (house / "roof.py").write_text("tiles = 1\n")
    assert circles(graph_of(house)) == []


def test_the_circle_that_is_told_is_the_shortest() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "b"}, "d": {"a"}}
    assert circles(graph) == ["a → b → c → a"]
    assert circle_through("b", graph) == ["b", "c", "b"]


def modules_imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    return found | {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}


BACKEND = ROOT / "store" / "sqlite"
SOURCES = sorted(ROOT.rglob("*.py"))
CHOOSES_BACKEND = {ROOT / "gateway" / "build.py"}


@pytest.mark.parametrize("path", [p for p in SOURCES if BACKEND not in p.parents], ids=str)
def test_only_the_backend_knows_sql(path: Path) -> None:
    assert {
        m for m in modules_imported(path) if m.split(".")[0] in ("sqlite3", "sqlite_utils")
    } == (set())


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if "cli" not in p.parts and BACKEND not in p.parents], ids=str
)
def test_one_place_chooses_the_backend(path: Path) -> None:
    knows = {m for m in modules_imported(path) if m.startswith("modemgw.store.sqlite")}
    assert not knows or path in CHOOSES_BACKEND


# --- what says that it is pure, is

TOUCHES_THE_WORLD = {
    "aiohttp", "asyncio", "logging", "os", "pathlib", "select", "serial", "socket", "sqlite3",
    "subprocess", "threading", "time",
}  # fmt: skip


def says_it_is_pure(name: str) -> bool:
    """The codec as a whole, and every module whose first words say "pure" or "sans-IO"."""
    text = ast.get_docstring(ast.parse(MODULES[name].read_text(encoding="utf-8"))) or ""
    return name.startswith("modemgw.sms") or bool(re.search(r"\b(pure|sans-io)\b", text, re.I))


@pytest.mark.parametrize("name", [n for n in MODULES if says_it_is_pure(n)])
def test_a_module_that_is_called_pure_touches_nothing(name: str) -> None:
    path = MODULES[name]
    if path.name == "__init__.py" and name != "modemgw.sms":
        return  # it says so of a file beside it
    tops = {imported.split(".")[0] for imported in imports(name, path)}
    assert not tops & TOUCHES_THE_WORLD
