"""The service on this machine: its user, systemd's unit, the rules of udev."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from modemgw.cli.doctor.machine import Machine
from modemgw.cli.init import names
from modemgw.config import DEFAULT_PATH
from modemgw.modem import Found

USER = "modemgw"
UNIT = "modemgw.service"
STATE = Path("/var/lib/modemgw")
"""The data directory that the unit itself makes."""
_PACKAGED = ("usr/lib/systemd/system", "lib/systemd/system")
_HIDDEN = ("/home", "/root", "/run/user")
"""Out of sight for the service (ProtectHome=)."""


def shipped(name: str) -> Path:
    """A file that belongs to the package: beside this one in a wheel, else in the checkout."""
    inside = Path(__file__).with_name("files") / name
    return inside if inside.exists() else Path(__file__).parents[3] / name


def program() -> tuple[str, ...]:
    """The command line that runs this modemgw."""
    started = Path(sys.argv[0])
    if started.name == "modemgw" and started.exists():
        return (str(started.absolute()),)
    found = shutil.which("modemgw")
    return (found,) if found is not None else (sys.executable, "-m", "modemgw")


@dataclass(slots=True)
class Service:
    """What is installed below the machine's root; programs are run on the machine itself only."""

    machine: Machine
    program: tuple[str, ...]
    force: bool = False
    done: list[str] = field(default_factory=list)
    """What was written, one line each."""

    @property
    def is_here(self) -> bool:
        """Whether it is this machine, and not a tree that becomes one."""
        return self.machine.root == Path("/")

    def check(self) -> None:
        """Raises ClickException where the service could not be installed, or would not start."""
        if self.is_here and os.geteuid() != 0:
            raise click.ClickException("--install-service wants root: sudo modemgw init …")
        if self.program[0].startswith(tuple(f"{place}/" for place in _HIDDEN)):
            raise click.ClickException(
                f"the service could not start {self.program[0]}: it sees nothing below "
                f"{', '.join(_HIDDEN)}; install modemgw elsewhere, such as in /opt/modemgw"
            )

    def make_user(self) -> None:
        """The user whom it runs as. Raises ClickException."""
        if not self.is_here or user() is not None:
            return
        self._must("useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER)
        self.done.append(f"user {USER}")

    def install(self, config_file: Path, data_dir: Path, modems: Sequence[Found]) -> None:
        """Unit, what differs here from the unit as shipped, and rules. Raises ClickException."""
        etc = self.machine.path("etc")
        if not any(self.machine.path(place, UNIT).exists() for place in _PACKAGED):
            self._write(
                etc / "systemd/system" / UNIT, shipped(f"systemd/{UNIT}").read_text(), keep=True
            )
        own = self._differences(config_file.absolute(), data_dir.absolute())
        self._write(etc / "systemd/system" / f"{UNIT}.d" / "init.conf", own)
        udev = etc / "udev/rules.d"
        general = "77-modemgw.rules"
        if not self.machine.path("usr/lib/udev/rules.d", general).exists():
            self._write(udev / general, shipped(f"udev/{general}").read_text(), keep=True)
        file = udev / "78-modemgw-names.rules"
        before = file.read_text() if file.exists() else ""
        self._write(file, names.rules(modems, before))

        self._hand_over(config_file, data_dir)

    def _hand_over(self, config_file: Path, data_dir: Path) -> None:
        """What root made before there was a service becomes the service's."""
        to = user() if self.is_here else None
        if to is None:
            return
        os.chown(config_file, -1, to.pw_gid)
        if data_dir.stat().st_uid == 0:  # then nobody else has put links there
            for path in (*data_dir.iterdir(), data_dir):
                os.chown(path, to.pw_uid, to.pw_gid, follow_symlinks=False)

    def start(self) -> None:
        """Have udev and systemd know of it, and start it now and at each boot."""
        if not self.is_here:
            return
        for command in (
            ("udevadm", "control", "--reload"),
            ("udevadm", "trigger", "--subsystem-match=usb", "--subsystem-match=tty"),
        ):
            self.machine.run(command)  # a container has no udev
        self._must("systemctl", "daemon-reload")
        self._must("systemctl", "enable", UNIT)
        self._must("systemctl", "restart", UNIT)
        self.done.append(f"{UNIT} runs, and starts with the machine")

    def _differences(self, config_file: Path, data_dir: Path) -> str:
        words = " ".join(_escaped(word) for word in (*self.program, "serve"))
        lines = ["# Written by `modemgw init`.", "[Service]", "ExecStart=", f"ExecStart={words}"]
        if config_file != DEFAULT_PATH:
            lines.append(f"Environment={_escaped(f'MODEMGW_CONFIG={config_file}')}")
        if data_dir != STATE:
            lines.append(f"ReadWritePaths={_escaped(str(data_dir))}")
        return "\n".join(lines) + "\n"

    def _write(self, file: Path, text: str, *, keep: bool = False) -> None:
        """`keep`: what somebody has changed stays as it is, unless --force is given."""
        if file.exists() and (file.read_text() == text or (keep and not self.force)):
            return
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(0o644)
        except OSError as error:
            raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
        self.done.append(str(file))

    def _must(self, *command: str) -> None:
        if self.machine.run(command) is None:
            raise click.ClickException(f"this failed; see why by hand: {' '.join(command)}")


def user() -> pwd.struct_passwd | None:
    """The service's user, if there is one."""
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        return None


def _escaped(word: str) -> str:
    """A word of a unit file: systemd's own escapes, see systemd.syntax(7)."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if " " in plain or '"' in plain else plain
