"""inform: who hears what, in which order, traced, and what no byte of it depends on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.messages import (
    Event,
    Posture,
    PublicWarning,
    Report,
    Statement,
    column,
    decode_state,
    encode,
    encode_state,
)
from tocsin.places import zones
from tocsin.policy import PosturePolicy
from tocsin.scenario.schema import Defence
from tocsin.stages.inform import Inform
from tocsin.stages.inform.release import ALWAYS_WITHHELD, LABELS
from tocsin.stages.warn import Warn

sys.path.insert(0, str(Path(__file__).parent))
import msgspec
from warning_cast import EPOCH_NS, Driver, assessment, debris, engagement, find
from warning_cast import defence as desk_defence

LEVELS = ("low", "normal", "raised", "very high", "zulu")


def defence(origin: str = "exercise") -> Defence:
    given = desk_defence(origin)
    levels = PosturePolicy(levels=LEVELS, crew_reaction_s=(99.0, 90.0, 25.0, 20.0, 9.0))
    return msgspec.structs.replace(given, policy=msgspec.structs.replace(given.policy, posture=levels))


def casualty(outcome: Any, reporter: str = "local authority", threat: str = "T1") -> Report:
    return Report(time_ns=EPOCH_NS, kind="casualty", reporter=reporter, subject=threat, outcome=outcome)


def found(driver: Driver, name: str, outcome: str, at_s: float, *, is_taken: bool = True) -> None:
    """A report of a find, and the warning desk's word that it is on its list."""
    driver.send(find(name, outcome), at_s)
    taken = Event(
        time_ns=EPOCH_NS, code="warn.find" if is_taken else "warn.refused", severity="info", text="", subject=name,
        causes=(f"m{driver.count}",),
    )  # fmt: skip
    driver.send(taken)


def last_find(driver: Driver, at_s: float) -> str:
    """What the host nation is told of finds after all have heard."""
    for step_s in range(0, 60, 10):
        driver.tick(at_s + step_s)
        answer_drafts(driver)
    return english(statements(driver)[-1]).get("find", "").removesuffix(" - EXERCISE")


def answer_drafts(driver: Driver) -> None:
    for draft in [m for m in driver.out if isinstance(m, Statement)][-1:]:
        if draft.state == "draft":
            driver.do("spokes", "approve_statement", draft.statement, draft.revision)


def a_warning() -> PublicWarning:
    driver = Driver(Warn(desk_defence()), "exercise")
    driver.send(assessment(), 100.0)
    driver.do("app", "approve_warning", "W001", 1)
    return next(m for m in driver.out if isinstance(m, PublicWarning) and m.state == "sent")


WARNING = a_warning()


def posture(level: str = "raised", concurrence: Any = "standing", **changes: Any) -> Posture:
    fields: dict[str, Any] = {"crew_reaction_s": 25.0, "members_count": 32, "decided_by": "cmd"}
    return Posture(time_ns=EPOCH_NS, level=level, concurrence=concurrence, **(fields | changes))


def play(
    origin: str = "exercise",
    *,
    level: Posture | None = None,
    assessed: dict[str, Any] | None = None,
    engaged: dict[str, Any] | None = None,
    fallen: dict[str, Any] | None = None,
    outcome: str = "hit",
    casualties: str = "none",
    until_s: float = 1_000.0,
) -> Driver:
    """One intercepted threat, spoken of afterwards."""
    driver = Driver(Inform(defence(origin)), origin)
    driver.send(level or posture(), 10.0)
    driver.send(assessment(**(assessed or {})), 100.0)
    driver.send(WARNING, 120.0)
    driver.send(engagement("launched", **(engaged or {})), 300.0)
    driver.send(engagement(outcome, **(engaged or {})), 421.0)
    driver.send(debris(**(fallen or {})), 425.0)
    if casualties:
        driver.send(casualty(casualties), 426.0)
    for at_s in range(430, int(until_s), 10):
        driver.tick(float(at_s))
        answer_drafts(driver)
    return driver


def statements(driver: Driver, state: str = "released") -> list[Statement]:
    return [m for m in driver.out if isinstance(m, Statement) and m.state == state]


