"""Entry of a body that loses mass to the air it flies through: a meteor."""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.geodesy import height_and_up
from tocsin.kernels.motion import acceleration_of


@kernel
def ablating_flight(position_ecef_m, velocity_ecef_m_s, beta_kg_m2, ablation_s2_m2, air, step_s, speed_min_m_s,
                    mass_min_ratio, max_time_s):  # fmt: skip
    """Follow a meteor until it is slow, spent, or on the ground, in equal RK4 steps.

    Single-body theory: with heat and drag in one ratio the mass is a function of speed alone,
    m / m0 = exp(ablation (v^2 - v0^2) / 2), and a shape that is kept makes beta go with the cube root of it.

    In        position_ecef_m, velocity_ecef_m_s  (3,) rotating ECEF
              beta_kg_m2       ballistic coefficient at the start, > 0
              ablation_s2_m2   ablation coefficient, >= 0; 0: no mass is lost
              air              (4,) as in ``motion.acceleration``
              speed_min_m_s, mass_min_ratio   it ends below either
    Out       (count, time_s (count,), position (count, 3), velocity (count, 3)); time 0 first
    Accuracy  order 4; measured against Allen and Eggers' closed form: see tests/kernels/test_ablation.py
    Source    Ceplecha et al., Meteor phenomena and bodies, Space Science Reviews 84 (1998), eq. 9 to 13
    """
    step = max(step_s, 1e-4)
    room = int(max(max_time_s, 0.0) / step) + 2
    time_s = np.zeros(room)
    position = np.empty((room, 3))
    velocity = np.empty((room, 3))
    y = np.empty(6)
    at = np.empty(6)
    k = np.empty(6)
    total = np.empty(6)
    first2 = 0.0
    for j in range(3):
        y[j] = position_ecef_m[j]
        y[3 + j] = velocity_ecef_m_s[j]
        position[0, j] = y[j]
        velocity[0, j] = y[3 + j]
        first2 += y[3 + j] * y[3 + j]
    count = 1
    while count < room:
        for j in range(6):
            at[j] = y[j]
            total[j] = 0.0
        for stage in range(4):
            speed2 = at[3] * at[3] + at[4] * at[4] + at[5] * at[5]
            # gravity may speed it up a little before the air does anything: no mass is gained by that
            beta = beta_kg_m2 * math.exp(min(0.0, ablation_s2_m2 * (speed2 - first2) / 6.0))
            k[0], k[1], k[2] = at[3], at[4], at[5]
            k[3], k[4], k[5] = acceleration_of(at[0], at[1], at[2], at[3], at[4], at[5], beta, air)
            weight = 2.0 if stage == 1 or stage == 2 else 1.0
            reach = step if stage == 2 else 0.5 * step
            for j in range(6):
                total[j] += weight * k[j]
                at[j] = y[j] + reach * k[j]
        for j in range(6):
            y[j] += step / 6.0 * total[j]
        speed2 = y[3] * y[3] + y[4] * y[4] + y[5] * y[5]
        if not speed2 >= 0.0:  # not a number: the step before was the last that means anything
            break
        time_s[count] = count * step
        for j in range(3):
            position[count, j] = y[j]
            velocity[count, j] = y[3 + j]
        count += 1
        mass_ratio = math.exp(min(0.0, 0.5 * ablation_s2_m2 * (speed2 - first2)))
        if speed2 < speed_min_m_s * speed_min_m_s or mass_ratio < mass_min_ratio:
            break
        if height_and_up(y[0], y[1], y[2])[0] <= 0.0:
            break
    return count, time_s[:count].copy(), position[:count].copy(), velocity[:count].copy()
