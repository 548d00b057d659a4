"""What is remembered of sensors: who stands behind a track, against lists of who fed it when; scores; encoding."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from tocsin.kernels.track_watch import BEFORE, EPOCH, EVER, NOW, SHIFT_COUNT
from tocsin.tracking.watch_state import (
    EPOCH_S,
    SENSOR_MAX,
    STRAY_SCANS,
    SensorRecord,
    SensorWatch,
    Suspicion,
    kept,
    merge_support,
    note_support,
    support_rows,
    watch_bytes,
)
from tocsin.units import NS_PER_S

Feeds = list[tuple[float, int]]  # (second, bit)


def random_feeds(rng: np.random.Generator) -> Feeds:
    """Up to ten feeds by five sensors within a minute, in order of time."""
    count = int(rng.integers(1, 11))
    times, bits = np.sort(rng.uniform(0, 60, count)), rng.integers(0, 5, count)
    return [(float(t_s), int(bit)) for t_s, bit in zip(times, bits, strict=True)]


def noted(feeds: Feeds) -> np.ndarray:
    support = np.zeros((3, 4), np.int64)
    for t_s, bit in feeds:
        note_support(support, np.array([1]), bit, round(t_s * NS_PER_S))
    assert not support[[0, 2]].any()
    return support[1]


def written_out(feeds: Feeds) -> tuple[int, int, int]:
    """Bits of those who ever fed it, of those in its latest ten seconds by the clock, and in the ten before."""
    last = max(int(t_s // EPOCH_S) for t_s, _ in feeds)
    masks = [0, 0, 0]
    for t_s, bit in feeds:
        masks[0] |= 1 << bit
        if last - t_s // EPOCH_S in (0, 1):
            masks[1 + int(last - t_s // EPOCH_S)] |= 1 << bit
    return masks[0], masks[1], masks[2]


@pytest.mark.parametrize("seed", range(40))
def test_support_is_who_fed_a_track_ever_now_and_just_before(seed: int) -> None:
    feeds = random_feeds(np.random.default_rng(seed))
    support = noted(feeds)
    assert (support[EVER], support[NOW], support[BEFORE]) == written_out(feeds)


@pytest.mark.parametrize("seed", range(40))
def test_the_support_of_two_tracks_that_are_one_is_that_of_all_who_fed_either(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    older, younger = random_feeds(rng), random_feeds(rng)
    support = np.stack((noted(older), noted(younger)))
    merge_support(support, 0, 1)
    assert (support[0, EVER], support[0, NOW], support[0, BEFORE]) == written_out(older + younger)
    assert support[0, EPOCH] == max(int(t_s // EPOCH_S) for t_s, _ in older + younger)


def test_a_sensor_without_a_bit_supports_nothing() -> None:
    support = np.zeros((1, 4), np.int64)
    note_support(support, np.array([0]), -1, NS_PER_S)
    assert not support.any()


def test_a_plot_counts_as_no_more_than_the_three_numbers_of_a_position() -> None:
    """Two cameras (2), a radar (3), a radar that measures range rate (4, counts 3)."""
    watch = SensorWatch()
    for name, rows in (("camera 0", 2), ("camera 1", 2), ("radar", 3), ("doppler", 4)):
        watch.record(name, rows)
    masks = np.array([0b0001, 0b0011, 0b0100, 0b1000, 0b1111, 0])
    assert support_rows(watch, masks, ~0).tolist() == [2, 4, 3, 3, 10, 0]
    assert support_rows(watch, masks, 0b0110).tolist() == [0, 2, 3, 0, 5, 0]
    assert watch.bit_rows.tolist() == [2, 2, 3, 3]


def test_sensors_beyond_the_last_bit_are_known_but_in_no_mask() -> None:
    watch = SensorWatch()
    for k in range(SENSOR_MAX + 3):
        watch.record(f"radar {k}", 3)
    assert len(watch.sensors) == SENSOR_MAX + 3
    assert watch.record("radar 64", 3).bit == -1
    assert watch.mask("trusted") == (1 << SENSOR_MAX) - 1
    assert watch.bit_rows.size == SENSOR_MAX


def test_a_score_begins_anew_from_nothing_fades_and_has_a_ceiling() -> None:
    """Page's sum: it never falls below 0; its beginning is the scan at which it last rose from there."""
    doubt = Suspicion()
    doubt.add(-2.0, 1.0, 10.0, 1)
    assert msgspec.structs.astuple(doubt) == (0.0, 0, 0)
    doubt.add(3.0, 1.0, 10.0, 2)
    doubt.add(-1.0, 1.0, 10.0, 3)  # speaks against it, so is not counted
    doubt.add(4.0, 0.5, 10.0, 4)
    assert msgspec.structs.astuple(doubt) == (2.0 * 0.5 + 4.0, 2, 2)
    doubt.add(50.0, 1.0, 10.0, 5)
    assert doubt.score == 10.0
    doubt.add(-10.0, 1.0, 10.0, 6)
    assert msgspec.structs.astuple(doubt) == (0.0, 0, 0)
    doubt.add(1.0, 1.0, 10.0, 7)
    assert doubt.since_ns == 7


def test_a_sensor_is_astray_after_scans_in_a_row_and_not_when_that_was_long_ago() -> None:
    watch = SensorWatch()
    watch.record("honest", 3)
    record = watch.record("astray", 3)
    for k in range(STRAY_SCANS - 1):
        record.stray(1.0, k * NS_PER_S)
    record.stray(-1.0, 5 * NS_PER_S)  # it shows a track where it is: that is over
    for k in range(STRAY_SCANS):
        assert watch.astray(10 * NS_PER_S) == 0
        record.stray(2.0, (6 + k) * NS_PER_S)
    record.stray(0.0, 20 * NS_PER_S)  # a scan that says nothing changes nothing
    last_s = 6 + STRAY_SCANS - 1
    assert watch.astray((last_s + EPOCH_S) * NS_PER_S) == 1 << record.bit
    assert watch.astray((last_s + EPOCH_S) * NS_PER_S + 1) == 0


def test_a_clock_is_told_ahead_where_its_plots_fit_the_past_of_the_track() -> None:
    """The weighted mean of the shifts that fit, at the shift with the highest score."""
    record = SensorRecord(bit=0, rows=3)
    assert record.clock_error == (0.0, 0.0)
    record.shift_score[:] = np.linspace(0.0, 1.0, SHIFT_COUNT)[::-1]
    record.shift_score[30] = 5.0
    record.weight[30], record.weighted_s[30] = 4.0 + 12.0, 4.0 * -3.2 + 12.0 * -2.8
    error_s, std_s = record.clock_error
    assert error_s == pytest.approx(2.9)
    assert std_s == pytest.approx(0.25)


def test_a_watch_that_is_kept_stays_as_it_was_while_the_other_hears_on() -> None:
    watch = SensorWatch()
    record = watch.record("radar", 3)
    record.trust, record.fault, record.digests, record.nis = "ignored", "clock", [1, 2], [0.5]
    record.stray_count, record.stray_ns = 4, 17
    copy, before = kept(watch), watch_bytes(watch)
    assert watch_bytes(copy) == before
    for doubt in (record.clock, record.offset, record.stuck, record.noise):
        doubt.add(1.0, 0.5, 9.0, 20)
    record.stray(1.0, 30)
    record.trust = "trusted"
    watch.record("other", 2)
    assert watch_bytes(copy) == before
    assert watch_bytes(watch) != before
