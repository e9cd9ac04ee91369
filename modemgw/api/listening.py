"""The socket that the API listens on: an address of this machine, or a file."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import socket
import stat
from ipaddress import ip_address
from pathlib import Path

from modemgw.config import HttpSection

BACKLOG = 1024


class ListenError(Exception):
    """The address cannot be listened on; one sentence says why and what would help."""


def bind(http: HttpSection) -> socket.socket:
    """A socket that listens on the configured address; who connects early waits.

    Raises ListenError.
    """
    path = http.unix_path
    if path is None:
        return _bind_tcp(*http.host_port)
    return _bind_unix(path, int(http.unix_mode, 8), http.unix_group)


def url_of(bound: socket.socket, *, tls: bool = False) -> str:
    """Where clients find it: `http://HOST:PORT`, `https://HOST:PORT` or `unix:/path`."""
    name = bound.getsockname()
    if bound.family == socket.AF_UNIX:
        return f"unix:{name}"
    host = f"[{name[0]}]" if bound.family == socket.AF_INET6 else name[0]
    return f"{'https' if tls else 'http'}://{host}:{name[1]}"


def is_private(bound: socket.socket) -> bool:
    """Whether only this machine can reach it."""
    if bound.family == socket.AF_UNIX:
        return True
    return ip_address(bound.getsockname()[0]).is_loopback


def _bind_tcp(host: str, port: int) -> socket.socket:
    where = f"{host}:{port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ListenError(f"cannot listen on {where}: there is no address {host!r}") from error
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise ListenError(_why(where, error)) from error
    return bound


def _bind_unix(path: Path, mode: int, group: str | None) -> socket.socket:
    """Nobody can connect before the file has its group and its mode: only then it listens."""
    where = f"unix:{path}"
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        os.fchmod(bound.fileno(), 0o600)  # what the file is made with
        bound.bind(str(path))
        if group is not None:
            _give_to(group, path)
        path.chmod(mode)
        bound.listen(BACKLOG)
    except ListenError:
        bound.close()
        raise
    except OSError as error:
        bound.close()
        raise ListenError(_why(where, error)) from error
    return bound


def _give_to(group: str, path: Path) -> None:
    """Raises ListenError. What was made for nothing is removed."""
    try:
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
    except KeyError:
        reason = f"this machine has no group {group!r}; see `getent group`"
    except PermissionError:
        user = _user()
        reason = (
            f"{user} may give nothing to the group {group!r}, of which it is no member; "
            f"`usermod --append --groups {group} {user}` makes it one (SupplementaryGroups= does "
            "in a systemd unit)"
        )
    else:
        return
    path.unlink()
    raise ListenError(f"cannot listen on unix:{path}: {reason} (http.unix_group)")


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # in a container
        return str(os.geteuid())


def _remove_stale(path: Path) -> None:
    """Removes the socket of a server that is gone. Raises ListenError if one still answers."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ListenError(f"cannot listen on unix:{path}: the file exists and is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise ListenError(
        f"cannot listen on unix:{path}: another process does; is modemgw running already?"
    )


def _why(where: str, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            reason = "the address is in use; is modemgw running already?"
        case errno.EACCES | errno.EPERM:
            reason = "permission denied; take a port above 1023, or a directory that is writable"
        case errno.EADDRNOTAVAIL:
            reason = "this machine has no such address"
        case errno.ENOENT:
            reason = "the directory does not exist"
        case _:
            reason = error.strerror or str(error)
    return f"cannot listen on {where}: {reason} (http.listen)"
