"""people: who answers what, how late, and what they cannot see."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tocsin.errors import ScenarioError
from tocsin.messages import (
    AlertStatus,
    Command,
    DebrisArea,
    Engagement,
    Message,
    Posture,
    PublicWarning,
    Report,
    Statement,
    Tick,
    UnitAlert,
    column,
    encode,
)
from tocsin.people import People
from tocsin.scenario import cast_of, load_scenario
from tocsin.scenario.schema import Actor, Cast, Defence, Script, Unit

S = 1_000_000_000
T0 = 1_772_614_800 * S


def cast(**changes: Any) -> Cast:
    fields: dict[str, Any] = {
        "units": (
            Unit(name="Battery", latitude_deg=36.9, longitude_deg=35.9, acknowledge_delay_s=10.0),
            Unit(name="Ship", kind="sea", latitude_deg=36.0, longitude_deg=34.5, is_absent=True),
        ),
        "actors": (
            Actor(name="Gone", roles=("approver",), is_absent=True),
            Actor(name="Ada", roles=("approver",), delay_s=20.0),
            Actor(name="Bob", roles=("approver", "spokesperson"), delay_s=30.0),
            Actor(name="Aut", roles=("authority",), delay_s=15.0),
            Actor(name="Dir", roles=("director",)),
        ),
    }
    return Cast(**{**fields, **changes})


def people_of(given: Cast | None = None, seed: int = 7, run_index: int = 0) -> People:
    return People(Defence(), given or cast(), seed, run_index)


def alert(unit: str = "Battery", state: Any = "sent", revision: int = 1) -> UnitAlert:
    return UnitAlert(
        time_ns=T0, arrival_ns=T0, id="m1", alert=f"T-0001/{unit}", revision=revision, state=state, unit=unit,
        threat="T-0001", track=7, deadline_ns=T0,
    )  # fmt: skip


def warning(state: Any = "draft", revision: int = 2, **changes: Any) -> PublicWarning:
    fields: dict[str, Any] = {
        "time_ns": T0, "arrival_ns": T0, "id": "m2", "warning": "W-0001", "revision": revision, "revises": 1,
        "kind": "missile", "state": state, "status": AlertStatus.EXERCISE, "msg_type": "Alert",
        "certainty": "Likely", "threats": ("T-0001",), "zones": ("z",), "expires_ns": T0, "texts": (),
        "channels": ("sirens", "app"), "drafted_by": "warn",
    }  # fmt: skip
    return PublicWarning(**{**fields, **changes})


def engagement(state: Any = "planned") -> Engagement:
    return Engagement(
        time_ns=T0, arrival_ns=T0, id="m3", engagement="E-0001", revision=1, state=state, threat="T-0001", track=7,
        site="North",
    )  # fmt: skip


def statement(state: Any = "draft") -> Statement:
    return Statement(
        time_ns=T0, arrival_ns=T0, id="m4", statement="S-0001", revision=1, audience="public", state=state,
        banner="EXERCISE-PUBLIC", sentences=(), withheld=(), drafted_by="inform",
    )  # fmt: skip


def late_s(message: Message) -> float:
    return (message.arrival_ns - T0) / S


@pytest.mark.parametrize("state", ["sent", "resent", "escalated"])
def test_a_unit_acknowledges_what_it_is_sent_within_a_fifth_of_its_delay(state: Any) -> None:
    (answer,) = people_of().hear(alert(state=state, revision=3))
    assert isinstance(answer, Report)
    assert (answer.kind, answer.reporter, answer.source) == ("acknowledgement", "Battery", "Battery")
    assert (answer.subject, answer.revision, answer.causes) == ("T-0001/Battery", 3, ("m1",))
    assert 8.0 <= late_s(answer) <= 12.0
    assert answer.time_ns == answer.arrival_ns


@pytest.mark.parametrize("state", ["acknowledged", "updated", "stood_down"])
def test_a_unit_does_not_acknowledge_its_own_acknowledgement(state: Any) -> None:
    assert people_of().hear(alert(state=state)) == []


def test_the_absent_never_answer() -> None:
    assert people_of().hear(alert("Ship")) == []
    nobody = cast(actors=(Actor(name="Gone", roles=("approver", "authority", "spokesperson"), is_absent=True),))
    people = people_of(nobody)
    assert [people.hear(m) for m in (warning(), engagement(), statement())] == [[], [], []]


def test_the_first_approver_present_approves_every_draft_revision() -> None:
    for message in (warning(), warning(revision=3, kind="debris"), warning(revision=4, msg_type="Cancel")):
        (answer,) = people_of().hear(message)
        assert isinstance(answer, Command)
        assert (answer.actor, answer.action, answer.subject) == ("Ada", "approve_warning", "W-0001")
        assert answer.revision == message.revision
        assert 16.0 <= late_s(answer) <= 24.0


def test_an_approver_already_reading_does_not_start_again_for_a_newer_draft_of_the_same() -> None:
    people = people_of()
    (answer,) = people.hear(warning())
    meanwhile = msgspec.structs.replace(warning(revision=2), arrival_ns=answer.arrival_ns - 1)
    afterwards = msgspec.structs.replace(warning(revision=3), arrival_ns=answer.arrival_ns)
    assert people.hear(meanwhile) == []
    assert len(people.hear(afterwards)) == 1
    assert len(people.hear(msgspec.structs.replace(meanwhile, purpose="false_alarm"))) == 1


def test_nobody_approves_their_own_draft() -> None:
    (answer,) = people_of().hear(warning(drafted_by="Ada"))
    assert isinstance(answer, Command)
    assert answer.actor == "Bob"


def test_every_channel_reports_delivery_of_what_was_sent_and_of_closings() -> None:
    for state in ("sent", "updated", "ended", "passed", "false_alarm"):
        out = people_of().hear(warning(state))
        assert [(m.kind, m.reporter, m.outcome) for m in out if isinstance(m, Report)] == [
            ("delivery", "sirens", "delivered"),
            ("delivery", "app", "delivered"),
        ]
        assert all(1.6 <= late_s(m) <= 2.4 for m in out)


@pytest.mark.parametrize("state", ["approved", "rejected", "expired"])
def test_what_was_not_sent_is_not_delivered(state: Any) -> None:
    assert people_of().hear(warning(state)) == []


def test_the_authority_answers_a_plan_and_the_spokesperson_a_draft_statement() -> None:
    people = people_of()
    answers = [people.hear(m)[0] for m in (engagement(), statement())]
    assert [(m.actor, m.action, m.subject, m.revision) for m in answers if isinstance(m, Command)] == [
        ("Aut", "authorise_engagement", "E-0001", 1),
        ("Bob", "approve_statement", "S-0001", 1),
    ]
    assert [people.hear(m) for m in (engagement("authorised"), engagement("held"), statement("released"))] == [[]] * 3


def area(is_predicted: bool = False, threat: str = "T-0001", down_s: float = 0.0) -> DebrisArea:
    ring = column([[36.0, 36.0], [36.0, 37.0], [37.0, 37.0], [36.0, 36.0]])
    return DebrisArea(
        time_ns=T0, arrival_ns=T0, id="m5", area="D-E-0001", revision=1, kind="intercept", is_predicted=is_predicted,
        threat=threat, mean_ecef_m=(7e6, 0.0, 0.0), region_50_deg=ring, region_90_deg=ring, region_99_deg=ring,
        fall_start_ns=T0 + round(down_s * S), fall_end_ns=T0 + round(down_s * S), danger_until_ns=T0,
        fragment_count=1, mass_kg=1.0,
    )  # fmt: skip


def test_the_local_authority_counts_casualties_once_a_threat_some_minutes_after_debris_is_down() -> None:
    people = people_of(cast_of(load_scenario("one-missile")))
    assert people.hear(area(is_predicted=True)) == []
    (answer,) = people.hear(area())
    assert isinstance(answer, Report)
    assert (answer.kind, answer.reporter, answer.subject) == ("casualty", "local authority", "T-0001")
    assert (answer.outcome, answer.causes) == ("none", ("m5",))
    assert 240.0 <= late_s(answer) <= 360.0
    assert people.hear(area()) == []
    (later,) = people.hear(area(threat="T-0002", down_s=600.0))
    assert 840.0 <= late_s(later) <= 960.0


def test_an_absent_local_authority_reports_nothing_and_a_scripted_one_takes_its_own_time() -> None:
    def authority(**how: Any) -> Cast:
        own = (Actor(name="local authority", roles=(), **how),)
        return cast_of(msgspec.structs.replace(load_scenario("one-missile"), actors=own))

    assert people_of(authority(is_absent=True)).hear(area()) == []
    (answer,) = people_of(authority(delay_s=60.0)).hear(area())
    assert 48.0 <= late_s(answer) <= 72.0


def test_scripts_come_at_their_time_in_order_and_not_from_the_absent() -> None:
    scripts = (
        Script(actor="Dir", action="recommend_posture", after_s=60.0),
        Script(actor="Dir", action="raise_posture", after_s=5.0, level="raised", reason="intelligence"),
        Script(actor="Gone", action="end_exercise", after_s=1.0),
    )
    out = people_of(cast(scripts=scripts)).start(T0)
    assert [(m.action, late_s(m), m.level, m.reason, m.source) for m in out if isinstance(m, Command)] == [
        ("raise_posture", 5.0, "raised", "intelligence", "Dir"),
        ("recommend_posture", 60.0, "", "", "Dir"),
    ]


def test_a_script_with_an_unknown_action_is_refused_by_name() -> None:
    with pytest.raises(ScenarioError, match="fire_everything"):
        people_of(cast(scripts=(Script(actor="Dir", action="fire_everything", after_s=1.0),))).start(T0)


def test_the_same_seed_and_run_give_the_same_answers_and_another_gives_others() -> None:
    def answers(seed: int, run_index: int) -> list[bytes]:
        people = people_of(None, seed, run_index)
        return [
            encode(m) for given in (alert(), warning(), alert(state="resent"), engagement()) for m in people.hear(given)
        ]

    assert answers(7, 0) == answers(7, 0)
    assert answers(7, 0) != answers(8, 0)
    assert answers(7, 0) != answers(7, 1)


def test_one_persons_delay_does_not_depend_on_what_others_were_asked() -> None:
    alone, busy = people_of(), people_of()
    for _ in range(5):
        busy.hear(warning())
        busy.hear(engagement())
    assert encode(alone.hear(alert())[0]) == encode(busy.hear(alert())[0])


def test_delays_spread_over_the_whole_fifth() -> None:
    people = people_of()
    delays = [late_s(people.hear(alert())[0]) for _ in range(400)]
    assert min(delays) < 8.1
    assert max(delays) > 11.9
    assert sum(delays) / 400 == pytest.approx(10.0, abs=0.25)  # uniform, 4 sigma of the mean is 0.23


def test_a_posture_or_a_tick_moves_nobody() -> None:
    people = people_of()
    posture = Posture(time_ns=T0, level="raised", concurrence="none", crew_reaction_s=25.0, members_count=32)
    assert people.hear(posture) == []
    assert people.hear(Tick(time_ns=T0, sequence=0)) == []