def english(statement: Statement) -> dict[str, str]:
    return {s.fact: s.text for s in statement.sentences if s.language == "en"}


def test_the_host_nation_hears_first_then_the_alliance_then_the_public() -> None:
    driver = play()
    everything = [(s.audience, s.state) for s in driver.out if isinstance(s, Statement)]
    assert everything == [
        (audience, state) for audience in ("host_nation", "alliance", "public") for state in ("draft", "released")
    ]


def test_nothing_is_said_before_the_event_is_over_for_a_minute() -> None:
    driver = play(until_s=1_000.0)
    first = next(m for m in driver.out if isinstance(m, Statement))
    assert first.time_ns - (EPOCH_NS + 420 * 10**9) >= 60 * 10**9  # policy.release.statement_after_s after the hit


def test_the_public_statement_says_what_may_be_said() -> None:
    said = english(statements(play())[-1])
    assert said["happened"].startswith("EXERCISE - On 2026-03-04, about 09:20 UTC")
    assert said["outcome"] == "It was reported intercepted."
    assert said["duration"] == "From detection to defence took less than 10 minutes."  # 300 s, in steps of five minutes
    assert "Dörtyol" in said["debris"]
    assert said["casualties"] == "No casualties have been reported."
    assert said["posture"].startswith("The members concurred")
    last = [s for s in statements(play())[-1].sentences if s.language == "en"][-1]
    assert last.text.endswith(" EXERCISE")


def test_every_sentence_stands_in_turkish_and_english_and_names_its_evidence() -> None:
    driver = play()
    ids = {m.id for m in driver.out} | {f"m{i}" for i in range(1, driver.count + 1)}
    for statement in statements(driver):
        facts = {tag: [s.fact for s in statement.sentences if s.language == tag] for tag in ("tr", "en")}
        assert facts["tr"] == facts["en"] != []
        for sentence in statement.sentences:
            assert sentence.evidence
            assert set(sentence.evidence) <= ids


def test_the_evidence_of_the_outcome_is_the_reported_engagement() -> None:
    driver = play()
    outcome = next(s for s in statements(driver)[-1].sentences if s.fact == "outcome")
    assert outcome.evidence == ("m5",)  # posture, assessment, warning, launched, hit


def test_the_banner_is_the_highest_label_and_the_public_gets_public_parts_only() -> None:
    host, alliance, public = statements(play())
    assert host.banner == alliance.banner == "EXERCISE-RESTRICTED"
    assert public.banner == "EXERCISE-PUBLIC"
    for statement in (host, alliance, public):
        labels = [LABELS.index(s.label) for s in statement.sentences]
        assert LABELS[max(labels)] == statement.banner
    assert "people_warned" in english(host)
    assert "people_warned" not in english(public)
    assert ("people_warned", "not releasable to this audience") in [(w.fact, w.reason) for w in public.withheld]


def test_withheld_facts_are_named_with_their_reason() -> None:
    withheld = {w.fact: w.reason for w in statements(play())[-1].withheld}
    for fact in ALWAYS_WITHHELD:
        assert withheld[fact] == "withheld for operational security"
    assert withheld["find"].startswith("unsupported")


def test_a_fact_without_a_record_is_not_said() -> None:
    driver = play(level=posture("normal", "none"))
    public = statements(driver)[-1]
    assert "posture" not in english(public)
    assert ("posture", "unsupported: no record says so") in [(w.fact, w.reason) for w in public.withheld]
    raised = english(statements(play(level=posture("raised", "under_silence")))[-1])
    assert raised["posture"] == "The alliance's posture had been raised. - EXERCISE"


@pytest.mark.parametrize(("outcome", "said"), [("miss", "not intercepted"), ("unknown", "not been established")])
def test_the_outcome_is_said_as_reported(outcome: str, said: str) -> None:
    assert said in english(statements(play(outcome=outcome))[-1])["outcome"]


def test_what_was_refuted_after_people_were_told_is_called_a_false_alarm() -> None:
    driver = Driver(Inform(defence()))
    driver.send(assessment(), 100.0)
    driver.send(WARNING, 120.0)
    driver.send(assessment("REFUTED"), 200.0)
    (draft,) = driver.tick(260.0)
    assert "false alarm" in english(draft)["outcome"]


