"""The colours of the groups stay apart for every kind of colour vision, in light and in dark.

Colour blindness is simulated with the matrices of Machado, Oliveira and Fernandes (2009, severity 1) in linear
RGB; distances are Euclidean in Ottosson's Oklab (2020), where 0.02 is about what can just be told apart.
"""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from voltherd.report.render import render

CSS = (Path(render.__code__.co_filename).parent / "page" / "tokens.css").read_text("utf-8")
TOKENS = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", CSS))

VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
TO_LMS = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def linear(token: str, theme: int) -> np.ndarray:
    colour = TOKENS[token].split(", ")[theme]
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def seen(colour: np.ndarray, vision: str) -> np.ndarray:
    shown = np.clip(np.array(VISION[vision]) @ colour, 0, 1)
    return np.asarray(np.array(TO_LAB) @ np.cbrt(np.array(TO_LMS) @ shown))


def contrast(a: np.ndarray, b: np.ndarray) -> float:
    low, high = sorted((float(LUMINANCE @ a), float(LUMINANCE @ b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("vision", VISION)
def test_groups_stay_apart(vision: str, theme: int) -> None:
    colours = [seen(linear(f"group-{i}", theme), vision) for i in range(8)]
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(colours, 2)) >= 0.10


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(("one", "other"), [("more", "less"), ("plan", "short"), ("plan", "uncontrolled")])
def test_pairs_that_mean_opposites_stay_apart(one: str, other: str, vision: str, theme: int) -> None:
    distance = float(np.linalg.norm(seen(linear(one, theme), vision) - seen(linear(other, theme), vision)))
    assert distance >= (0.02 if "uncontrolled" in (one, other) else 0.10)  # that line is dashed as well


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_marks_stand_out_from_the_card(theme: int) -> None:
    card = linear("card", theme)
    for token in ("ink", "muted", "accent"):
        assert contrast(linear(token, theme), card) >= 4.5, token
    for token in ("plan", "uncontrolled", "short"):
        assert contrast(linear(token, theme), card) >= 3, token
    for badge in ("synthetic", "foreign"):
        assert contrast(linear(badge, theme), linear(f"{badge}-soft", theme)) >= 4.5, badge
