"""A Ray cluster: one of our own on this machine, or one that is there already. Started only when asked for.

Traps of Ray: it reports usage to its makers unless told not to; even a cluster of this machine alone listens on all its
addresses, so that it has to ask for a token, which it would write under HOME were there none in the environment; its
sockets lie under a folder whose path has to be short.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from voltherd.domain.errors import InputError, VoltherdError

AUTO = "auto"
"""Join the cluster that the environment names (RAY_ADDRESS), else start one on this machine."""

ALLOWED = f"{AUTO}, HOST:PORT or ray://HOST:PORT"
ANSWER_SECONDS = 5.0
INSTALL = "pip install 'voltherd[ray]'"

OBJECT_STORE_BYTES = 256 << 20
"""Shared memory for what goes to and fro; a plan of 60,000 sessions takes 8 MB, and more than fits goes to disk."""

LONGEST_FOLDER = 30
"""A socket's path may have 107 characters, and Ray adds some 70 to its folder [characters]."""


class RayCluster:
    """A connection to a cluster. Whoever makes it closes it.

    Parameters
    ----------
    address
        `AUTO`, or the address of a cluster: ``HOST:PORT`` or ``ray://HOST:PORT``.
    processors
        Of a cluster that is started here; by default all.

    Raises
    ------
    InputError
        Ray is not installed, or no cluster answers at the address.
    VoltherdError
        No cluster can be started.
    """

    def __init__(self, address: str = AUTO, processors: int | None = None) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # without it, a warning on every start
        self._folder: Path | None = None
        joined = os.environ.get("RAY_ADDRESS") if address == AUTO else address
        if joined is None:  # Ray reads these once, as it loads: one token for all clusters of a process
            os.environ["RAY_AUTH_MODE"] = "token"
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        try:
            self.ray: Any = import_module("ray")
        except ImportError as error:
            raise InputError("Ray is not installed", source="--ray", value=address, allowed=INSTALL) from error
        if joined is None:
            self._start(processors)
        else:
            self._join(joined)

    @property
    def address(self) -> str:
        """``HOST:PORT``, at which others join; a cluster started here asks them for the token in RAY_AUTH_TOKEN."""
        return str(self.ray.get_runtime_context().gcs_address)

    @property
    def processors(self) -> int:
        """How many processors the cluster has."""
        return max(1, int(self.ray.cluster_resources().get("CPU", 1)))

    def close(self) -> None:
        """Leave the cluster, and end it if it was started here."""
        self.ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _join(self, address: str) -> None:
        host, _, port = address.removeprefix("ray://").rpartition(":")
        if not (host and port.isascii() and port.isdigit() and int(port) < 1 << 16):
            raise InputError("not the address of a cluster", source="--ray", value=address, allowed=ALLOWED)
        try:  # Ray itself tries for minutes
            socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
        except OSError as error:
            raise InputError(
                f"nothing answers there: {error.strerror or error}", source="--ray", value=address, allowed=ALLOWED
            ) from error
        try:
            self.ray.init(address, log_to_driver=False, logging_level="ERROR")
        except Exception as error:  # whatever it is: nothing of use is there
            raise InputError(
                f"no Ray cluster can be joined there: {_line(error)}", source="--ray", value=address, allowed=ALLOWED
            ) from error

    def _start(self, processors: int | None) -> None:
        root = tempfile.gettempdir()
        if len(root) > LONGEST_FOLDER:
            root = "/tmp"  # noqa: S108  (mkdtemp makes the folder private)
        self._folder = Path(tempfile.mkdtemp(prefix="vh-", dir=root))
        try:
            self.ray.init(
                address="local",
                num_cpus=processors,
                object_store_memory=OBJECT_STORE_BYTES,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
                _temp_dir=str(self._folder),
            )
        except Exception as error:
            self.close()
            raise VoltherdError(f"Ray cannot be started: {_line(error)}") from error


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
