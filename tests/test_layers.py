"""The rooms of the house, and who may know whom: imports point down only."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import modemgw

ROOT = Path(modemgw.__file__).parent
BOTTOM = {"clock", "config", "plain", "threads", "__init__"}
MAY_IMPORT = {
    "sms": set(),
    "at": {"sms"},
    "modem": {"at", "sms"},
    "store": {"sms"},
    "gateway": {"store", "modem", "sms"},
    "api": {"gateway", "store", "modem", "sms"},
    "client": {"api"},  # the shapes of its answers
    "virtual": {"sms"},
    "__main__": {"cli"},
    "cli": {"api", "gateway", "store", "modem", "at", "sms", "virtual", "client"},
}
MODULES = sorted(ROOT.rglob("*.py"))


def name_of(path: Path) -> str:
    relative = path.relative_to(ROOT.parent).with_suffix("")
    return ".".join(relative.parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """The rooms that a module imports from."""
    package = name_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{stem}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "modemgw" and len(parts) > 1:
                found.add(parts[1])
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if room in BOTTOM:
        allowed: set[str] = set()
    else:
        allowed = MAY_IMPORT[room] | {room} | BOTTOM
    rooms = {p.stem if p.is_file() else p.name for p in ROOT.iterdir()}
    assert (imported(path) & rooms) - allowed - BOTTOM == set()


@pytest.mark.parametrize("room", sorted(set(MAY_IMPORT) - {"__main__"}))
def test_each_room_can_be_imported(room: str) -> None:
    importlib.import_module(f"modemgw.{room}")


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
