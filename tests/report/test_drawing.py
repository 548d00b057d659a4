"""Markup, drawing board and projection."""

from __future__ import annotations

import itertools
import math
import re
from html.parser import HTMLParser

import msgspec
import numpy as np
import pyproj
import pytest
from example_run import example_run
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font, LoadFlags

from tocsin.report.facts import gather
from tocsin.report.markup import Markup, el, text
from tocsin.report.projection import Projection, arc_km, clip_polygon, thin
from tocsin.report.svg import Drawing, Labels, nice_step, text_width, ticks
from tocsin.report.timeline import gantt

finite = st.floats(-500, 1500)


class _Words(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.words = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.words += data


@settings(deadline=None, max_examples=200)
@given(st.text())
def test_any_text_comes_back_from_an_element_as_the_text_it_was(words: str) -> None:
    read = _Words(el("p", words, title=words))
    assert [tag for tag, _ in read.tags] == ["p"]
    shown = _Words(text(words)).words
    assert read.words == shown
    if words.isprintable() and not any(ord(c) in range(0x202A, 0x2070) for c in words):
        assert shown == words
        assert read.tags[0][1] == [("title", words)]


def test_an_attribute_name_cannot_be_smuggled() -> None:
    with pytest.raises(ValueError, match="no attribute name"):
        el("p", **{"x onload": "y"})


def test_only_markup_passes_unescaped() -> None:
    assert el("p", "<b>", Markup("<b>")) == "<p>&lt;b&gt;<b></p>"


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(finite, finite, st.text("abcW ", min_size=1, max_size=20)), max_size=30))
def test_labels_never_overlap_and_never_leave_the_frame(wanted: list[tuple[float, float, str]]) -> None:
    labels = Labels((0, 0, 1000, 600))
    drawing = Drawing(1000, 600, name="x", title="x", description="x")
    for x, y, words in wanted:
        labels.place(drawing, x, y, words, "label", is_needed=True)
    for number, a in enumerate(labels.taken):
        assert a[0] >= 0
        assert a[1] >= 0
        assert a[2] <= 1000
        assert a[3] <= 600
        for b in labels.taken[number + 1 :]:
            assert a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3]


@settings(deadline=None)
@given(st.floats(1e-3, 1e7), st.floats(2, 15))
def test_a_nice_step_gives_about_as_many_ticks_as_asked_and_is_round(span: float, count: float) -> None:
    step = nice_step(span, count)
    assert count / 2.6 <= span / step <= count * 1.0001
    assert round(step / 10 ** math.floor(math.log10(step) + 1e-9)) in (1, 2, 5, 10)


def test_ticks_are_multiples_inside_the_span() -> None:
    assert ticks(-30.0, 125.0, 60.0) == [0.0, 60.0, 120.0]


def test_the_projection_agrees_with_pyproj_on_the_sphere() -> None:
    """PROJ's azimuthal equidistant; 1 mm over 1500 km."""
    spots = np.array([[34.3, 47.0], [36.8, 36.2], [41.0, 29.0], [33.0, 52.0], [36.0, 40.0]])
    projection = Projection(spots)
    middle = f"+lat_0={math.degrees(projection.lat_rad)} +lon_0={math.degrees(projection.lon_rad)}"
    reference = pyproj.Proj(f"+proj=aeqd {middle} +R=6371008.8")
    x, y = reference(spots[:, 1], spots[:, 0])
    np.testing.assert_allclose(projection.km(spots), np.stack((x, y), axis=1) / 1000, atol=1e-6)


