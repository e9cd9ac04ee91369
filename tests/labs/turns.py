"""Which worker of pytest-xdist runs which tests, and when."""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadFileScheduling

LONG = (
    "soak",
    "e2e_disk",
    "e2e_schema",
    "inflow",
    "crash",
    "cli_demo",
    "cli_daemon",
    "virtual_clients",
    "cli_reload",
    "cli_handlers",
    "cli_descriptors",
    "gateway_matching",
    "gateway_deliveries",
    "fault_table",
    "floods",
    "known_failures",
)
"""Files that take long, begun first lest all wait for one of them at the end."""
APART = {f"test_{name}.py" for name in LONG} - {"test_e2e_schema.py"}
"""Of these each test is dealt out by itself; of all others, a file goes to one worker."""


def turn_of(file_name: str) -> int:
    """The place of a file in the order of the suite."""
    name = file_name.removeprefix("test_").removesuffix(".py")
    return LONG.index(name) if name in LONG else len(LONG)


class Dealing(LoadFileScheduling):
    """Gives files to workers, and single tests of files that take long."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return nodeid if file.rpartition("/")[2] in APART else file

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        super().mark_test_complete(node, item_index, duration)
        # What is done would be counted anew after each test.
        work = self.assigned_work[node]
        for scope in [scope for scope, tests in work.items() if all(tests.values())]:
            del work[scope]
