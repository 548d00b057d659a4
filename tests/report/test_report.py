"""The report as a file: whole, closed, escaped, offline, and true to the run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest
from example_report import TRUTH, Write, scenario
from example_run import TEXTS, Tape, assessment, ecef, example_run, ns, quiet_run, track_update, warning

from tocsin.messages import Assessment, Message, Scan, SensorHealth, Tick, TrackUpdates, column
from tocsin.report.facts import gather
from tocsin.report.profile import flown
from tocsin.scenario.schema import Sensor
from tocsin.units import ns_from_iso

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


def test_no_tracked_line_is_drawn_through_a_gap(write: Write) -> None:
    """The run's track has no plot from 90 s to 152 s: every solid line lies on one side or the other."""
    facts = gather(RUNS["hit"], scenario=None, seed=None, version="", digest="", command="", truth=None)
    (track,) = flown(facts)
    spans = [(float(t_s[0]), float(t_s[-1])) for t_s, _ in track.parts]
    assert spans == [pytest.approx((52.0 - 10.5, 90.0 - 10.5)), pytest.approx((152.0 - 10.5, 498.0 - 10.5))]
    page = write(RUNS["hit"])
    for drawing in re.findall(r"<svg .*?</svg>", page, re.DOTALL):
        solid = [d for d in re.findall(r'<path d="([^"]*)" class="flown"', drawing) if d.count("L") > 1 or "Q" in d]
        assert len(solid) in (0, 2), solid
        assert all(d.count("M") == 1 for d in solid)


def test_a_strips_label_never_lies_on_its_bar(write: Write) -> None:
    tape = Tape()
    for t_s in range(10, 400, 2):
        tape.add(float(t_s), track_update(float(t_s), "RADAR-WITH-A-LONG-NAME", 10.0, 1, 0))
    tape.add(200.0, assessment(200.0, 1, "NONE"))
    drawings = re.findall(r"<svg .*?</svg>", write(tape.done(), scenario=None), re.DOTALL)
    (wide,) = (d for d in drawings if "strip-contact" in d and 'viewBox="0 0 1060' in d)
    bar = re.search(r"<rect ([^>]*strip-contact[^>]*)>", wide)
    label = re.search(r"<text ([^>]*)>RADAR-WITH-A-LONG-NAME</text>", wide)
    assert bar
    assert label
    top, base = (float(re.findall(r'\by="([^"]*)"', found[1])[0]) for found in (bar, label))
    assert base <= top - 2


def test_a_sensor_without_a_place_is_on_no_map_and_labels_are_few(write: Write) -> None:
    """Reports from the open sea off Britain: the gulf of Guinea, 0 N 0 E, is not part of the picture."""
    tape = Tape()
    for track in range(1, 31):
        base = track_update(0.0, "ADSB", 0.0, 0, 0, track)
        fields = {f: getattr(base, f) for f in base.__struct_fields__}
        for t_s in range(0, 60, 4):
            at = {"t_ns": column([ns(t_s)], "int64"), "time_ns": ns(t_s), "last_ns": column([ns(t_s)], "int64")}
            here = column([ecef(51.0 + 0.05 * track, -3.0 + 0.01 * t_s, 10_000.0)])
            tape.add(t_s + 0.2, TrackUpdates(**{**fields, **at, "position_ecef_m": here}))
    adsb = scenario(sensors=(Sensor(name="ADSB", kind="position"),), units=(), sites=())
    page = write(tape.done(), scenario=adsb)
    drawing = next(d for d in re.findall(r"<svg .*?</svg>", page, re.DOTALL) if "flight-w" in d or "Map with" in d)
    assert ">ADSB<" not in drawing
    assert "symbol sensor" not in drawing
    assert "; 0 sensors, units and sites" in drawing
    assert len(re.findall(r">track \d+", drawing)) <= 12
    assert len(re.findall(r'class="traffic"', drawing)) == 30 + 1  # and its key
    scale = [float(km.replace("\u202f", "")) for km in re.findall(r">([\d\u202f]+) km<", drawing)]
    assert scale
    assert max(scale) <= 100.0


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


def test_finding_no_threat_is_not_called_quiet_and_names_the_sensors_that_gave_nothing(write: Write) -> None:
    words = Reader(write(RUNS["quiet"], scenario=None, seed=None)).text
    assert "All quiet" not in words
    assert "No threat found" in words
    assert "No infrared and no radar reports came" in words
    seen = Reader(write([*RUNS["quiet"], *(m for m in RUNS["hit"] if isinstance(m, Scan))])).text
    assert "No threat found" in seen
    assert "reports came" not in seen


def test_a_record_without_a_judged_track_says_that_nothing_could_be_judged(write: Write) -> None:
    tape = Tape()
    for t_s in (10.0, 12.0):
        base = track_update(t_s, "LAND-RADAR", 10.0, 1, 0)
        fields = {f: getattr(base, f) for f in base.__struct_fields__} | {"status": ("tentative",)}
        tape.add(t_s, TrackUpdates(**fields))
    words = Reader(write(tape.done(), scenario=None)).text
    assert "Nothing could be judged Nothing was alerted, nobody was warned: no track lived long enough" in words
    assert "0 tracks; 1 more never left tentative and are not drawn None." in words


