"""Signal-to-noise of a radar, the probability of detection it gives, and the accuracy of what is measured.

Ratios are of powers, not decibels. "One look" is one coherent dwell with a matched filter and a square-law detector:
without a target, the power over the mean noise power is exponential with mean 1.
Source: Skolnik, Introduction to Radar Systems (3rd ed., 2001), ch. 2; Swerling, IRE Trans. IT-6 (1960), cases 1 and 3.
"""

import math

import numpy as np

from tocsin.kernels.compiled import kernel

_LEAST_PROB = 1e-100  # of a false alarm, and of a uniform number: its logarithm stays a number, and so does exp(-snr)
_SURE = 5.0  # amplitude over that of the threshold at which a steady target is seen for sure, to 1e-11
_TERMS = 1_000  # of the series; at most 700 are needed where it is used
_LEAST_SNR = 1e-9  # keeps the accuracy of no signal finite


@kernel
def snr_ratio(range_m, rcs_m2, reference_snr_ratio, reference_range_m, reference_rcs_m2):
    """Mean signal-to-noise of a target by the radar equation, from that of a stated reference: fourth-power law."""
    far = max(range_m, 1.0) / max(reference_range_m, 1.0)
    return reference_snr_ratio * max(rcs_m2, 0.0) / max(reference_rcs_m2, 1e-12) / (far * far * far * far)


@kernel
def threshold_ratio(false_alarm_prob):
    """Power over mean noise power that noise alone passes with this probability, in one cell and look."""
    return -math.log(min(max(false_alarm_prob, _LEAST_PROB), 1.0))


@kernel
def detection_prob(snr_ratio, false_alarm_prob, swerling):
    """Probability that one look at a target passes the threshold.

    In        snr_ratio         mean signal-to-noise over the fluctuation, >= 0
              swerling          0: steady (Marcum's Q); 1: many like scatterers; 3: one large among many small
    Accuracy  measured against scipy.stats.ncx2 (0): 1e-10 for 0; closed forms for 1 and 3
    """
    t = threshold_ratio(false_alarm_prob)
    s = max(snr_ratio, 0.0)
    if swerling == 1:
        return math.exp(-t / (1.0 + s))
    if swerling == 3:
        return min((1.0 + 2.0 * t * s / ((2.0 + s) * (2.0 + s))) * math.exp(-2.0 * t / (2.0 + s)), 1.0)
    if math.sqrt(s) - math.sqrt(t) > _SURE:
        return 1.0
    # Marcum's Q as a Poisson mixture: sum over k of Poisson(k; s) times P(Gamma(k + 1) > t)
    weight = math.exp(-s)
    term = math.exp(-t)
    tail = term
    total = weight * tail
    for k in range(1, _TERMS):
        weight *= s / k
        term *= t / k
        tail += term
        total += weight * tail
        if k > s and weight < 1e-18:
            break
    return min(total, 1.0)


@kernel
def fluctuated_snr(snr_ratio, swerling, uniform_a, uniform_b, uniform_c):
    """The power of one look over the mean noise power, signal and noise together, from three uniform numbers.

    It passes ``threshold_ratio`` with exactly ``detection_prob``: a sensor draws one such number, detects where it
    passes, and states it in decibels as the plot's signal-to-noise; the errors it then draws have the spread that
    ``accuracy_std`` gives for this number, so that who reads the plot can know it. A false plot is noise that
    passed: ``threshold_ratio - ln(uniform)``, the exponential having no memory.

    In        uniform_a, _b, _c  (0, 1); _b is used by cases 0 and 3, _c by case 3
    Source    0: a phasor plus complex Gaussian noise. 1: both are complex Gaussian, so their sum is. 3: the survival
              function is (1 + S/(2 + S) v/b) exp(-v/b), b = (2 + S)/2: a mixture of Erlang-2 and exponential
    """
    s = max(snr_ratio, 0.0)
    drawn = -math.log(max(uniform_a, _LEAST_PROB))
    if swerling == 1:
        return (1.0 + s) * drawn
    if swerling == 3:
        if uniform_c < s / (2.0 + s):
            drawn -= math.log(max(uniform_b, _LEAST_PROB))
        return 0.5 * (2.0 + s) * drawn
    return max(s + 2.0 * math.sqrt(s * drawn) * math.cos(2.0 * math.pi * uniform_b) + drawn, 0.0)


@kernel
def accuracy_std(resolution, snr_ratio, floor):
    """One sigma of a measurement, in the unit of its resolution (beamwidth or range cell) and of its floor.

    sqrt((resolution / (1.6 sqrt(2 snr)))^2 + floor^2): monopulse angle with a slope of 1.6, likewise for range.
    Source: Skolnik, Radar Handbook (2nd ed., 1990), sec. 18.5 and 20.3; Barton, Modern Radar System Analysis (1988).
    """
    noise = resolution / (1.6 * math.sqrt(2.0 * max(snr_ratio, _LEAST_SNR)))
    return math.sqrt(noise * noise + floor * floor)


@kernel
def accuracy_std_many(resolution, snr_ratio, floor):
    """`accuracy_std` of each of n signal-to-noise ratios: (n,) in, (n,) out."""
    std = np.empty(snr_ratio.shape[0])
    for i in range(snr_ratio.shape[0]):
        std[i] = accuracy_std(resolution, snr_ratio[i], floor)
    return std
