"""Signal-to-noise, detection and accuracy: scipy's distributions, integrals over the fluctuation, the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from tocsin.kernels.radar_signal import accuracy_std, detection_prob, fluctuated_snr, snr_ratio, threshold_ratio

FALSE_ALARM_PROBS = (1e-2, 1e-4, 1e-6, 1e-8, 1e-12)
SNR_DB = (-20.0, -3.0, 0.0, 3.0, 8.0, 11.0, 13.0, 16.0, 20.0, 30.0, 60.0)


def ratio(db: float) -> float:
    return 10.0 ** (db / 10.0)


def marcum(snr: float, false_alarm_prob: float) -> float:
    """A steady target, by the non-central chi-square law of twice the power over the noise's."""
    return float(stats.ncx2.sf(-2.0 * math.log(false_alarm_prob), 2, 2.0 * snr))


def test_signal_falls_with_the_fourth_power_of_range_and_rises_with_cross_section() -> None:
    at_reference = snr_ratio(1e6, 1.0, ratio(20.0), 1e6, 1.0)
    assert at_reference == pytest.approx(100.0, rel=1e-12)
    assert snr_ratio(2e6, 1.0, ratio(20.0), 1e6, 1.0) == pytest.approx(at_reference / 16.0, rel=1e-12)
    assert snr_ratio(1e6, 0.1, ratio(20.0), 1e6, 1.0) == pytest.approx(at_reference / 10.0, rel=1e-12)
    assert snr_ratio(1e6, 1.0, ratio(20.0), 1e6, 4.0) == pytest.approx(at_reference / 4.0, rel=1e-12)


@pytest.mark.parametrize("false_alarm_prob", FALSE_ALARM_PROBS)
@pytest.mark.parametrize("snr_db", SNR_DB)
def test_a_steady_target_is_detected_as_the_non_central_chi_square_law_says(
    snr_db: float, false_alarm_prob: float
) -> None:
    snr = ratio(snr_db)
    assert detection_prob(snr, false_alarm_prob, 0) == pytest.approx(marcum(snr, false_alarm_prob), rel=1e-6, abs=1e-10)


@pytest.mark.parametrize(("swerling", "duo_degrees"), [(1, 1), (3, 2)])
@pytest.mark.parametrize("false_alarm_prob", [1e-4, 1e-6])
@pytest.mark.parametrize("snr_db", [0.0, 8.0, 13.0, 20.0])
def test_a_fluctuating_target_is_detected_as_the_mean_over_its_fluctuation(
    snr_db: float, false_alarm_prob: float, swerling: int, duo_degrees: int
) -> None:
    """Cases 1 and 3: the signal-to-noise of a look is gamma with 1 or 2 duo-degrees and the stated mean."""
    fluctuation = stats.gamma(duo_degrees, scale=ratio(snr_db) / duo_degrees)
    mean, _ = integrate.quad(
        lambda s: fluctuation.pdf(s) * marcum(s, false_alarm_prob), 0.0, 40.0 * ratio(snr_db), limit=400
    )
    assert detection_prob(ratio(snr_db), false_alarm_prob, swerling) == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize("swerling", [0, 1, 3])
@pytest.mark.parametrize("false_alarm_prob", FALSE_ALARM_PROBS)
def test_without_a_signal_only_false_alarms_are_detected(false_alarm_prob: float, swerling: int) -> None:
    assert detection_prob(0.0, false_alarm_prob, swerling) == pytest.approx(false_alarm_prob, rel=1e-9)


@pytest.mark.parametrize("swerling", [0, 1, 3])
def test_detection_rises_with_signal_and_with_the_false_alarm_rate_and_stays_a_probability(swerling: int) -> None:
    snrs = np.concatenate(([0.0], np.geomspace(1e-6, 1e12, 400)))
    table = np.array([[detection_prob(s, p, swerling) for s in snrs] for p in (0.0, 1e-12, 1e-6, 1e-2, 1.0)])
    assert np.all((table >= 0.0) & (table <= 1.0))
    assert np.all(np.diff(table, axis=1) >= -1e-10)
    assert np.all(np.diff(table, axis=0) >= -1e-10)
    assert np.all(table[:, -1] > 1.0 - 1e-6)
    assert np.all(table[-1] > 1.0 - 1e-12)


@pytest.mark.parametrize("swerling", [0, 1, 3])
@pytest.mark.parametrize("snr_db", [-100.0, 6.0, 12.0])
def test_drawn_looks_pass_the_threshold_as_often_as_the_probability_of_detection(snr_db: float, swerling: int) -> None:
    """60 000 looks at a false-alarm probability of 1e-2, within 2 sigma of a binomial."""
    rng, n = np.random.default_rng(20 + swerling), 60_000
    looks = np.array([fluctuated_snr(ratio(snr_db), swerling, *row) for row in rng.random((n, 3))])
    expected = detection_prob(ratio(snr_db), 1e-2, swerling)
    hits = int(np.count_nonzero(looks > threshold_ratio(1e-2)))
    assert abs(hits - n * expected) < 2.0 * math.sqrt(n * expected * (1.0 - expected))


@pytest.mark.parametrize("swerling", [0, 1, 3])
def test_a_drawn_look_holds_signal_and_noise(swerling: int) -> None:
    """Mean 1 + S; variance 1 + 2 S, and that of the fluctuation: nothing, S^2 or S^2 / 2."""
    rng, n, snr = np.random.default_rng(40 + swerling), 60_000, 8.0
    looks = np.array([fluctuated_snr(snr, swerling, *row) for row in rng.random((n, 3))])
    variance = 1.0 + 2.0 * snr + {0: 0.0, 1: snr**2, 3: 0.5 * snr**2}[swerling]
    assert looks.mean() == pytest.approx(1.0 + snr, abs=2.0 * math.sqrt(variance / n))
    assert looks.var() == pytest.approx(variance, rel=0.05)
    assert looks.min() >= 0.0


def test_accuracy_is_a_sixteenth_of_the_beam_at_17_db_and_never_better_than_its_floor() -> None:
    assert accuracy_std(1.6, 50.0, 0.0) == pytest.approx(0.1, rel=1e-12)
    assert accuracy_std(1.6, 200.0, 0.0) == pytest.approx(0.05, rel=1e-12)
    assert accuracy_std(1.6, 50.0, 0.1) == pytest.approx(0.1 * math.sqrt(2.0), rel=1e-12)
    assert accuracy_std(1.6, 1e30, 0.02) == pytest.approx(0.02, rel=1e-9)


@pytest.mark.parametrize("value", [0.0, -1.0, 1e300])
def test_no_number_breaks_a_kernel(value: float) -> None:
    assert math.isfinite(accuracy_std(1.0, value, 0.1))
    assert math.isfinite(snr_ratio(value, 1.0, 100.0, value, value))
    for swerling in (0, 1, 3):
        assert 0.0 <= detection_prob(value, value, swerling) <= 1.0
        assert math.isfinite(fluctuated_snr(min(value, 1e30), swerling, 0.0, 0.0, 0.0))
