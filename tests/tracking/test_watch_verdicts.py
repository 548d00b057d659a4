"""What evidence must be there before a sensor is suspect or ignored, whom that leaves, and which tracks go with it."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from tocsin.kernels.track_observe import ROWS
from tocsin.kernels.track_watch import BEFORE, EVER, NOW, SHIFT_COUNT, SHIFT_MAX_S, SHIFT_STEP_S
from tocsin.policy import TrackPolicy
from tocsin.tracking.state import TrackerState
from tocsin.tracking.watch import _decide, _noise, _offset, _shifts, orphans
from tocsin.tracking.watch_state import SensorRecord, SensorWatch, Suspicion, Trust
from tocsin.units import NS_PER_S

POLICY = TrackPolicy()
NOW_NS = 1_000 * NS_PER_S
ENOUGH = Suspicion(POLICY.liar_score, NOW_NS - round(POLICY.liar_span_s * NS_PER_S), POLICY.liar_scans)


def five(*others: Trust, heard_s: float = 1.0) -> tuple[SensorWatch, SensorRecord]:
    """A watch over radars of which the first is to be judged, the others trusted so far and heard so long ago."""
    watch = SensorWatch()
    for k, how in enumerate(("trusted", *(others or ("trusted",) * 4))):
        record = watch.record(f"radar {k}", 3)
        record.trust, record.heard_ns = how, NOW_NS - round(heard_s * NS_PER_S)
    return watch, watch.sensors["radar 0"]


def decided(watch: SensorWatch, record: SensorRecord, is_good: bool = False, now_ns: int = NOW_NS) -> tuple[str, str]:
    _decide(watch, record, is_good, now_ns, POLICY)
    return record.trust, record.fault


@pytest.mark.parametrize(
    ("doubt", "wanted"),
    [
        (ENOUGH, ("ignored", "clock")),
        (msgspec.structs.replace(ENOUGH, score=POLICY.liar_score - 0.1), ("suspect", "clock")),
        (msgspec.structs.replace(ENOUGH, count=POLICY.liar_scans - 1), ("suspect", "clock")),
        (msgspec.structs.replace(ENOUGH, since_ns=ENOUGH.since_ns + 1), ("suspect", "clock")),
        (msgspec.structs.replace(ENOUGH, score=POLICY.suspect_score), ("suspect", "clock")),
        (msgspec.structs.replace(ENOUGH, score=POLICY.suspect_score - 0.1), ("trusted", "")),
    ],
)
def test_a_sensor_is_ignored_on_a_high_score_of_several_scans_over_some_time(
    doubt: Suspicion, wanted: tuple[str, str]
) -> None:
    watch, record = five()
    record.clock = doubt
    assert decided(watch, record) == wanted


def test_two_weak_doubts_are_no_strong_one() -> None:
    watch, record = five()
    record.clock = record.offset = Suspicion(0.6 * POLICY.suspect_score, ENOUGH.since_ns, POLICY.liar_scans)
    assert decided(watch, record) == ("trusted", "")


def test_a_clock_is_preferred_to_an_offset_that_fits_somewhat_better_and_no_more() -> None:
    """A clock says with one number what an offset says with several."""
    watch, record = five()
    record.clock, record.offset = ENOUGH, msgspec.structs.replace(ENOUGH, score=1.5 * POLICY.liar_score)
    assert decided(watch, record) == ("ignored", "clock")
    watch, record = five()
    record.clock, record.offset = ENOUGH, msgspec.structs.replace(ENOUGH, score=2.0 * POLICY.liar_score)
    assert decided(watch, record) == ("ignored", "offset")


def test_an_offset_waits_while_a_clock_may_say_the_same() -> None:
    watch, record = five()
    record.offset = ENOUGH
    record.clock = msgspec.structs.replace(ENOUGH, score=POLICY.liar_score - 1.0, count=2)
    assert decided(watch, record) == ("suspect", "clock")
    record.clock = Suspicion()
    assert decided(watch, record) == ("ignored", "offset")


def test_noise_gets_a_sensor_ignored_only_where_it_is_worse_than_so_many_times() -> None:
    watch, record = five()
    record.noise, record.ratio = ENOUGH, POLICY.noise_ignore_ratio - 0.1
    assert decided(watch, record) == ("suspect", "noise")
    record.ratio = POLICY.noise_ignore_ratio
    assert decided(watch, record) == ("ignored", "noise")


@pytest.mark.parametrize(
    ("others", "heard_s", "is_ignored"),
    [
        (("trusted", "trusted"), 1.0, True),
        (("trusted", "suspect"), 1.0, False),  # two others to go by, no less
        (("trusted", "trusted", "ignored"), 1.0, True),  # two of four
        (("trusted", "trusted", "ignored", "ignored"), 1.0, False),  # three of five would be more than half
        (("trusted", "trusted", "trusted", "ignored", "ignored"), 1.0, True),
        (("trusted",) * 4, POLICY.liar_memory_s - 1.0, True),
        (("trusted",) * 4, POLICY.liar_memory_s + 1.0, False),  # nobody has been heard for long
    ],
)
def test_whether_a_liar_may_be_ignored_depends_on_who_else_is_there(
    others: tuple[Trust, ...], heard_s: float, is_ignored: bool
) -> None:
    watch, record = five(*others, heard_s=heard_s)
    record.clock = ENOUGH
    assert decided(watch, record) == ("ignored" if is_ignored else "suspect", "clock")
    assert record.is_spared != is_ignored


def test_an_ignored_sensor_is_trusted_after_so_long_and_so_many_good_scans_since_the_last_bad_one() -> None:
    watch, record = five()
    record.clock = ENOUGH
    assert decided(watch, record)[0] == "ignored"
    record.clock = Suspicion()
    for k in range(POLICY.trust_again_scans - 1):  # good scans, and then a bad one: they count for nothing
        decided(watch, record, True, NOW_NS + k)
    record.clock = msgspec.structs.replace(ENOUGH, score=POLICY.suspect_score)
    bad_ns = NOW_NS + 20 * NS_PER_S
    assert decided(watch, record, False, bad_ns)[0] == "ignored"
    record.clock, long_ns = Suspicion(), round(POLICY.trust_again_s * NS_PER_S)
    assert decided(watch, record, True, bad_ns + long_ns)[0] == "ignored"
    for k in range(POLICY.trust_again_scans - 1):
        assert decided(watch, record, True, bad_ns + long_ns - 1) == ("ignored", "clock"), k
    assert decided(watch, record, False, bad_ns + long_ns) == ("trusted", "")
    assert record.since_ns == bad_ns + long_ns


def test_scans_that_show_nothing_are_no_good_behaviour() -> None:
    watch, record = five()
    record.clock = ENOUGH
    decided(watch, record)
    record.clock = Suspicion()
    for _ in range(2 * POLICY.trust_again_scans):
        assert decided(watch, record, False, NOW_NS + 40 * NS_PER_S)[0] == "ignored"


def test_noise_is_measured_against_the_others_and_against_an_honest_sensor() -> None:
    """Four others whose innovations are 1.5 times what is normal; of the judged one's 30 scans, 12 leave the bound that
    one in twenty passes: an honest one has more than 10 with a probability of 1e-7 (binomial)."""
    watch, record = five()
    for other in watch.sensors.values():
        other.median = 1.5
    for median, beyond, is_noisy in ((3.3, 12, True), (2.7, 12, False), (3.3, 3, False)):
        record.median, record.beyond, record.noise = median, [True] * beyond + [False] * (30 - beyond), Suspicion(0.5)
        _noise(watch, record, NOW_NS, 1.0, 42.0, POLICY)
        assert record.ratio == pytest.approx(median / 1.5)
        assert (record.noise.score > 0.5) == is_noisy
    record.median, record.noise = 2.7, Suspicion(0.5)
    for other in list(watch.sensors.values())[1:]:
        other.median = 0.2  # by chance, or they state more than they err: no reason to accuse
    _noise(watch, record, NOW_NS, 1.0, 42.0, POLICY)
    assert record.ratio == 2.7


def test_of_two_sensors_neither_is_called_noisy() -> None:
    watch, record = five("trusted")
    watch.sensors["radar 1"].median = 1.0
    record.median, record.beyond = 9.0, [True] * 30
    _noise(watch, record, NOW_NS, 1.0, 42.0, POLICY)
    assert (record.noise.score, record.ratio) == (0.0, 1.0)


def offsets(*residuals: float, shown: float = 0.0) -> Suspicion:
    """The score after scans a second apart whose one free plot lies so far from the track, in sigma."""
    record = SensorRecord(bit=0, rows=3)
    for k, residual in enumerate(residuals):
        found = np.zeros((1, 1 + 2 * ROWS))
        found[0, 1], found[0, 1 + ROWS :] = residual, 1.0
        _offset(record, found, shown, 3, 1.0, 42.0, 1.0, k * NS_PER_S, POLICY)
    return record.offset


def test_a_constant_residual_is_an_offset_one_that_turns_slowly_too_and_a_wild_one_is_not() -> None:
    assert offsets(*[50.0] * 6).score > POLICY.liar_score
    assert offsets(*[500.0 * 0.98**k for k in range(12)]).score > POLICY.liar_score  # 10 sigma a second
    assert offsets(*[50.0 * (-1) ** k for k in range(12)]).score <= 0.5  # each time supposed anew
    assert offsets(*[50.0] * 6, shown=1.0).score == 0.0


def test_the_offset_supposed_first_is_the_one_that_most_plots_agree_with() -> None:
    record, found = SensorRecord(bit=0, rows=3), np.ones((4, 1 + 2 * ROWS))
    found[:, 0], found[:, 1] = (0, 1, 2, 3), (-300.0, 50.0, 51.0, 200.0)  # of four tracks
    _offset(record, found, 0.0, 3, 1.0, 42.0, 1.0, NOW_NS, POLICY)
    assert record.bias[0] in (50.0, 51.0)


def shifted(*scans: tuple[float, float], shown: float = 0.0) -> SensorRecord:
    """A record after scans that fit a shift, s, with so much left of the squared distance; nan: none fits."""
    record = SensorRecord(bit=0, rows=3)
    grid = np.arange(SHIFT_COUNT) * SHIFT_STEP_S - SHIFT_MAX_S
    for k, (shift_s, left) in enumerate(scans):
        shifts = np.zeros((4, SHIFT_COUNT))
        shifts[:, np.abs(grid - shift_s) < 0.15] = np.array([1.0, left, 100.0, 100.0 * shift_s])[:, None]
        _shifts(record, shifts, shown, 2, 1.0, 42.0, (1 + k) * NS_PER_S, POLICY.clock_fault_min_s)
    return record


def test_a_clock_error_too_small_to_be_a_fault_is_no_suspicion() -> None:
    assert shifted(*[(0.1, 1.0)] * 6).clock.score == 0.0
    assert shifted(*[(-0.1, 1.0)] * 6).clock.score == 0.0
    assert shifted(*[(0.5, 1.0)] * 6).clock.score > POLICY.liar_score


def test_a_shift_is_weighed_by_how_well_it_fits_and_by_how_often_it_does_not() -> None:
    """ln(0.8/0.01), and half of what the squared distance left is below its two degrees of freedom, or above."""
    assert shifted((-2.0, 2.0)).clock.score == pytest.approx(np.log(80.0))
    assert shifted((-2.0, 6.0)).clock.score == pytest.approx(np.log(80.0) - 2.0)
    assert shifted((-2.0, 30.0)).clock.score == 0.5  # no less
    none = (np.nan, 0.0)
    found = shifted(none, (-2.0, 2.0), none, (-2.0, 2.0)).clock
    assert found.score == pytest.approx(2.0 * np.log(80.0) + np.log(0.2 / 0.99))
    assert (found.count, found.since_ns) == (2, 2 * NS_PER_S)  # scans that speak for it, since the first of them
    assert shifted((-2.0, 2.0), shown=1.0).clock.score == pytest.approx(0.5 * np.log(80.0 * 0.02 / 0.9))


def test_the_clock_error_is_the_mean_of_what_fits_the_best_shift() -> None:
    record = shifted((-2.02, 2.0), (-1.98, 2.0), (1.0, 2.0))
    assert record.clock_error == (pytest.approx(2.0, abs=0.021), pytest.approx((2 * 100.0) ** -0.5))


def test_an_offset_that_fits_badly_weighs_less() -> None:
    """By half the squared miss over its variance: of either residual 1, of a turn of 3 % of 50 in a second 1.5^2."""
    assert offsets(50.0, 50.0).score - offsets(50.0, 54.0).score == pytest.approx(0.5 * 4.0**2 / (1.0 + 1.0 + 1.5**2))


@pytest.mark.parametrize(
    ("ever", "now", "before", "plots", "is_orphan"),
    [
        (0b00001, 0b00001, 0b00001, 50, True),  # the liar alone
        (0b00011, 0b00001, 0b00011, 50, True),  # another measured it once: all of a position is four numbers or more
        (0b00111, 0b00111, 0b00001, 50, False),  # two others have
        (0b00111, 0b00001, 0b00001, 50, True),  # ... but none of late
        (0b00111, 0b00001, 0b00000, 50, False),  # ... nor did the liar, but for a plot just now
        (0b00111, 0b00001, 0b00010, 50, False),  # ... one of them did, ten seconds ago
        (0b00111, 0b00001, 0b00010, 3, True),  # and it is young
        (0b00111, 0b00111, 0b00000, 3, False),  # young, but two others see it
        (0b00010, 0b00010, 0b00010, 3, False),  # the liar has nothing to do with it
        (0b00010, 0b00010, 0b00010, 50, False),
    ],
)
def test_tracks_that_an_ignored_sensor_made_go_with_it_and_no_others(
    ever: int, now: int, before: int, plots: int, is_orphan: bool
) -> None:
    watch, record = five()
    record.trust = "ignored"
    memory = TrackerState()
    slots = memory.take(2)
    memory.support[slots[0], [EVER, NOW, BEFORE]] = ever, now, before
    memory.support[slots[1], [EVER, NOW, BEFORE]] = 0b11110
    memory.plot_count[slots] = 0
    memory.plot_count[slots[0], 0] = plots
    memory.plot_count[slots[1], 0] = 50
    assert orphans(watch, memory, slots, POLICY).tolist() == ([int(slots[0])] if is_orphan else [])
    record.trust = "suspect"
    assert not orphans(watch, memory, slots, POLICY).size
