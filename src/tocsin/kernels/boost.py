"""Powered flight of a notional single-stage vehicle: constant thrust, falling mass, open-loop attitude."""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.motion import acceleration_of


@kernel
def boost_flight(launch_m, up, downrange, exhaust_m_s, depletion_s, cutoff_s, rise_s, turn_s, kick_rad, beta_kg_m2,
                 air, programme, is_programme_given):  # fmt: skip
    """Fly from rest at the launch point to cut-off, in equal RK4 steps, one per row of ``programme``.

    In        launch_m         (3,) ECEF, m; up, downrange (3,) ECEF unit vectors at the launch point
              exhaust_m_s      effective exhaust speed; depletion_s: time in which the mass would fall to nothing, so
                               that the specific thrust is exhaust / (depletion - t)
              cutoff_s         end of thrust, < depletion_s
              rise_s, turn_s   vertical rise, then a turn to kick_rad from the vertical; after that thrust
                               follows the velocity (gravity turn)
              beta_kg_m2       ballistic coefficient at cut-off; before, larger in proportion to the mass
              air              (4,) as in ``motion.acceleration``
              programme        (n, 3) thrust direction of each step; read if is_programme_given, else written, so that
                               a perturbed vehicle can fly the attitude that the nominal one flew
    Out       time_s (n+1,), position_m (n+1, 3), velocity_m_s (n+1, 3), ECEF
    Source    rocket equation and gravity turn: Wertz et al., Space Mission Engineering (2011), ch. 18
    """
    count = programme.shape[0]
    step_s = cutoff_s / count
    mass_at_cutoff = 1.0 - cutoff_s / depletion_s
    time_s = np.zeros(count + 1)
    position = np.empty((count + 1, 3))
    velocity = np.empty((count + 1, 3))
    y = np.zeros(6)
    at = np.empty(6)
    k = np.empty(6)
    total = np.empty(6)
    for j in range(3):
        y[j] = launch_m[j]
        position[0, j] = launch_m[j]
        velocity[0, j] = 0.0
    for i in range(count):
        t = i * step_s
        if not is_programme_given:
            tilt = kick_rad * min(1.0, max(0.0, (t - rise_s) / turn_s))
            speed = math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5])
            for j in range(3):
                if t < rise_s + turn_s:
                    programme[i, j] = math.cos(tilt) * up[j] + math.sin(tilt) * downrange[j]
                else:
                    programme[i, j] = y[3 + j] / max(1.0, speed)
        for j in range(6):
            at[j] = y[j]
            total[j] = 0.0
        for stage in range(4):
            now = t + (0.0 if stage == 0 else step_s if stage == 3 else 0.5 * step_s)
            thrust = exhaust_m_s / (depletion_s - now)
            beta = beta_kg_m2 * (1.0 - now / depletion_s) / mass_at_cutoff
            ax, ay, az = acceleration_of(at[0], at[1], at[2], at[3], at[4], at[5], beta, air)
            k[0], k[1], k[2] = at[3], at[4], at[5]
            k[3] = ax + thrust * programme[i, 0]
            k[4] = ay + thrust * programme[i, 1]
            k[5] = az + thrust * programme[i, 2]
            weight = 2.0 if stage == 1 or stage == 2 else 1.0
            reach = step_s if stage == 2 else 0.5 * step_s
            for j in range(6):
                total[j] += weight * k[j]
                at[j] = y[j] + reach * k[j]
        for j in range(6):
            y[j] += step_s / 6.0 * total[j]
        time_s[i + 1] = (i + 1) * step_s
        for j in range(3):
            position[i + 1, j] = y[j]
            velocity[i + 1, j] = y[3 + j]
    return time_s, position, velocity
