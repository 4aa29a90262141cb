"""Configurations of links: defaults, and errors that name what is wrong."""

import builtins
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from voltherd.adapters.dispatch.errors import ExtraMissingError
from voltherd.adapters.dispatch.iec104 import Iec104Link, open_outstation
from voltherd.adapters.dispatch.iec104.configuration import UnitAddress, read_link
from voltherd.adapters.dispatch.iec104.points import COMMANDS, Quantity, TypeId, default_points
from voltherd.adapters.dispatch.openadr import read_link as read_openadr
from voltherd.domain.errors import InputError

IEC104 = """
name = "gz"
loss_seconds = 12.0

[[unit]]
unit = "north"
common_address = 1

[[unit]]
unit = "south"
common_address = 2
"""

OPENADR = """
name = "city"
url = "https://vtn.example/openadr3/3.1.0"
ven_name = "herd"
state = "ven.json"

[[resource]]
unit = "north"
name = "RES-N"
simple_w = [0, 1000, 2000, 3000]

[[programme]]
name = "peak"
"""


def test_the_default_points_cover_every_quantity_and_say_that_they_are_assumed() -> None:
    points = default_points()
    points.check()
    assert {point.quantity for point in points.point} == set(Quantity)
    assert points.source.startswith("assumption")
    assert [point.quantity for point in points.point if point.select] == [Quantity.AGC]
    measured = [point for point in points.point if point.type is TypeId.M_ME_NC_1]
    assert all(point.period_seconds > 0 for point in measured)


def test_a_link_is_read_with_its_defaults(tmp_path: Path) -> None:
    path = tmp_path / "link.toml"
    path.write_text(IEC104, "utf-8")
    link = read_link(path)
    assert link.unit == (UnitAddress("north", 1), UnitAddress("south", 2))
    assert (link.host, link.port, link.loss_seconds, link.sign) == ("127.0.0.1", 2404, 12.0, -1)
    assert link.points == default_points()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("common_address = 2", "common_address = 1"), ("common_address", "two units")),
        (lambda text: text.replace("common_address = 2", "common_address = 65535"), ("65534", "unit[1]")),
        (lambda text: text.replace('"south"', '"north"'), ("column unit", "'north'")),
        (lambda text: 'time_zone = "Asia/Canton"\n' + text, ("time_zone", "Asia/Canton")),
        (lambda text: "loss_secnds = 1.0\n" + text, ("loss_secnds",)),
        (lambda text: "port = 0\n" + text, ("port",)),
        (lambda text: text + "[parameters]\nt2_seconds = 15\n", ("t2_seconds",)),
        (lambda text: text + "[parameters]\nw = 9\n", ("column w", "two thirds")),
        (lambda text: text + '[[point]]\nquantity = "power"\naddress = 1\ntype = "M_ME_NC_1"\n', ("quantity", "'agc'")),
        (lambda text: text + '[[point]]\nquantity = "power"\naddress = 1\ntype = "M_SP_TB_1"\n', ("M_ME_NC_1",)),
        (lambda text: text + '[[point]]\nquantity = "speed"\naddress = 1\ntype = "M_ME_NC_1"\n', ("speed",)),
        (lambda text: text.replace("[[unit]]", "[[unit]"), ("link.toml",)),
        (lambda text: 'name = "gz"\nunit = []\n', ("unit", "at least one")),
    ],
)
def test_what_is_wrong_with_a_link_is_named(
    tmp_path: Path, change: Callable[[str], str], told: tuple[str, ...]
) -> None:
    path = tmp_path / "link.toml"
    path.write_text(change(IEC104), "utf-8")
    with pytest.raises(InputError) as caught:
        read_link(path)
    assert str(path) in str(caught.value)
    assert all(part in str(caught.value) for part in told), str(caught.value)


def test_two_points_cannot_share_an_address() -> None:
    first, second, *rest = default_points().point
    twice = (first, msgspec.structs.replace(second, address=first.address), *rest)
    with pytest.raises(InputError, match="two points"):
        Iec104Link(name="gz", unit=(UnitAddress("north", 1),), point=twice).check()


@pytest.mark.parametrize("missing", sorted(COMMANDS | {Quantity.POWER}))
def test_a_list_needs_power_and_commands(missing: Quantity) -> None:
    points = tuple(point for point in default_points().point if point.quantity is not missing)
    with pytest.raises(InputError, match=missing):
        Iec104Link(name="gz", unit=(UnitAddress("north", 1),), point=points).check()


def test_without_the_library_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        def now(self) -> int:
            return 0

    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "c104":
            raise ModuleNotFoundError("No module named 'c104'")
        return real(name, *rest)

    monkeypatch.setitem(sys.modules, "c104", None)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ExtraMissingError, match=r"voltherd\[iec104\]") as caught:
        open_outstation(Iec104Link(name="gz", unit=(UnitAddress("north", 1),)), Clock())
    assert caught.value.exit_status == 2


def test_a_virtual_end_node_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ven.toml"
    path.write_text(OPENADR, "utf-8")
    link = read_openadr(path)
    assert (link.version, link.poll_seconds, link.resource[0].simple_w[3]) == ("3.1", 30.0, 3000)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("https://vtn", "vtn", "url"),
        ('name = "city"', 'name = "city"\nclient_id = "x"', "client_secret_file"),
        ("[0, 1000, 2000, 3000]", "[0, 1000]", "simple_w"),
        ('[[programme]]\nname = "peak"', "", "programme"),
        ('name = "city"', 'name = "city"\npage = 51', "page"),
        ('[[programme]]\nname = "peak"', '[[programme]]\nname = "peak"\n[[programme]]\nname = "peak"', "peak"),
    ],
)
def test_what_is_wrong_with_a_node_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "ven.toml"
    assert old in OPENADR
    path.write_text(OPENADR.replace(old, new), "utf-8")
    with pytest.raises(InputError, match=told):
        read_openadr(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml"):
        read_link(tmp_path / "nowhere.toml")
