"""The page's own words: complete in both languages, all used, none missing."""

import re
from pathlib import Path

from voltherd.report.render import SCRIPTS, labels, render

PAGE = Path(render.__code__.co_filename).parent / "page"
SOURCE = "\n".join((PAGE / name).read_text("utf-8") for name in SCRIPTS)

INDIRECT = {
    *("theme_dark", "theme_light", "synthetic", "foreign_prices", "synthetic_why", "foreign_prices_why"),
    *("station_charging", "station_v2g", "station_swap", "quantity", "uncontrolled", "plan", "unit"),
    *("session_id", "station_id", "arrival", "departure", "charged_kwh", "discharged_kwh"),
    *("uncontrolled_bill_cny", "energy_bill_cny", "discharge_pay_cny", "wear_cny"),
    *("owner_gain_cny", "operator_gain_cny"),
}
"""Keys that the scripts put together or pass on; each stands in them as a word."""


def test_every_label_speaks_both_languages() -> None:
    for key, text in labels().items():
        assert text.en.strip(), key
        assert text.zh.strip(), key
        assert not re.search(r"[\u4e00-\u9fff]", text.en), f"{key}: Chinese in the English text"
        assert re.search(r"[\u4e00-\u9fff]", text.zh), f"{key}: no Chinese in the Chinese text"


def test_both_languages_take_the_same_values() -> None:
    for key, text in labels().items():
        assert set(re.findall(r"\{\w+\}", text.en)) == set(re.findall(r"\{\w+\}", text.zh)), key


def test_every_label_that_is_asked_for_is_there() -> None:
    asked = set(re.findall(r'\bt\("(\w+)"', SOURCE))
    assert asked | INDIRECT == labels().keys()


def test_indirect_labels_are_words_of_the_scripts() -> None:
    for key in INDIRECT:
        assert re.search(rf'"{key.removesuffix("_why")}"', SOURCE), key
