"""The report as a file: whole, closed, escaped, offline, and true to the run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from example_report import TRUTH, Write, scenario
from example_run import example_run, quiet_run

from tocsin.messages import Message

VOID = {"meta", "br", "hr", "img", "link", "input"}
HOSTILE = """"><script>alert(1)</script><img src=x onerror=alert(2)>' onload='x' <!-- ]]> &lt; \u202e\x00"""


class Reader(HTMLParser):
    """Follows a page tag by tag and notes what a browser would have to repair."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if len(dict(attrs)) != len(attrs):
            self.faults.append(f"<{tag}> repeats an attribute")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_comment(self, data: str) -> None:
        self.faults.append("a comment")

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


RUNS: dict[str, list[Message]] = {
    "hit": example_run(),
    "blind": example_run(has_radar=False, has_approver=False),
    "miss": example_run(outcome="miss", is_second_unit_silent=True),
    "refuted": example_run(is_refuted=True),
    "short": example_run(end_s=240.0),
    "quiet": quiet_run(),
    "hostile": example_run(hostile=HOSTILE),
    "empty": [],
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("has_scenario", [True, False])
def test_every_tag_is_closed_every_id_unique_and_every_link_arrives(
    write: Write, name: str, has_scenario: bool
) -> None:
    page = write(RUNS[name], scenario=scenario() if has_scenario else None)
    read = Reader(page)
    assert read.faults == []
    ids = [a["id"] for _, a in read.tags if "id" in a]
    assert len(ids) == len(set(ids))
    links = [a["href"] or "" for _, a in read.tags if "href" in a]
    assert all(link.startswith("#") and link[1:] in ids for link in links)
    used = re.findall(r"url\(#([^)]+)\)", page) + " ".join(a.get("aria-labelledby") or "" for _, a in read.tags).split()
    assert set(used) <= set(ids)


@pytest.mark.parametrize("name", RUNS)
def test_the_page_needs_nothing_from_elsewhere_and_runs_no_script(write: Write, name: str) -> None:
    read = Reader(write(RUNS[name]))
    tags = {tag for tag, _ in read.tags}
    assert not tags & {"script", "iframe", "object", "embed", "link", "img", "form", "base"}
    for _, attributes in read.tags:
        assert not [key for key in attributes if key.startswith("on") or key in ("src", "srcset", "xlink:href")]
        assert not [value for value in attributes.values() if value and re.search(r"(https?:)?//", value)]
    policy = next(a["content"] for _, a in read.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_hostile_text_is_shown_and_never_becomes_markup(write: Write) -> None:
    page = write(RUNS["hostile"], scenario=scenario(HOSTILE), command=HOSTILE, digest=HOSTILE, version=HOSTILE,
                 truth={HOSTILE: TRUTH["T1"]})  # fmt: skip
    read = Reader(page)
    assert read.faults == []
    assert "script" not in {tag for tag, _ in read.tags}
    assert read.text.count("<script>alert(1)</script>") > 20
    assert "\u202e" not in page
    assert "\x00" not in page


def test_each_drawing_is_well_formed_xml_with_title_and_description(write: Write) -> None:
    from lxml import etree

    drawings = re.findall(r"<svg .*?</svg>", write(RUNS["hostile"], truth=TRUTH), re.DOTALL)
    assert len(drawings) == 14  # seven figures, a wide and a narrow drawing each
    for drawing in drawings:
        root = etree.fromstring(drawing.replace("\ufffd", "?"))
        assert root.get("role") == "img"
        assert root.find("title").text
        assert len(root.find("desc").text) > 20


def test_no_drawing_holds_a_number_that_is_none(write: Write) -> None:
    for name, messages in RUNS.items():
        for drawing in re.findall(r"<svg .*?</svg>", write(messages), re.DOTALL):
            values = re.findall(r' (?:d|x|y|cx|cy|r|width|height)="([^"]*)"', drawing)
            assert not [v for v in values if "nan" in v or "inf" in v], name


def test_every_table_row_has_as_many_cells_as_its_head(write: Write) -> None:
    for name in ("hit", "blind", "quiet"):
        for body in re.findall(r"<table.*?</table>", write(RUNS[name]), re.DOTALL):
            rows = [len(re.findall(r"<t[hd][ >]", row)) for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)]
            assert len(set(rows)) == 1, body[:200]


@pytest.mark.parametrize(
    ("origin", "caption"),
    [
        ("exercise", "EXERCISE - notional parameters"),
        ("test", "TEST - recorded data"),
        ("live", "DRAFT - NOT SENT"),
    ],
)
def test_the_origin_is_named_in_title_banner_and_every_caption(write: Write, origin: str, caption: str) -> None:
    page = write(example_run(origin=origin))
    assert f"<title>{caption}" in page
    assert f'<div class="banner" role="note">{caption}</div>' in page
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page, re.DOTALL)
    assert len(captions) == 7
    assert all(caption in words for words in captions)
    cards = re.findall(r"<article.*?</article>", page, re.DOTALL)
    assert cards
    assert all(caption in card for card in cards)


def test_the_headline_is_the_seconds_that_were_left_and_for_whom(write: Write) -> None:
    words = Reader(write(RUNS["hit"])).text
    assert "374 seconds from the first public warning to the predicted impact, for 530 000 people" in words
    assert "+05:20 after the estimated launch ± 8 s (95 %); within the 10 min budget" in words


def test_a_run_without_a_sent_warning_says_nobody_was_warned_and_why(write: Write) -> None:
    words = Reader(write(RUNS["blind"])).text
    assert "Nobody was warned in public. No approver answered" in words
    assert "degraded mode: no working radar" in words
    assert "Nobody received this." in words


def test_a_quiet_sky_says_that_nothing_was_alerted_and_lists_its_tracks(write: Write) -> None:
    words = Reader(write(RUNS["quiet"], scenario=None, seed=None)).text
    assert "Nothing was alerted, nobody was warned: none of 2 assessed tracks was judged a threat." in words
    assert "aircraft 100%" in words
    assert "no public warning was drafted" in words


def test_right_to_left_text_runs_right_to_left(write: Write) -> None:
    page = write(RUNS["hit"])
    assert 'lang="ar" dir="rtl"' in page
    assert 'lang="tr" dir="ltr"' in page


def test_conflicting_claims_stand_side_by_side_with_source_and_date(write: Write) -> None:
    words = Reader(write(RUNS["hit"])).text
    assert "Target: 2 claims, side by side" in words
    assert "An air base. disputed A, 2026-03-05 An island. secondary B, 2026-03-06" in words


def test_every_cited_record_stands_in_the_page_with_what_it_says(write: Write) -> None:
    page = write(RUNS["hit"])
    for record in ("m00010", "m00020"):
        link = re.search(rf'href="#(record-\d+)">\[{record}\]', page)
        assert link
        assert f'id="{link[1]}">{record}<' in page


def test_what_was_withheld_is_named_with_its_reason(write: Write) -> None:
    assert "posture content withheld for operational security" in Reader(write(RUNS["hit"])).text


def test_the_run_can_be_made_again_from_what_the_page_says(write: Write) -> None:
    words = Reader(write(RUNS["hit"])).text
    for told in ("tocsin run example --seed 7", "ab" * 32, "tocsin 0.1.0", "2026-03-04T08:00:00Z"):
        assert told in words


def test_truth_is_drawn_only_when_given_and_says_that_nobody_saw_it(write: Write) -> None:
    assert "nobody saw it" in write(RUNS["hit"], truth=TRUTH)
    assert "nobody saw it" not in write(RUNS["hit"])


def test_the_same_run_gives_the_same_bytes(write: Write) -> None:
    assert write(RUNS["hit"], truth=TRUTH) == write(RUNS["hit"], truth=TRUTH)


def test_a_page_stays_small(write: Write) -> None:
    assert len(write(RUNS["hostile"], truth=TRUTH).encode()) < 1_500_000


def test_colours_keep_a_contrast_of_four_and_a_half_to_one_in_every_theme(write: Write) -> None:
    """WCAG 2.2, success criterion 1.4.3, with its own formula for relative luminance."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    style = re.search(r"<style>(.*?)</style>", write(RUNS["quiet"]), re.DOTALL)
    assert style
    themes = re.findall(r":root \{(.*?)\}", style[1], re.DOTALL)
    assert len(themes) == 3  # light, dark, print
    for theme in themes:
        colour = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", theme))
        grounds = ("paper", "soft", "land", "sea")
        pairs = [(ink, g) for ink in ("ink", "muted", "threat", "defence", "people", "warn") for g in grounds]
        for ink, ground in [*pairs, ("banner-ink", "banner"), ("debris", "paper")]:
            low, high = sorted((luminance(colour[ink]), luminance(colour[ground])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, ground, theme[:40])