def test_nothing_is_said_of_what_nobody_was_told() -> None:
    driver = Driver(Inform(defence()))
    driver.send(assessment(), 100.0)
    driver.send(assessment("REFUTED"), 200.0)
    assert driver.tick(2_000.0) == []


@pytest.mark.parametrize("actor", ["op", "app", "dir", "inform", "nobody", ""])
def test_only_a_spokesperson_releases(actor: str) -> None:
    driver = Driver(Inform(defence()))
    driver.send(assessment(), 100.0)
    driver.send(WARNING, 120.0)
    (draft,) = driver.tick(560.0)
    given = driver.do(actor, "approve_statement", draft.statement, draft.revision)
    assert [type(m) for m in given] == [Event]
    assert driver.do("spokes", "approve_statement", draft.statement, 9)[0].code == "inform.refused"
    released = driver.do("spokes", "approve_statement", draft.statement, draft.revision)[0]
    assert (released.state, released.approved_by) == ("released", "spokes")


def test_a_live_statement_stays_a_draft() -> None:
    driver = play("live")
    assert statements(driver) == []
    drafts = statements(driver, "draft")
    assert drafts
    assert all(d.banner.startswith("DRAFT - NOT SENT") for d in drafts)


def test_a_find_after_the_statement_starts_another_round() -> None:
    driver = play()
    found(driver, "F1", "reported", 1_100.0)
    (draft,) = driver.tick(1_101.0)
    assert (draft.statement, draft.audience) == ("S002-host-nation", "host_nation")
    assert "unexploded" in english(draft)["find"]


def test_a_find_is_told_as_the_desk_takes_it_secured_once_cordoned_and_no_more_once_cleared() -> None:
    driver = play()
    found(driver, "F1", "hit", 1_100.0, is_taken=False)
    driver.send(Event(time_ns=EPOCH_NS, code="warn.find", severity="info", text="", subject="F0", causes=("m1",)))
    assert last_find(driver, 1_101.0) == ""
    found(driver, "F1", "reported", 1_200.0)
    assert last_find(driver, 1_201.0) == "An unexploded object was reported found."
    found(driver, "F1", "cleared", 1_300.0, is_taken=False)
    assert last_find(driver, 1_301.0) == "An unexploded object was reported found."
    found(driver, "F1", "cordoned", 1_400.0)
    assert last_find(driver, 1_401.0).endswith("the place is being secured.")
    found(driver, "F1", "cleared", 1_500.0)
    assert last_find(driver, 1_501.0) == ""


def test_the_desk_and_the_statement_agree_on_what_a_taken_find_is() -> None:
    """The event that the warning desk gives for a report it takes is the one that makes it a fact."""
    desk, inform = Driver(Warn(desk_defence())), play()
    told = desk.send(find("F1", "reported"), 1_100.0)
    inform.count = desk.count - 1  # the report has the id that the desk cites
    inform.send(find("F1", "reported"), 1_100.0)
    for message in told:
        if isinstance(message, Event):
            inform.stage.handle(message)
    assert "F1" in inform.stage.state.finds


def test_a_fact_that_comes_in_mid_round_is_told_to_nobody_in_it_and_to_the_host_nation_first_after_it() -> None:
    driver = play(until_s=486.0)  # the host nation has heard it
    assert [s.audience for s in statements(driver)] == ["host_nation"]
    found(driver, "F1", "reported", 486.0)
    for at_s in range(490, 600, 10):
        driver.tick(float(at_s))
        answer_drafts(driver)
    told = [(s.audience, "find" in english(s)) for s in statements(driver)]
    audiences = ("host_nation", "alliance", "public")
    assert told == [(a, False) for a in audiences] + [(a, True) for a in audiences]


