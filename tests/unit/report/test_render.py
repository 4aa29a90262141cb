"""The page as text: what enters it stays data, and nothing in it asks the outside."""

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from tests.unit.report.sample import sample
from voltherd.domain.errors import InputError
from voltherd.report.charts_library import charts_script
from voltherd.report.model import Case, DayReport, Text
from voltherd.report.render import SCRIPTS, STYLES, render, write_report

HOSTILE = "</script><img src=x onerror=\"document.title='broken'\"><!--<script>$title ${data} {{style}}"


class Tags(HTMLParser):
    """Collects elements and the text of data scripts, as a browser would find them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.data: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        tag, attributes = self.found[-1] if self.found else ("", {})
        name = attributes.get("id")
        if tag == "script" and name:
            self.data[name] = self.data.get(name, "") + data


def hostile() -> DayReport:
    """Return the sample with a stranger's text in every place that a file or a person can fill."""
    report = sample()
    text = Text(HOSTILE, HOSTILE)

    def spoilt(case: Case) -> Case:
        change = msgspec.structs.replace
        return change(
            case,
            title=text,
            summary=text,
            price_label=text,
            groups=[change(one, name=Text(HOSTILE + str(i), HOSTILE + str(i))) for i, one in enumerate(case.groups)],
            departures=[change(one, session_id=HOSTILE) for one in case.departures[:50]],
            statements=[change(one, session_id=HOSTILE, station_id=HOSTILE) for one in case.statements],
            districts=[change(one, name=Text(HOSTILE + one.name.en, HOSTILE)) for one in case.districts],
            stations=[change(one, station_id=HOSTILE, name=text) for one in case.stations[:20]],
            table=[change(one, label=text, unit=text, plan=HOSTILE) for one in case.table],
            headline=[change(one, label=text, plan=HOSTILE) for one in case.headline],
            notes=[text],
            repairs=[text],
            sources=[text, Text(f"javascript:alert(1) {HOSTILE}", "javascript:alert(1)")],
        )

    return DayReport(title=text, version=HOSTILE, made_from=text, cases=[spoilt(case) for case in report.cases])


def parsed(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    return tags


def test_data_come_back_whole() -> None:
    report = sample()
    assert msgspec.json.decode(parsed(render(report)).data["report"], type=DayReport) == report


def test_strangers_texts_stay_data() -> None:
    plain, spoilt = parsed(render(sample())), parsed(render(hostile()))
    assert [tag for tag, _ in spoilt.found] == [tag for tag, _ in plain.found]
    assert "img" not in {tag for tag, _ in spoilt.found}
    assert msgspec.json.decode(spoilt.data["report"], type=DayReport) == hostile()


def test_nothing_is_loaded_from_outside() -> None:
    tags = parsed(render(sample()))
    for tag, attributes in tags.found:
        assert not {"src", "href", "srcset", "action", "data"} & attributes.keys(), (tag, attributes)
    policy = next(a for t, a in tags.found if a.get("http-equiv") == "Content-Security-Policy")
    assert (policy["content"] or "").startswith("default-src 'none';")
    root = Path(render.__code__.co_filename).parent / "page"
    for name in (*STYLES, *SCRIPTS, "page.html"):
        addresses = re.findall(r"https?://[\w.]+", (root / name).read_text("utf-8"))
        assert set(addresses) <= {"http://www.w3.org"}, name  # the name of SVG, never fetched


def test_every_file_of_the_page_is_used() -> None:
    root = Path(render.__code__.co_filename).parent / "page"
    assert {path.name for path in root.iterdir()} == {*STYLES, *SCRIPTS, "page.html", "labels.json"}


def test_scripts_never_make_markup_from_text() -> None:
    root = Path(render.__code__.co_filename).parent / "page"
    for name in SCRIPTS:
        source = (root / name).read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", source)
        assert len(source.splitlines()) < 250


def test_numbers_that_are_none_stay_readable_json() -> None:
    report = sample()
    case = msgspec.structs.replace(report.cases[0], charge_price=[math.nan, math.inf] + [0.0] * 94)
    page = render(msgspec.structs.replace(report, cases=[case]))
    assert json.loads(parsed(page).data["report"])["cases"][0]["charge_price"][:2] == [None, None]


def test_a_city_stays_small() -> None:
    page = render(sample())
    city = sample().cases[1]
    assert (len(city.departures), len(city.statements), len(city.stations)) == (2000, 50, 730)
    assert len(page.encode()) < 3.5e6
    assert len(charts_script()) > 500_000


def test_write_report_is_whole_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("before")
    write_report(sample(), path)
    assert path.read_text("utf-8") == render(sample())
    assert list(tmp_path.iterdir()) == [path]


def test_write_report_names_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "report.html"
    with pytest.raises(InputError, match=r"absent/report\.html: the report cannot be written") as caught:
        write_report(sample(), path)
    assert caught.value.exit_status == 2
    assert not list(tmp_path.iterdir())
