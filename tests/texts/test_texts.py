"""What people read: every template in every language passes the lint, and the lint catches what it should."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import ScenarioError
from tocsin.messages import Origin, WarningText
from tocsin.places import zones
from tocsin.policy import WarnPolicy
from tocsin.texts import (
    Facts,
    channel_problems,
    countries,
    forbidden_in,
    languages,
    page_count,
    render_warning,
    text_problems,
    texts,
)

FACTS = Facts(
    places=("İskenderun (Hatay)", "Dörtyol (Hatay)"),
    countries=("TR",),
    certainty="Observed",
    people_count=335_643,
    at_ns=1_772_616_000_000_000_000,  # 09:20 UTC
    seconds_left=250.0,
    danger_s=259_200.0,
)
ALL = [
    (tag, kind, p)
    for tag in languages()
    for kind in ("missile", "debris", "falling")
    for p in sorted(getattr(texts(tag), kind))
]

LATE = msgspec.structs.replace(FACTS, seconds_left=-1.0)
WIDE = msgspec.structs.replace(  # the longest names of the table, over several borders
    FACTS,
    places=("Shahrak-e Maskūnī-ye Gawātar", *(f"Afyonkarahisar {n}" for n in range(40))),
    countries=("TR", "SY", "IQ", "JO"),
)


def render(tag: str, kind: Any, purpose: Any, origin: Origin, facts: Facts) -> WarningText:
    if kind == "falling":
        facts, kind = msgspec.structs.replace(facts, until_ns=facts.at_ns + 1_000 * 10**9), "debris"
    return render_warning(kind, purpose, tag, origin, facts)


@pytest.mark.parametrize("origin", ["exercise", "test", "live"])
@pytest.mark.parametrize(("tag", "kind", "purpose"), ALL)
def test_every_text_holds_its_five_contents_and_fits_every_channel(
    tag: str, kind: str, purpose: str, origin: Origin
) -> None:
    ahead = kind == "missile" and purpose in ("warning", "update")
    for facts in (FACTS, WIDE, msgspec.structs.replace(FACTS, is_at_known=False, seconds_left=None), LATE):
        text = render(tag, kind, purpose, origin, facts)
        assert text_problems(text, origin, is_impact_ahead=ahead) == []
        for channel in WarnPolicy().channels:
            assert channel_problems(text, channel, origin, is_impact_ahead=ahead) == []


def test_languages_hold_the_same_templates_sentences_and_slots() -> None:
    book = {tag: texts(tag) for tag in languages()}
    assert {"tr", "en", "ar"} <= set(book)
    for other in book.values():
        assert set(other.missile) == set(book["en"].missile)
        assert set(other.debris) == set(book["en"].debris)
        assert set(other.falling) == set(book["en"].falling) == {"warning", "update"}
        assert set(other.statement) == set(book["en"].statement)
        assert set(other.countries) == set(countries()) >= set(zones().countries)
        assert not other.call or set(other.call) == {c.emergency for c in countries().values()} - {""}


def test_a_live_text_says_draft_first_and_last_in_every_language() -> None:
    for tag in languages():
        text = render_warning("missile", "warning", tag, "live", FACTS)
        for part in (text.event, text.headline, text.description, text.instruction):
            assert part.startswith("DRAFT - NOT SENT ")
            assert part.endswith(" DRAFT - NOT SENT")


def test_the_clock_is_local_where_it_never_changes_and_utc_elsewhere() -> None:
    local = render_warning("missile", "warning", "en", "exercise", FACTS)
    assert "about 12:20, in about 4 minutes" in local.description  # Türkiye: UTC+3 all year
    assert "call 112" in local.instruction
    other = render_warning("missile", "warning", "en", "exercise", msgspec.structs.replace(FACTS, countries=("GR",)))
    assert "about 09:20 UTC" in other.description


@pytest.mark.parametrize(
    ("left_s", "said"),
    [(59.9, "less than one minute"), (60.0, "one minute"), (239.9, "3 minutes"), (-1.0, "any moment")],
)
def test_a_text_never_promises_more_time_than_there_is(left_s: float, said: str) -> None:
    facts = msgspec.structs.replace(FACTS, seconds_left=left_s)
    assert said in render_warning("missile", "warning", "en", "exercise", facts).headline


def test_an_unreviewed_translation_says_so() -> None:
    for tag in languages():
        text = render_warning("missile", "warning", tag, "exercise", FACTS)
        assert text.reviewed_by == ""
        assert "unreviewed translation" in text.description


def test_latin_names_are_isolated_in_a_right_to_left_text() -> None:
    text = render_warning("missile", "warning", "ar", "exercise", FACTS)
    assert texts("ar").direction == "rtl"
    assert "\u2068İskenderun (Hatay)\u2069" in text.headline  # UAX 9: FSI ... PDI


GOOD = render_warning("missile", "warning", "en", "exercise", FACTS)
PARTS = ("event", "headline", "description", "instruction")
HARMLESS = {part: getattr(GOOD, part).replace("issile", "hing").replace("ebris", "hing") for part in PARTS}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"description": GOOD.description.replace("Exercise warning desk", "Somebody")}, "source"),
        (HARMLESS, "hazard"),
        ({"area_text": "Atlantis"}, "location"),
        ({"instruction": "EXERCISE - Stay calm. - EXERCISE"}, "guidance"),
        ({part: getattr(GOOD, part).replace("12:20", "soon") for part in PARTS}, "time: no clock time"),
        ({part: getattr(GOOD, part).replace("in about 4 minutes", "soon") for part in PARTS}, "time: not in how many"),
        ({"headline": "Missile warning: İskenderun (Hatay)"}, "headline does not begin"),
        ({"description": GOOD.description.replace("(unreviewed translation)", "")}, "unreviewed"),
        ({"headline": "EXERCISE - This  is\u200b NOT a Drill - EXERCISE"}, "forbidden"),
        ({"instruction": "EXERCISE - Go indoors. Bu bir TATBIKAT değildir. - EXERCISE"}, "forbidden"),
    ],
)  # fmt: skip
def test_the_lint_names_what_is_wrong(change: dict[str, str], named: str) -> None:
    assert text_problems(GOOD, "exercise", is_impact_ahead=True) == []
    found = text_problems(msgspec.structs.replace(GOOD, **change), "exercise", is_impact_ahead=True)
    assert any(named in problem for problem in found), found


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(["THIS", "is", "Not", "a", "drill", "not a", "\u00a0", "-", ","]), max_size=9))
def test_the_forbidden_phrase_is_found_however_it_is_spaced(words: list[str]) -> None:
    plain = " ".join(" ".join(words).replace("-", " ").replace(",", " ").split()).lower()
    assert ("not a drill" in plain) == bool(forbidden_in(" ".join(words)))


@pytest.mark.parametrize(
    ("body", "pages"),
    [
        ("a" * 93, 1),  # 3GPP TS 23.041: 82 octets hold 93 septets ...
        ("a" * 94, 2),
        ("ş" * 40, 1),  # ... or, in UCS-2, 40 characters beside the language octets
        ("ş" * 41, 2),
        ("€" * 46, 1),  # extension table: two septets each
        ("€" * 47, 2),
        ("\U0001f680" * 20, 1),  # a surrogate pair counts twice
        ("\U0001f680" * 21, 2),
    ],
)
def test_cell_broadcast_pages_count_encoded_units(body: str, pages: int) -> None:
    assert page_count(body) == pages


def test_a_text_too_long_for_its_channel_is_refused_in_the_channels_own_count() -> None:
    long = msgspec.structs.replace(GOOD, instruction="EXERCISE - " + "ş" * 600 + " - EXERCISE")
    assert any("pages" in why for why in channel_problems(long, "cell_broadcast", "exercise"))
    assert any("characters" in why for why in channel_problems(long, "wea_360", "exercise"))
    assert any(
        "octets" in why
        for why in channel_problems(msgspec.structs.replace(long, description="ş" * 4_000), "app", "exercise")
    )
    assert channel_problems(long, "sirens", "exercise") == []
    assert channel_problems(GOOD, "pigeon", "exercise")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"headline": GOOD.headline.replace("12:20", "soon")}, "time: no clock time"),
        ({"headline": GOOD.headline.replace("in about 4 minutes", "soon")}, "time: not in how many"),
        ({"headline": GOOD.headline.replace("İskenderun", "Somewhere")}, "location"),
        ({"headline": "x 12:20 in about 4 minutes İskenderun (Hatay)", "instruction": "Go indoors now."}, "hazard"),
        ({"instruction": "EXERCISE - Stay calm. - EXERCISE"}, "guidance"),
    ],
)
def test_what_one_channel_carries_must_hold_the_five_contents_by_itself(change: dict[str, str], named: str) -> None:
    assert channel_problems(GOOD, "cell_broadcast", "exercise", is_impact_ahead=True) == []
    text = msgspec.structs.replace(GOOD, **change)
    found = channel_problems(text, "cell_broadcast", "exercise", is_impact_ahead=True)
    assert any(named in why for why in found), found
    silent = channel_problems(GOOD, "wea_90", "exercise", is_impact_ahead=True)  # headline alone: nobody speaks
    assert any("source" in why for why in silent)


def test_a_number_is_bent_as_the_language_bends_it() -> None:
    for codes, number in (
        (("TR",), "112'yi arayın"),
        (("JO",), "911'i arayın"),
        (("IQ",), "yerel acil yardımı arayın"),
    ):
        facts = msgspec.structs.replace(FACTS, countries=codes)
        assert number in render_warning("missile", "warning", "tr", "exercise", facts).instruction


def test_over_a_border_each_country_has_its_number_and_clocks_that_differ_are_told_in_utc_too() -> None:
    facts = msgspec.structs.replace(FACTS, countries=("IR", "TR", "SY", "IQ", "AM"))
    text = render_warning("missile", "warning", "en", "exercise", facts)
    assert "call the local emergency services (Iran, Syria, Iraq) or 112 (Türkiye, Armenia)." in text.instruction
    assert "12:50 (09:20 UTC)" in text.headline  # Iran: UTC+3:30
    same = msgspec.structs.replace(FACTS, countries=("TR", "SY"))
    assert "UTC" not in render_warning("missile", "warning", "en", "exercise", same).headline


def test_an_unknown_time_of_impact_is_said_once_and_promises_nothing() -> None:
    facts = msgspec.structs.replace(FACTS, is_at_known=False, seconds_left=None)
    for tag in languages():
        for purpose in ("warning", "update"):
            text = render_warning("missile", purpose, tag, "exercise", facts)
            for part in (text.headline, text.description):
                assert part.count(texts(tag).words["impact_unknown"]) == 1
                assert ":20" not in part


def test_a_debris_notice_keeps_people_indoors_until_the_minute_after_the_last_piece() -> None:
    until = msgspec.structs.replace(FACTS, until_ns=FACTS.at_ns + 601 * 10**9)  # 09:30:01 UTC
    text = render_warning("debris", "warning", "en", "exercise", until)
    assert "stay indoors until 12:31" in text.instruction
    assert "between about 12:20 and 12:31" in text.description
    whole = msgspec.structs.replace(FACTS, until_ns=FACTS.at_ns + 600 * 10**9)
    assert "stay indoors until 12:30" in render_warning("debris", "warning", "en", "exercise", whole).instruction


def test_places_that_are_not_named_are_counted() -> None:
    text = render_warning("missile", "warning", "en", "exercise", WIDE, places_shown=2)
    assert text.area_text == "Shahrak-e Maskūnī-ye Gawātar, Afyonkarahisar 0 and 39 more places"
    one = render_warning("missile", "warning", "en", "exercise", WIDE, places_shown=40)
    assert one.area_text.endswith(" and one more place")


def test_a_language_without_a_file_is_refused_by_name() -> None:
    with pytest.raises(ScenarioError, match=r"texts/xx\.toml"):
        texts("xx")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=20), max_size=12), st.integers(0, 10**8), st.floats(-1e3, 1e5))
def test_any_place_names_render_without_control_characters(names: list[str], people: int, left_s: float) -> None:
    facts = Facts(places=tuple(names), people_count=people, seconds_left=left_s)
    for tag in languages():
        text: WarningText = render_warning("missile", "warning", tag, "exercise", facts)
        assert all(c.isprintable() or c in "\u2068\u2069" for c in text.headline + text.area_text)
