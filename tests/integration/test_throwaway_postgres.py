"""The server that tests and benchmarks share ends with the last of its users, even one that was killed."""

import signal
import subprocess
import sys
import time

import psycopg

from voltherd.cli.throwaway_postgres import postgres

USER = """
import sys, time
from pathlib import Path
from voltherd.cli.throwaway_postgres import postgres
with postgres(Path(sys.argv[1])) as url:
    print(url, flush=True)
    time.sleep(60)
"""


def test_the_last_user_takes_the_server_along(tmp_path):
    with subprocess.Popen([sys.executable, "-c", USER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        first = user.stdout.readline().strip()
        with postgres(tmp_path) as url:
            assert url == first
            user.send_signal(signal.SIGKILL)
            user.wait()
            with psycopg.connect(url) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
    place = tmp_path / "postgres.url"
    patience = time.monotonic() + 30
    while place.exists() and time.monotonic() < patience:
        time.sleep(0.05)
    assert not place.exists()
    with postgres(tmp_path) as url:
        assert url != first
