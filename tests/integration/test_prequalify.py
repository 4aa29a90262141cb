"""`voltherd prequalify`, from the command to the evidence pack."""

from hashlib import sha256
from pathlib import Path

import msgspec
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from voltherd.cli.main import application
from voltherd.domain.errors import InputError
from voltherd.report.prequalification.names import named
from voltherd.report.prequalification.render import labels

FREQUENCY = Path(__file__).parents[3] / "shared" / "data" / "dev" / "grid_frequency_1s.parquet"
NAMES = {"figures.json", "instructions.parquet", "report.html", "stations.parquet", "unit.parquet"}


def invoke(*arguments: object) -> Result:
    words = ["prequalify", *map(str, arguments)]
    return CliRunner().invoke(application(words), words, env={"COLUMNS": "160"})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    out = tmp_path_factory.mktemp("pack") / "evidence"
    return invoke("--unit-size", 24, "--hours", 1, "--faults", "two-percent", "--out", out), out


def test_a_small_unit_is_told_what_it_lacks(run: tuple[Result, Path]) -> None:
    result, _ = run
    assert result.exit_code == 1, result.output
    assert "NOT PASSED" in result.output
    assert "FAIL" in result.output
    lines = {line.split("│")[1].strip(): line for line in result.output.splitlines() if line.count("│") > 4}
    adjustable = lines["Adjustable power, both directions, over a whole hour"]
    assert "≥ 5 MW" in adjustable
    assert "FAIL" in adjustable
    assert "FAIL" in lines["Hours of continuous test"]
    assert "pass" in lines["Vehicles short of a promise that could be kept"]
    assert "assumed" in lines["Instructions without response"]


def test_the_manifest_names_every_file_with_its_hash(run: tuple[Result, Path]) -> None:
    _, out = run
    assert {path.name for path in out.iterdir()} == NAMES | {"manifest.json"}
    manifest = msgspec.json.decode((out / "manifest.json").read_bytes())
    assert set(manifest["files"]) == NAMES
    lines = ""
    for name in sorted(NAMES):
        body = (out / name).read_bytes()
        assert manifest["files"][name] == {"bytes": len(body), "sha256": sha256(body).hexdigest()}
        lines += f"{sha256(body).hexdigest()}  {name}\n"
    assert manifest["sha256"] == sha256(lines.encode()).hexdigest()
    assert {"control", "dispatch", "field", "market", "regulation"} <= set(manifest["journal"])
    assert all(head["sequence"] > 0 and len(head["hash"]) == 64 for head in manifest["journal"].values())


def test_the_raw_samples_carry_the_figures(run: tuple[Result, Path]) -> None:
    """The mileage of the hour, reckoned anew from the Parquet files by its definition alone."""
    _, out = run
    content = msgspec.json.decode((out / "figures.json").read_bytes())
    (hour,) = content["figures"]["hours"]
    start = pl.Series([hour["start"]]).str.to_datetime(time_zone="UTC", time_unit="us")[0]
    power = pl.read_parquet(out / "unit.parquet")
    asked = pl.read_parquet(out / "instructions.parquet")
    inside = asked.filter((pl.col("at") >= start) & (pl.col("at") < start + pl.duration(hours=1)))
    new = inside.filter((pl.col("target_w") != pl.col("target_w").shift(1)).fill_null(True))
    edges = pl.concat([new.select("at"), pl.DataFrame({"at": [start]}).select(pl.col("at").dt.offset_by("1h"))])
    reached = edges.join_asof(power, on="at", strategy="backward")["power_w"]
    assert hour["instructions"] == len(new)
    assert hour["mileage_kw"] * 1000.0 == pytest.approx(reached.diff().abs().sum())
    stations = pl.read_parquet(out / "stations.parquet")
    summed = stations.select("at", total=pl.sum_horizontal(pl.exclude("at"))).join(power, on="at")
    assert len(summed) == len(power)
    assert summed["total"].to_list() == summed["power_w"].to_list()


def test_every_check_has_a_name_a_source_and_says_what_is_assumed(run: tuple[Result, Path]) -> None:
    _, out = run
    checks = msgspec.json.decode((out / "figures.json").read_bytes())["checks"]
    assert len(checks) == 28
    for check in checks:
        group, name = named(check["key"])
        assert all((group.en, group.zh, name.en, name.zh, check["source"]))
    assert sum(check["confidence"] == "assumed" for check in checks) >= 2


def test_the_page_asks_nothing_of_the_network_and_speaks_both_languages(run: tuple[Result, Path]) -> None:
    _, out = run
    page = (out / "report.html").read_text("utf-8")
    assert "default-src 'none'" in page
    assert "调频单元预认证测试" in page
    assert all(text.en and text.zh for text in labels().values())


@pytest.mark.skipif(not FREQUENCY.exists(), reason="the real grid frequency is not beside the checkout")
def test_a_signal_from_a_frequency_is_labelled_derived(tmp_path: Path) -> None:
    result = invoke("--unit-size", 12, "--hours", 1, "--frequency", FREQUENCY, "--out", tmp_path)
    assert result.exit_code == 1, result.output
    content = msgspec.json.decode((tmp_path / "figures.json").read_bytes())
    assert content["figures"]["signal_origin"].startswith("derived from")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--field",), "--twin"),
        (("--day", "yesterday"), "YYYY-MM-DD"),
        (("--frequency", "nowhere.parquet"), "frequency"),
        (("--faults", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_bad_input_is_refused_before_any_work(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    result = invoke(*arguments, "--out", tmp_path / "x")
    assert isinstance(result.exception, InputError)
    assert says in str(result.exception)
    assert not (tmp_path / "x").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    result = invoke("--out", tmp_path / "x")
    assert isinstance(result.exception, InputError)
    assert (tmp_path / "x").read_text() == "mine"