NEWS = st.sampled_from(["find", "cordon", "debris", "some", "none", "posture", "threat", "hit", "nothing"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NEWS, st.booleans()), max_size=12))
def test_the_public_never_hears_what_the_host_nation_has_not_heard_first(steps: list[tuple[str, bool]]) -> None:
    driver = play(until_s=450.0, casualties="")
    at_s = 480.0
    for news, is_answered in [*steps, *[("nothing", True)] * 9]:
        match news:
            case "find" | "cordon":
                found(driver, "F1", "reported" if news == "find" else "cordoned", at_s)
            case "debris":
                driver.send(debris(area="D-E2", places=("Erzin", "Osmaniye")), at_s)
            case "some" | "none":
                driver.send(casualty(news), at_s)
            case "posture":
                driver.send(posture(concurrence="none"), at_s)
            case "threat":
                driver.send(assessment(threat="T2", impact_s=at_s + 5.0), at_s)
                driver.send(msgspec.structs.replace(WARNING, threats=("T2",)))
            case "hit":
                driver.send(engagement("hit", threat="T2", engagement="E2"), at_s)
        driver.tick(at_s + 1.0)
        if is_answered:
            answer_drafts(driver)
        at_s += 10.0
    host: set[str] = set()
    for statement in statements(driver):
        said = {text.removeprefix("EXERCISE - ").removesuffix(" - EXERCISE") for text in english(statement).values()}
        if statement.audience == "host_nation":
            host |= said
        assert said <= host