def test_a_recording_without_a_date_shows_none(write: Write) -> None:
    day_ns = ns_from_iso("2000-01-01T00:00:00Z") - ns_from_iso("2026-03-04T00:00:00Z")
    messages = [
        msgspec.structs.replace(m, time_ns=m.time_ns + day_ns, arrival_ns=m.arrival_ns + day_ns)
        for m in quiet_run("test")
        if isinstance(m, SensorHealth | Tick)
    ]
    words = Reader(write(messages, scenario=None)).text
    assert "Date not in the recording, 08:00 to 08:05 UTC" in words
    assert "the date is not in the recording" in words
    assert "2026-03-04, 08:00 to 08:05 UTC" in Reader(write(quiet_run("test"), scenario=None)).text


def test_a_wide_impact_time_gives_the_early_bound_with_its_spread(write: Write) -> None:
    """374 s left by the mean; at one sigma of 70 s, 234 s are left with 97.5 % or more."""
    vague = [msgspec.structs.replace(m, impact_std_s=70.0) if isinstance(m, Assessment) else m for m in RUNS["hit"]]
    words = Reader(write(vague)).text
    assert "234 seconds at least (95 %) from the first public warning to the predicted impact" in words
    assert "best estimate 374 s ± 140 s (95 %)" in words
    assert "at least" not in Reader(write(RUNS["hit"])).text


def test_sections_are_linked_in_the_words_of_their_headings(write: Write) -> None:
    for name in ("hit", "quiet"):
        page = write(RUNS[name])
        links = dict(re.findall(r'<li><a href="#([a-z]+)">(.*?)</a>', page))
        assert links
        assert links == dict(re.findall(r'<h2 id="([a-z]+)">(.*?)</h2>', page))


def test_the_words_that_closed_a_warning_are_shown_last_whatever_came_after(write: Write) -> None:
    tape = Tape()
    for message in RUNS["hit"]:
        tape.add((message.arrival_ns - ns(0)) / 1e9, message)
    over = tuple(msgspec.structs.replace(text, headline="IT IS OVER") for text in TEXTS)
    tape.add(1_400.0, warning(4, "ended", texts=over))
    tape.add(1_410.0, warning(5, "exercise_ended", texts=()))
    words = Reader(write(tape.done())).text
    assert "What people read last: closed at +23:10 as ended." in words
    assert words.count("IT IS OVER") == len(TEXTS)
    assert words.index("IT IS OVER") > words.index("Missile warning W1")


def test_on_a_telephone_every_cell_of_the_clock_carries_its_heading(write: Write) -> None:
    page = write(RUNS["hit"])
    clock = re.search(r'<table[^>]*class="stacks".*?</table>', page, re.DOTALL)
    assert clock
    assert len(re.findall("<td", clock[0])) == len(re.findall("data-heading=", clock[0])) == 12 * 6
    assert re.search(r"@media \(max-width:500px\) \{ \.stacks", page)


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


def test_a_region_of_less_than_a_square_kilometre_is_not_called_none(write: Write) -> None:
    small = column(
        [(36.84, 36.22), (36.84, 36.221), (36.8409, 36.221), (36.8409, 36.22), (36.84, 36.22)]
    )  # 90 m a side
    run = [
        msgspec.structs.replace(m, impact_region_90_deg=small)
        if isinstance(m, Assessment) and m.impact_region_90_deg is not None
        else m
        for m in RUNS["hit"]
    ]
    assert "90 % region under 1 km²" in Reader(write(run)).text


def test_sensors_stand_in_the_inputs_with_what_sets_their_sight_and_how_often_they_looked(write: Write) -> None:
    radar = Sensor(
        name="LAND-RADAR", kind="radar", latitude_deg=37.9, longitude_deg=38.2, reference_snr_db=17.5,
        reference_range_km=640.0, reference_rcs_m2=2.0, beamwidth_deg=1.25, task_period_s=1.0, scan_period_s=4.0,
    )  # fmt: skip
    search = [m for m in RUNS["hit"] if isinstance(m, Scan) and m.sensor == "LAND-RADAR"]
    assert search
    lengths = [4_000_000_000, 20_000_000]  # a sweep, and a look of one dwell
    scans = [
        msgspec.structs.replace(search[0], end_ns=search[0].start_ns + length_ns, id=f"scan-{length_ns}")
        for length_ns in lengths
    ]
    rest = [m for m in RUNS["hit"] if not isinstance(m, Scan)]
    words = Reader(write([*rest, *scans], scenario=scenario(sensors=(radar,)))).text
    told = words[words.index("Sensors as surveyed") :]
    for figure in ("17.5 dB on 2 m² at 640 km", "Swerling 1", "a beam of 1.25°", "azimuth 0.06°", "notional"):
        assert figure in told
    plots = search[0].plot_count
    assert f"1 1 {2 * plots}" in told


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