def test_great_circle_distance_agrees_with_pyproj_on_the_sphere() -> None:
    geod = pyproj.Geod(a=6371008.8, b=6371008.8)
    lat, lon = np.array([36.8, -20.0, 34.3]), np.array([36.2, 170.0, 47.0])
    _, _, reference = geod.inv([47.0] * 3, [34.3] * 3, lon, lat)
    np.testing.assert_allclose(arc_km(34.3, 47.0, lat, lon), np.array(reference) / 1000, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize(
    "points_deg", [[(10.0, 179.0), (12.0, -179.0)], [(85.0, 10.0), (85.0, -170.0)], [(36.0, 36.0)]]
)
def test_the_date_line_the_pole_and_a_single_point_fit_the_picture(points_deg: list[tuple[float, float]]) -> None:
    spots = np.array(points_deg)
    projection = Projection(spots)
    height = projection.fit(spots, 1000.0, 300.0, 600.0, 40.0)
    pixels = projection.pixels(spots)
    assert (pixels >= 39.9).all()
    assert (pixels[:, 0] <= 960.1).all()
    assert (pixels[:, 1] <= height - 39.9).all()


def test_a_pixel_leads_back_to_its_place() -> None:
    spots = np.array([[34.3, 47.0], [36.8, 36.2], [41.0, 29.0], [33.0, 52.0]])
    projection = Projection(spots)
    projection.fit(spots, 1000.0, 300.0, 600.0, 40.0)
    np.testing.assert_allclose(projection.places(projection.pixels(spots)), spots, atol=1e-9)


def test_the_far_side_of_the_earth_is_left_out() -> None:
    projection = Projection(np.array([[0.0, 0.0]]))
    assert np.isnan(projection.km(np.array([[0.0, 179.0]]))).all()


def test_clipping_keeps_what_is_inside_and_cuts_at_the_edge() -> None:
    square = [(-10.0, -10.0), (10.0, -10.0), (10.0, 10.0), (-10.0, 10.0)]
    cut = clip_polygon(square, (0.0, 0.0, 20.0, 20.0))
    assert sorted(set(cut)) == [(0.0, 0.0), (0.0, 10.0), (10.0, 0.0), (10.0, 10.0)]
    assert clip_polygon(square, (11.0, 0.0, 20.0, 20.0)) == []
    assert clip_polygon(square, (-20.0, -20.0, 20.0, 20.0)) == square


def test_a_thinned_line_keeps_its_ends() -> None:
    line = np.stack((np.linspace(0, 10, 1001), np.zeros(1001)), axis=1)
    kept = thin(line, 1.0)
    assert kept[0] == (0.0, 0.0)
    assert kept[-1] == (10.0, 0.0)
    assert len(kept) <= 11


def measured(words: str, size_px: float, is_bold: bool) -> float:
    """Width in DejaVu Sans, the widest of the common ones, by FreeType."""
    weight = "bold" if is_bold else "normal"
    font = FT2Font(findfont(FontProperties(family="DejaVu Sans", weight=weight)))
    font.set_size(1000.0, 72.0)
    font.set_text(words, 0.0, flags=LoadFlags.NO_HINTING)
    return float(font.get_width_height()[0]) / 64.0 / 1000.0 * size_px


@pytest.mark.parametrize("is_bold", [False, True])
@pytest.mark.parametrize(
    "words",
    [
        "+31:08", "+08:06 late", "T-0001", "predicted impact", "launch, estimated ± 21 s (95 %)", "35.76° E",
        "Public warning approved and sent", "12 345 km²",
    ],
)  # fmt: skip
def test_a_text_is_no_wider_than_it_is_taken_to_be_and_not_much_narrower(words: str, is_bold: bool) -> None:
    wide = measured(words, 12.0, is_bold)
    assert wide <= text_width(words, 12.0, is_bold=is_bold) * 1.01
    assert text_width(words, 12.0, is_bold=is_bold) <= 1.25 * wide


@pytest.mark.parametrize("width", [358.0, 1060.0])
def test_the_time_of_a_step_leaves_its_mark_and_the_edge_of_the_chart_alone(width: float) -> None:
    """The last step at any ten seconds of 45 minutes, in time and late: 4 px from the edge, 2 px from its own mark."""
    messages = example_run()
    facts = gather(messages, scenario=None, seed=7, version="0.1.0", digest="", command="", truth=None)
    told = facts.main
    assert told is not None
    for after_s, is_kept in itertools.product(range(300, 2700, 10), (True, False)):
        last = msgspec.structs.replace(
            told.steps[-1], after_zero_s=float(after_s), time_ns=1, is_within_budget=is_kept, budget_s=2400.0
        )
        figure = gantt(facts, msgspec.structs.replace(told, steps=(*told.steps[:-1], last)), width)
        label = re.findall(r'<text x="([-\d.]+)"[^>]*class="strong"[^>]*>(\+[^<]*)</text>', figure)[-1]
        mark = re.findall(r'(?:<path d="M|<circle cx=")([-\d.]+)[^>]*class="mark', figure)[-1]
        left = float(label[0])
        right = left + measured(label[1], 12.0, is_bold=True)
        assert right <= width - 4.0, label
        x = float(mark)
        assert right <= x - 9.0 or left >= x + 9.0, (label, x)
