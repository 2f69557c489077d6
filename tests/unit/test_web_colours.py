"""The colours of the screens: readable at 5 m, and told apart by those who see fewer colours."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "api" / "web" / "css" / "tokens.css"
THEMES = ("dark", "light")
PRIORITIES = ("p1", "p2", "p3", "p4")

Rgb = tuple[float, float, float]


def theme(name: str) -> dict[str, Rgb]:
    """The tokens of one theme, each channel 0..1."""
    found = re.search(rf':root\[data-theme="{name}"\]\s*{{(.*?)}}', TOKENS.read_text(), re.DOTALL)
    assert found, f"no theme {name} in {TOKENS.name}"
    pairs = re.findall(r"--([\w-]+):\s*#([0-9a-f]{6});", found[1])
    return {key: tuple(int(hex_[i : i + 2], 16) / 255 for i in (0, 2, 4)) for key, hex_ in pairs}  # type: ignore[misc]


def linear(rgb: Rgb) -> Rgb:
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    return r, g, b


def contrast(one: Rgb, other: Rgb) -> float:
    """WCAG 2.2 contrast ratio."""

    def luminance(rgb: Rgb) -> float:
        r, g, b = linear(rgb)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SEEN_BY: dict[str, tuple[Rgb, Rgb, Rgb]] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def lab_as_seen(rgb: Rgb, eye: str) -> Rgb:
    """CIELAB (D65) of a colour as an eye of this kind sees it."""
    source = linear(rgb)
    r, g, b = (
        min(1.0, max(0.0, sum(k * c for k, c in zip(row, source, strict=True))))
        for row in SEEN_BY[eye]
    )
    x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047
    y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b
    z = (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883

    def f(t: float) -> float:
        return float(t ** (1 / 3)) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116

    return 116 * f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))


def ciede2000(one: Rgb, other: Rgb) -> float:
    """Colour difference of two CIELAB colours (Sharma, Wu, Dalal 2005)."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean_c7 = ((math.hypot(a1, b1) + math.hypot(a2, b2)) / 2) ** 7
    g = 0.5 * (1 - math.sqrt(mean_c7 / (mean_c7 + 25**7)))
    c1, c2 = math.hypot(a1 * (1 + g), b1), math.hypot(a2 * (1 + g), b2)
    h1 = math.degrees(math.atan2(b1, a1 * (1 + g))) % 360
    h2 = math.degrees(math.atan2(b2, a2 * (1 + g))) % 360
    dh, mean_h = hues(h1, h2, is_grey=c1 * c2 == 0)
    dl, dc = l2 - l1, c2 - c1
    big_h = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(dh / 2))
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * math.cos(math.radians(mean_h - 30))
        + 0.24 * math.cos(math.radians(2 * mean_h))
        + 0.32 * math.cos(math.radians(3 * mean_h + 6))
        - 0.20 * math.cos(math.radians(4 * mean_h - 63))
    )
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / math.sqrt(20 + (mean_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    turn = 30 * math.exp(-(((mean_h - 275) / 25) ** 2))
    r_c = 2 * math.sqrt(mean_c**7 / (mean_c**7 + 25**7))
    r_t = -math.sin(math.radians(2 * turn)) * r_c
    lightness, chroma, hue = dl / s_l, dc / s_c, big_h / s_h
    return math.sqrt(lightness**2 + chroma**2 + hue**2 + r_t * chroma * hue)


def hues(h1: float, h2: float, *, is_grey: bool) -> tuple[float, float]:
    """Difference and mean of two hue angles, the short way round."""
    if is_grey:
        return 0.0, h1 + h2
    dh = h2 - h1
    if abs(dh) <= 180:
        return dh, (h1 + h2) / 2
    mean = (h1 + h2 + 360) / 2 if h1 + h2 < 360 else (h1 + h2 - 360) / 2
    return (dh - 360 if dh > 0 else dh + 360), mean


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [  # from the test data of Sharma, Wu and Dalal
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_colour_difference_agrees_with_its_published_test_data(
    one: Rgb, other: Rgb, expected: float
) -> None:
    assert ciede2000(one, other) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("eye", SEEN_BY)
@pytest.mark.parametrize("name", THEMES)
def test_any_two_priorities_are_told_apart_by_every_eye(name: str, eye: str) -> None:
    tokens = theme(name)
    for one, other in combinations(PRIORITIES, 2):
        apart = ciede2000(lab_as_seen(tokens[one], eye), lab_as_seen(tokens[other], eye))
        assert apart >= 15, f"{name}: {one} and {other} are {apart:.1f} apart for {eye}"


@pytest.mark.parametrize("eye", SEEN_BY)
@pytest.mark.parametrize("name", THEMES)
def test_no_priority_looks_like_the_grey_of_ordinary_figures(name: str, eye: str) -> None:
    tokens = theme(name)
    for priority in PRIORITIES:
        apart = ciede2000(lab_as_seen(tokens[priority], eye), lab_as_seen(tokens["text2"], eye))
        assert apart >= 15, f"{name}: {priority} and text2 are {apart:.1f} apart for {eye}"


def ratios(name: str) -> list[tuple[str, str, float]]:
    """(ink, ground, least ratio) of every pair that a screen draws."""
    wall = 7.0 if name == "dark" else 4.5  # the wall is dark and read from 5 m
    grounds = ("bg", "surface")
    pairs = [(ink, ground, wall) for ink in ("text", "text2", "muted") for ground in grounds]
    pairs += [(ink, "raised", 4.5) for ink in ("text", "text2", "muted")]
    pairs += [("line", ground, 3.0) for ground in (*grounds, "raised")]
    pairs += [(f"on{p}", f"p{p}", 5.4) for p in (1, 2, 3, 4)]
    pairs += [("text", f"t{p}", wall) for p in (1, 2, 3, 4)]
    pairs += [("rim", ground, 3.0) for ground in grounds]
    pairs += [("on-stale", "stale", 7.0), ("focus", "focus-gap", 13.0)]
    return pairs


@pytest.mark.parametrize("name", THEMES)
def test_every_ink_is_readable_on_its_ground(name: str) -> None:
    tokens = theme(name)
    for ink, ground, least in ratios(name):
        ratio = contrast(tokens[ink], tokens[ground])
        assert ratio >= least, f"{name}: {ink} on {ground} is {ratio:.2f}, needs {least}"


@pytest.mark.parametrize("name", THEMES)
def test_only_alarm_colours_have_a_hue(name: str) -> None:
    spread: Callable[[Rgb], float] = lambda rgb: (max(rgb) - min(rgb)) * 255  # noqa: E731
    coloured = re.compile(r"[pt]\d")
    for key, rgb in theme(name).items():
        if not coloured.fullmatch(key):
            assert spread(rgb) <= 40, f"{name}: --{key} is not grey"
    for priority in PRIORITIES:
        assert spread(theme(name)[priority]) > 100
