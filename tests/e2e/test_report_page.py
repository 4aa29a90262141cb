"""The report in a browser: offline, drawn, in both languages and themes, deaf to what strangers wrote."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.unit.report.sample import sample
from tests.unit.report.test_render import HOSTILE, hostile
from voltherd.report.render import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
QUIET = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
MORE_QUIET = "--disable-component-update --disable-sync"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason="the system has no Chromium"),
]

DRAWN = """name => {
  const canvas = document.querySelector(`[data-chart="${name}"] canvas`);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let i = 0; i < data.length; i += 4 * 97) if (data[i + 3] > 200) colours.add(data.slice(i, i + 3).join());
  return [canvas.width, canvas.height, colours.size];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET.split(), *MORE_QUIET.split()])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("report")
    write_report(sample(), folder / "report.html")
    write_report(hostile(), folder / "hostile.html")
    return folder / "report.html", folder / "hostile.html"


class Watched:
    """A page that may load its own file only, with whatever it asked for or complained about."""

    def __init__(self, browser: Browser, path: Path, *, width: int = 1200, dark: bool = False) -> None:
        self.path = path
        self.requests: list[str] = []
        self.complaints: list[str] = []
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-GB",
        )
        context.route("**/*", self._allow_own_file)
        context.set_default_timeout(10_000)
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _allow_own_file(self, route: Route) -> None:
        self.requests.append(route.request.url)
        if route.request.url.startswith(self.path.as_uri()):
            route.continue_()
        else:
            route.abort()

    def open(self, query: str = "", case: str = "real") -> Page:
        self.page.goto(f"{self.path.as_uri()}{query}#{case}")
        self.page.wait_for_selector(f'[data-case="{case}"] [data-chart="promises"] canvas')
        return self.page

    def close(self) -> None:
        self.page.context.close()
        assert self.complaints == []
        assert {url.split("?")[0].split("#")[0] for url in self.requests} == {self.path.as_uri()}


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


@pytest.mark.parametrize("width", [390, 1440])
def test_every_chart_of_both_cases_is_drawn_offline(browser: Browser, reports: tuple[Path, Path], width: int) -> None:
    watched = Watched(browser, reports[0], width=width)
    page = watched.open()
    for key, charts in (("real", ["power", "shift", "energy", "promises"]), ("city", ["power", "energy", "map"])):
        page.click(f'[data-tab="{key}"]')
        page.wait_for_selector(f'[data-case="{key}"] [data-chart="promises"] canvas')
        page.wait_for_timeout(150)
        for name in charts:
            drawn = page.evaluate(DRAWN, name)
            assert drawn[0] > 200, (key, name)
            assert drawn[1] > 200, (key, name)
            assert drawn[2] > 4, (key, name)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator('[data-chart="map"]').count() == (key == "city")
    watched.close()


def test_badges_stand_beside_every_group_of_figures(browser: Browser, reports: tuple[Path, Path]) -> None:
    watched = Watched(browser, reports[0])
    page = watched.open()
    money = ["Headline figures", "Price and power through the day", "The day in figures", "Statements"]
    for title in money:
        assert page.locator("h3", has_text=title).locator(".badge.foreign_prices").count() == 1, title
    page.click('[data-tab="city"]')
    titles = page.locator(".headline h3, .case > .card h3")
    assert titles.count() == 8
    assert page.locator(":is(.headline h3, .case > .card h3):has(.badge.synthetic)").count() == 8
    watched.close()


def test_language_is_chosen_and_remembered(browser: Browser, reports: tuple[Path, Path]) -> None:
    watched = Watched(browser, reports[0])
    page = watched.open()
    assert page.evaluate("document.documentElement.lang") == "en-GB"
    page.click("#languages button[lang=zh-CN]")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert "境外电价" in page.inner_text(".lead")
    assert page.title() == sample().title.zh
    page.reload()
    assert "会话样本" in page.inner_text(".lead")
    watched.open("?lang=en", "city")
    assert "A sample of a city" in page.inner_text(".lead")
    watched.close()


def test_theme_follows_the_system_and_the_switch(browser: Browser, reports: tuple[Path, Path]) -> None:
    watched = Watched(browser, reports[0], dark=True)
    page = watched.open()
    picture = "document.querySelector('[data-chart=\"power\"] canvas').toDataURL()"
    dark, drawn_dark = background(page), page.evaluate(picture)
    page.click("#theme")
    light = background(page)
    assert light != dark
    assert page.evaluate(picture) != drawn_dark
    page.reload()
    assert background(page) == light
    page.emulate_media(color_scheme="light")
    page.click("#theme")
    assert background(page) == dark
    assert page.evaluate(picture) == drawn_dark
    watched.close()


