"""Each floor of the house imports only from the floors under it (docs/architecture.md)."""

import ast
from pathlib import Path

import pytest

import voltherd

ROOT = Path(voltherd.__file__).parent

FLOORS = [
    "domain",
    "flexibility",
    "rules",
    "journal",
    "ports",
    "kernel",
    "adapters",
    "twin",
    "report",
    "api",
    "console",
    "cli",
]

STANDARD_CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "sleep"),
    ("time", "monotonic"),
    ("time", "perf_counter"),
    ("asyncio", "sleep"),
}

CLOCKLESS = {"domain", "flexibility", "rules", "kernel", "twin"}
"""Floors that may be replayed: they see a clock port, never the wall, and draw no unseeded random numbers."""


def floor_of(path: Path) -> str | None:
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    return part if part in FLOORS else None


MODULES = sorted(p for p in ROOT.rglob("*.py") if floor_of(p) is not None)


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_only_from_floors_below(path: Path) -> None:
    own = FLOORS.index(str(floor_of(path)))
    for name in imported(ast.parse(path.read_text("utf-8"))):
        parts = name.split(".")
        if parts[0] == "voltherd" and len(parts) > 1 and parts[1] in FLOORS:
            assert FLOORS.index(parts[1]) <= own, f"{path.name} imports {name} from a floor above"


@pytest.mark.parametrize("path", [p for p in MODULES if floor_of(p) in CLOCKLESS], ids=lambda p: p.name)
def test_replayable_floors_never_touch_the_wall_clock(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in STANDARD_CLOCKS, f"{path}:{node.lineno}"
    assert not {"random", "secrets", "uuid"} & {n.split(".")[0] for n in imported(tree)}


def test_every_package_has_a_floor() -> None:
    packages = {p.name for p in ROOT.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert packages <= set(FLOORS)


def test_the_architecture_page_names_the_floors_in_their_order() -> None:
    page = (ROOT.parents[1] / "docs" / "architecture.md").read_text("utf-8")
    table = page.split("<!-- floors: top to bottom -->")[1].split("\n\n")[0]
    named = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert named == FLOORS[::-1]


def test_no_file_past_600_lines() -> None:
    long = {str(p): n for p in ROOT.rglob("*.py") if (n := len(p.read_text("utf-8").splitlines())) > 600}
    assert not long
