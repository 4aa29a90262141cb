"""Help is quick because it loads little; unknown words and bad options end with status 2."""

import subprocess
import sys

import pytest

from tests.e2e.conftest import Run
from voltherd.cli.main import COMMANDS

HEAVY = ("numba", "polars", "numpy", "highspy", "nicegui", "rich")


def loaded_by(*arguments: str) -> set[str]:
    """Return which heavy packages `voltherd ARGUMENTS` has loaded when it ends."""
    script = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print('LOADED', *(m for m in {HEAVY!r} if m in sys.modules), file=sys.stderr))\n"
        f"sys.argv = ['voltherd', *{arguments!r}]\n"
        "from voltherd.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split("LOADED")[1].split())


def test_the_list_of_commands_loads_nothing_heavy() -> None:
    assert loaded_by("--help") == set()


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_help_of_a_command_loads_nothing_heavy(command: str) -> None:
    assert loaded_by(command, "--help") == set()


def test_help_names_every_command(voltherd: Run) -> None:
    text = voltherd("--help").stdout
    assert all(f"\n  {name} " in text for name in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["plan"],
        ["plan", "--nonsense"],
        ["city", "--out", "x", "--seed", "-1"],
        ["city", "--out", "x", "--day", "tomorrow"],
        ["demo", "--headless", "--day", "2026-13-01"],
        ["demo", "--headless", "--seed", "-5"],
        ["demo", "--headless", "--out", "/dev/null/x"],
        ["bench", "--case", "nonsense"],
        ["data", "get", "nonsense"],
    ],
)
def test_what_cannot_be_used_ends_with_status_2(voltherd: Run, arguments: list[str]) -> None:
    done = voltherd(*arguments)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr


def test_the_day_after_the_discharge_price_has_ended_is_refused(voltherd: Run) -> None:
    done = voltherd("city", "--out", "city", "--day", "2027-01-01")
    assert done.returncode == 2
    assert "2025-05-14 to 2026-12-31" in done.stderr