def test_pointing_legend_and_sorting(browser: Browser, reports: tuple[Path, Path]) -> None:
    watched = Watched(browser, reports[0])
    page = watched.open()
    box = page.locator('[data-chart="power"]').bounding_box()
    assert box is not None
    case = sample().cases[0]
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    page.mouse.move(box["x"] + box["width"] * 0.51, box["y"] + box["height"] * 0.5)
    tip = page.locator(".tip", has_text=case.price_label.en)
    tip.wait_for()
    hour, minute = tip.inner_text().split()[1].split(":")
    price = case.charge_price[int(hour) * 4 + int(minute) // 15]
    assert f"{price:.3f}" in tip.inner_text().replace("\N{MINUS SIGN}", "-")

    entry = page.locator(".legend button", has_text="Campus A")
    entry.click()
    assert entry.get_attribute("aria-pressed") == "false"

    column = page.locator(".sortable tbody tr td:nth-child(11)")
    head = page.locator(".sortable thead th:nth-child(11) button")
    head.click()
    rising = [float(text) for text in column.all_inner_texts()]
    head.click()
    falling = [float(text) for text in column.all_inner_texts()]
    assert rising == sorted(float(one.owner_gain_cny) for one in case.statements)
    assert falling == rising[::-1]
    watched.close()


def test_the_map_is_zoomed_by_its_buttons(browser: Browser, reports: tuple[Path, Path]) -> None:
    watched = Watched(browser, reports[0])
    page = watched.open(case="city")
    zoom = "echarts.getInstanceByDom(document.querySelector('[data-chart=\"map\"]')).getOption().geo[0].zoom"
    page.click(".zoom button:nth-child(1)")
    assert page.evaluate(zoom) == pytest.approx(1.5)
    page.click(".zoom button:nth-child(3)")
    assert page.evaluate(zoom) == 1
    watched.close()


def test_a_day_without_sessions_is_drawn_as_well(browser: Browser, tmp_path: Path) -> None:
    report = sample()
    nothing = [0.0] * report.cases[0].intervals
    empty = msgspec.structs.replace(
        report.cases[0],
        uncontrolled_kw=nothing,
        groups=[],
        battery_kwh=nothing,
        battery_uncontrolled_kwh=nothing,
        battery_least_kwh=nothing,
        battery_full_kwh=nothing,
        departures=[],
        departures_total=0,
        statements=[],
        statements_total=0,
        table=[],
        headline=[],
    )
    write_report(msgspec.structs.replace(report, cases=[empty]), tmp_path / "empty.html")
    watched = Watched(browser, tmp_path / "empty.html")
    page = watched.open()
    assert page.locator(".chart canvas").count() == 4
    assert "NaN" not in page.inner_text("body")
    assert "Infinity" not in page.inner_text("body")
    watched.close()


def test_paper_takes_every_case(browser: Browser, reports: tuple[Path, Path]) -> None:
    watched = Watched(browser, reports[0], dark=True)
    page = watched.open()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("article.case").count() == 2
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("article.case").count() == 1
    watched.close()


def test_strangers_texts_are_only_shown(browser: Browser, reports: tuple[Path, Path]) -> None:
    watched = Watched(browser, reports[1])
    for key in ("real", "city"):
        page = watched.open(case=key)
        assert page.locator("img").count() == 0
        assert page.title() == HOSTILE
        assert page.locator("h2", has_text=HOSTILE).count() == 1
        assert page.locator("td.id", has_text=HOSTILE).count() >= 2
        assert page.locator('a[href^="javascript"]').count() == 0
        for name in ("power", "promises", "map") if key == "city" else ("power", "promises"):
            box = page.locator(f'[data-chart="{name}"]')
            box.scroll_into_view_if_needed()
            page.evaluate(
                """name => echarts.getInstanceByDom(document.querySelector(`[data-chart="${name}"]`))
                  .dispatchAction({ type: "showTip", seriesIndex: 1, dataIndex: 0 })""",
                name,
            )
            page.wait_for_timeout(50)
        assert page.locator(".tip").count() >= 2
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator("img").count() == 0
    watched.close()
