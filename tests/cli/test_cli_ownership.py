"""What root does in the service's directory gives the service no rights that it has not."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from labs.daemon import run

from modemgw.cli import main
from modemgw.store.sqlite import FILE_NAME

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="wants root, to act as somebody else")
SERVICE = 23_456


@pytest.fixture
def place():
    """A directory that everybody can look into; those of pytest are root's alone."""
    directory = Path(tempfile.mkdtemp(prefix="modemgw-test-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def data(place):
    directory = place / "data"
    directory.mkdir()
    os.chown(directory, SERVICE, SERVICE)
    return directory


def modemgw(*arguments):
    """Exit code, standard output and standard error."""
    done = CliRunner().invoke(main, [str(a) for a in arguments])
    return done.exit_code, done.stdout, done.stderr


def create(directory, name="app"):
    return modemgw("keys", "create", name, "--scope", "send", "--data-dir", directory)


def owners(directory):
    return {path.stat().st_uid for path in directory.iterdir()}


async def test_what_root_makes_is_the_services(data):
    code, key, err = await run("keys", "create", "app", "--scope", "send", "--data-dir", data)
    assert (code, err) == (0, "")
    assert key.startswith("mgw_")
    assert owners(data) == {SERVICE}
    assert (await run("keys", "list", "--data-dir", data))[0] == 0
    assert (await run("db", "check", "--data-dir", data))[0] == 0
    assert (await run("db", "vacuum", "--data-dir", data))[0] == 0
    assert (await run("keys", "revoke", "app", "--data-dir", data))[0] == 0
    assert owners(data) == {SERVICE}


@pytest.mark.parametrize("name", [f"{FILE_NAME}{end}" for end in ("", "-wal", "-shm", "-old")])
@pytest.mark.parametrize("hard", [False, True], ids=["link", "hard link"])
def test_a_link_in_the_services_directory_gives_nothing_away(place, data, name, hard):
    target = place / "secret"
    target.write_text("only root may change this")
    target.chmod(0o600)
    before = target.stat()
    if name != FILE_NAME:
        assert create(data, "first")[0] == 0
    (data / name).unlink(missing_ok=True)
    (os.link if hard else os.symlink)(target, data / name)
    create(data)
    modemgw("keys", "list", "--data-dir", data)
    modemgw("db", "vacuum", "--data-dir", data)
    after = target.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (0, 0, before.st_mode)
    assert target.read_text() == "only root may change this"


def test_nothing_is_made_where_a_link_leads_that_the_service_could_not_make(place, data):
    (data / FILE_NAME).symlink_to(place / "new.db")
    code, out, err = create(data)
    assert code != 0
    assert out == ""
    assert "Error: " in err
    assert not (place / "new.db").exists()


def test_a_link_of_somebody_else_is_refused(place, data):
    link = place / "link"
    link.symlink_to(data)
    os.chown(link, 34_567, 34_567, follow_symlinks=False)
    code, out, err = create(link)
    assert (code, out) == (1, "")
    assert "link of somebody else" in err
    os.chown(link, 0, 0, follow_symlinks=False)
    assert create(link)[0] == 0


def test_a_directory_of_root_is_roots(place):
    directory = place / "own"
    assert create(directory)[0] == 0
    assert owners(directory) == {0}