def test_districts_are_taken_from_each_area_in_turn_the_host_nations_first_and_only_theirs_are_cited() -> None:
    table = zones()

    def of_country(country: str, count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        rows = [row for row in range(len(table.ids)) if table.countries[row] == country]
        first = {table.names[row]: table.ids[row] for row in rows}
        return tuple(first)[:count], tuple(first.values())[:count]

    (home, home_ids), (abroad, abroad_ids) = of_country("TR", 4), of_country("SY", 9)
    driver = Driver(Inform(defence()))
    driver.send(assessment(), 100.0)
    driver.send(WARNING, 120.0)
    driver.send(debris(area="D-A", places=abroad[:6], zones=abroad_ids[:6], people_count=900), 425.0)
    driver.send(debris(area="D-B", places=home[:2], zones=home_ids[:2], people_count=10), 425.0)
    driver.send(
        debris(area="D-C", places=(abroad[6], *home[2:]), zones=(abroad_ids[6], *home_ids[2:]), people_count=20)
    )
    driver.send(debris(area="D-D", places=abroad[7:], zones=abroad_ids[7:], people_count=5))
    (draft,) = driver.tick(600.0)
    said = next(s for s in draft.sentences if s.fact == "debris")
    listed = said.text.split("düşmüş olabilir: ")[-1] if said.language == "tr" else said.text.split("in: ")[-1]
    assert listed.split(". ")[0].split(", ") == [home[2], home[0], home[3], home[1], abroad[0]]
    assert said.evidence == ("m5", "m4", "m3")  # areas C, B and A; nothing of D is said


def test_casualties_are_spoken_of_only_on_a_report_of_the_one_who_counts_them() -> None:
    silent = play(casualties="")
    assert "casualties" not in english(statements(silent)[-1])
    withheld = {w.fact: w.reason for w in statements(silent)[-1].withheld}
    assert withheld["casualties"] == "unsupported: no record says so"
    for false in (casualty("none", "eve"), casualty("hit"), casualty("none", threat="T9"), casualty("")):
        (refused,) = silent.send(false, 1_100.0)
        assert refused.code == "inform.report_refused"
    assert silent.tick(1_101.0) == []
    silent.send(casualty("none"), 1_110.0)
    cause = f"m{silent.count}"
    (draft,) = silent.tick(1_111.0)
    sentence = next(s for s in draft.sentences if s.fact == "casualties" and s.language == "en")
    assert "No casualties have been reported." in sentence.text
    assert sentence.evidence == (cause,)
    assert "Casualties have been reported." in english(statements(play(casualties="some"))[-1])["casualties"]


def test_none_is_said_of_casualties_only_when_it_is_reported_of_every_threat_that_came_down() -> None:
    driver = Driver(Inform(defence()))
    for threat in ("T1", "T2"):
        driver.send(assessment(threat=threat), 100.0)
    driver.send(msgspec.structs.replace(WARNING, threats=("T1", "T2")), 120.0)
    driver.send(casualty("none"), 500.0)
    (draft,) = driver.tick(600.0)
    assert "casualties" not in english(draft)
    driver.send(casualty("none", threat="T2"), 601.0)
    (draft,) = driver.tick(602.0)
    assert "No casualties" in english(draft)["casualties"]


@pytest.mark.parametrize(("level", "is_said"), [("low", False), ("normal", False), ("raised", True), ("zulu", True)])
def test_only_a_level_above_the_one_at_the_start_is_said_to_be_raised(level: str, is_said: bool) -> None:
    assert ("posture" in english(statements(play(level=posture(level)))[-1])) == is_said


def test_what_is_released_cannot_be_released_again_and_that_is_said() -> None:
    driver = play()
    done = statements(driver)[0]
    (refused,) = driver.do("spokes", "approve_statement", done.statement, done.revision)
    assert "is released already" in refused.text
    (refused,) = driver.do("spokes", "approve_statement", "S999-public", 1)
    assert "there is no such statement" in refused.text


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_byte_of_the_public_statement_depends_on_a_withheld_fact(data: st.DataObject) -> None:
    number, text = st.floats(-1e7, 1e7), st.text(max_size=12)
    vector = st.tuples(number, number, number)
    level = posture(
        data.draw(st.sampled_from(["raised", "very high", "zulu"])),
        members_count=data.draw(st.integers(1, 99)),
        crew_reaction_s=data.draw(st.floats(1.0, 99.0)),
        decided_by=data.draw(text),
        level_until_ns=data.draw(st.integers(0, 2**60)),
    )
    assessed = {
        "position_ecef_m": data.draw(vector),
        "velocity_ecef_m_s": data.draw(vector),
        "launch_ecef_m": data.draw(vector),
        "impact_ecef_m": data.draw(vector),
        "launch_ns": EPOCH_NS + data.draw(st.integers(0, 299)) * 10**9,  # 09:20 to 09:25: one five-minute step
        "apogee_height_m": data.draw(number),
        "phenomenologies": data.draw(st.sampled_from([("radar",), ("infrared", "radar")])),
        "track": data.draw(st.integers(0, 9)),
        "reason": data.draw(text),
    }
    engaged = {
        "site": data.draw(text),
        "shots": data.draw(st.integers(0, 9)),
        "shots_left": data.draw(st.integers(0, 9)),
        "kill_prob": data.draw(st.floats(0.0, 1.0)),
        "intercept_ecef_m": data.draw(vector),
        "launch_ns": EPOCH_NS + data.draw(st.integers(299, 420)) * 10**9,
        "authorised_by": data.draw(text),
        "reason": data.draw(text),
    }
    fallen = {
        "mass_kg": data.draw(st.floats(1.0, 1e4)),
        "fragment_count": data.draw(st.integers(1, 999)),
        "region_90_deg": column([[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [1.0, 1.0]]),
        "casualty_expectation": data.draw(st.floats(0.0, 1.0)),
    }
    # The launch estimate and the duration are coarse: both stay in their step.
    if (engaged["launch_ns"] - assessed["launch_ns"]) // (300 * 10**9) != 1:
        engaged["launch_ns"] = assessed["launch_ns"] + 301 * 10**9
    plain = statements(play())[-1]
    varied = statements(play(level=level, assessed=assessed, engaged=engaged, fallen=fallen))[-1]
    assert encode(plain) == encode(varied)


def test_a_changed_public_fact_does_change_the_statement() -> None:
    plain = statements(play())[-1]
    assert encode(plain) != encode(statements(play(fallen={"places": ("Erzin",)}))[-1])
    assert encode(plain) != encode(statements(play(outcome="miss"))[-1])


def test_the_stage_continues_the_same_after_its_state_was_encoded_and_put_back() -> None:
    one, two = play(until_s=500.0), play(until_s=500.0)
    state = two.stage.state
    two.stage = Inform(defence())
    two.stage.state = decode_state(encode_state(state), type(state))
    given = []
    for driver in (one, two):
        found(driver, "F1", "reported", 1_100.0)
        (draft,) = driver.tick(1_101.0)
        given.append([encode(m) for m in driver.do("spokes", "approve_statement", draft.statement, draft.revision)])
    assert given[0] == given[1] != []
