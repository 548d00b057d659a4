"""Powered flight of a notional staged vehicle: constant thrust a stage, falling mass, open-loop attitude."""

import math

import numpy as np

from tocsin.kernels.compiled import kernel
from tocsin.kernels.motion import acceleration_of


@kernel
def boost_flight(start, up, downrange, segments, rise_s, turn_s, kick_rad, air, programme, is_programme_given):
    """Fly burns and coasts one after the other, each in its own equal RK4 steps, one per row of ``programme``.

    In        start            (6,) ECEF position m and velocity m/s; at a launch, at rest
              up, downrange    (3,) ECEF unit vectors at the launch point
              segments         (k, 5), a row a burn or a coast: steps, duration_s, exhaust_m_s (0: a coast),
                               depletion_s (time in which the mass would fall to nothing, so that the specific thrust
                               is exhaust / (depletion - t), t from ignition; > duration_s), and the ballistic
                               coefficient at the end of the row, kg/m2: in a burn, larger before in proportion to
                               the mass; <= 0: no drag
              rise_s, turn_s   vertical rise, then a turn to kick_rad from the vertical; after that thrust
                               follows the velocity (gravity turn)
              air              (4,) as in ``motion.acceleration``
              programme        (n, 3) thrust direction of each step, n the steps of all rows; read if
                               is_programme_given, else written, so that a perturbed vehicle can fly the attitude
                               that the nominal one flew
    Out       time_s (n+1,) from the start, position_m (n+1, 3), velocity_m_s (n+1, 3), ECEF: burns and coasts begin
              and end on rows
    Accuracy  order 4 in each row; measured against the rocket equation without gravity and drag: 1e-9 of delta-v
    Source    rocket equation and gravity turn: Wertz et al., Space Mission Engineering (2011), ch. 18
    """
    count = programme.shape[0]
    time_s = np.zeros(count + 1)
    position = np.empty((count + 1, 3))
    velocity = np.empty((count + 1, 3))
    y = np.empty(6)
    at = np.empty(6)
    k = np.empty(6)
    total = np.empty(6)
    for j in range(6):
        y[j] = start[j]
    for j in range(3):
        position[0, j] = y[j]
        velocity[0, j] = y[3 + j]
    row = 0
    begin_s = 0.0
    for segment in range(segments.shape[0]):
        steps = int(segments[segment, 0])
        duration_s = segments[segment, 1]
        exhaust_m_s = segments[segment, 2]
        depletion_s = max(segments[segment, 3], 1e-9)
        beta_kg_m2 = segments[segment, 4]
        step_s = duration_s / max(steps, 1)
        mass_at_end = max(1.0 - duration_s / depletion_s, 1e-9)
        for i in range(steps):
            if row >= count:
                break
            t = i * step_s
            since_launch_s = begin_s + t
            if not is_programme_given:
                tilt = kick_rad * min(1.0, max(0.0, (since_launch_s - rise_s) / max(turn_s, 1e-9)))
                speed = math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5])
                for j in range(3):
                    if since_launch_s < rise_s + turn_s:
                        programme[row, j] = math.cos(tilt) * up[j] + math.sin(tilt) * downrange[j]
                    else:
                        programme[row, j] = y[3 + j] / max(1.0, speed)
            for j in range(6):
                at[j] = y[j]
                total[j] = 0.0
            for stage in range(4):
                now = t + (0.0 if stage == 0 else step_s if stage == 3 else 0.5 * step_s)
                thrust = 0.0
                beta = beta_kg_m2
                if exhaust_m_s > 0.0:
                    thrust = exhaust_m_s / max(depletion_s - now, 1e-9)
                    beta = beta_kg_m2 * (1.0 - now / depletion_s) / mass_at_end
                ax, ay, az = acceleration_of(at[0], at[1], at[2], at[3], at[4], at[5], beta, air)
                k[0], k[1], k[2] = at[3], at[4], at[5]
                k[3] = ax + thrust * programme[row, 0]
                k[4] = ay + thrust * programme[row, 1]
                k[5] = az + thrust * programme[row, 2]
                weight = 2.0 if stage == 1 or stage == 2 else 1.0
                reach = step_s if stage == 2 else 0.5 * step_s
                for j in range(6):
                    total[j] += weight * k[j]
                    at[j] = y[j] + reach * k[j]
            for j in range(6):
                y[j] += step_s / 6.0 * total[j]
            row += 1
            time_s[row] = begin_s + (i + 1) * step_s
            for j in range(3):
                position[row, j] = y[j]
                velocity[row, j] = y[3 + j]
        begin_s += duration_s
    return time_s, position, velocity
