"""A generic radar on land or on a ship: range, azimuth, elevation, perhaps range rate and signal-to-noise.

Rays bend in this run's air: what is reported is where the bent ray points and how long it took, unless the radar
states that it corrects that itself; the horizon is the ray that touches the Earth. The field of regard is one of
reported angles and ranges, before errors. `refraction.bend` takes 0.6 us, so it is called for each plot: a table for
each site would be no faster and less true.

A radar that states a signal-to-noise detects by threshold and is as accurate as each echo allows; one that does not
has one probability and one set of errors everywhere. Range rate is that of the target over the Earth: a ship takes its
own motion out. False plots are Poisson and uniform in the measured volume. Fragments of a broken-up body are taken
to lie below the sensitivity.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import msgspec
import numpy as np
import numpy.typing as npt

from tocsin.kernels.echoes import echoes
from tocsin.kernels.geodesy import radar_from_ecef
from tocsin.kernels.keyed_draws import keyed_draws
from tocsin.kernels.radar_signal import accuracy_std_many, detection_prob, snr_ratio, threshold_ratio
from tocsin.kernels.refraction import (
    bend,
    bend_many,
    horizon_apparent_elevation_rad,
    ray_central_angle_rad_many,
)
from tocsin.messages import Posture, Scan, SensorKind, SensorTask, SweptVolume
from tocsin.scenario import Sensor, swept_of
from tocsin.units import DEG, M_PER_KM, NS_PER_S
from tocsin.world.ballistic import Array
from tocsin.world.draws import Draws
from tocsin.world.sensors.looks import LOOK_NS, LookPlan
from tocsin.world.sensors.sightings import sighted
from tocsin.world.sensors.sky_tables import WINDOW_S, Index, SkyTables, Table
from tocsin.world.sensors.station import FALSE_PLOT, Plots, Station, in_random_order

FALSE_RANGE_RATE_M_S = 3_000.0  # false range rates are uniform within +- this
LOOK_BEAMS = 1.0  # a look covers so many beamwidths to each side of where the task says
BENDS_RAD = 2.0 * DEG  # nothing is bent by more: what is so far under the lowest ray is not worked out
FULL_TURN = 2.0 * math.pi
_SEARCH, _LOOK = 0, 2  # tags of draws; the errors' are one more
_NS_PER_MS = 1_000_000


class Seen(msgspec.Struct, frozen=True, eq=False):
    """Bodies in the field of regard and above the horizon; axis 0 the sighting. Range and elevation as reported."""

    scan: Index
    body: Index
    time_s: Array
    path_m: Array  # along a straight line, for the signal
    range_m: Array
    azimuth_rad: Array
    elevation_rad: Array
    range_rate_m_s: Array


class Radar(Station):
    """Sweeps its azimuths from first to last once a scan, so that each plot has its own time; looks where tasks say."""

    kind: ClassVar[SensorKind] = "radar"

    def __init__(
        self,
        sensor: Sensor,
        sky: SkyTables,
        epoch_ns: int,
        draws: Draws,
        refractivity_deviation: float = 0.0,
        duty: Callable[[str], float] = lambda level: 1.0,
        level: str = "",
    ) -> None:
        super().__init__(sensor, sky, epoch_ns, draws, refractivity_deviation)
        swept = swept_of(sensor)
        assert swept is not None  # of a radar
        self._swept = msgspec.structs.replace(swept, detection_prob=self._reference_prob())
        self._all = np.arange(len(sky.bodies))
        self._horizon_rad = horizon_apparent_elevation_rad(float(sensor.height_m), self.truth.refractivity)
        self._plan = LookPlan(sensor)
        self._duty_of = duty
        self._duties = [(0, duty(level))]  # from, ns; share of search scans

    @property
    def width_rad(self) -> float:
        """Width of the field of regard in azimuth."""
        return self._swept.azimuth_to_rad - self._swept.azimuth_from_rad

    def hear(self, message: SensorTask | Posture, now_ns: int) -> None:
        """A task is obeyed after the latency, a posture at once."""
        if isinstance(message, Posture):
            self._duties.append((now_ns, self._duty_of(message.level)))
        else:
            self._plan.hear(message, now_ns + self.latency_ns)

    def is_due(self, number: int) -> bool:
        end_ns = self.end_ns(number)
        duty = next(share for from_ns, share in reversed(self._duties) if from_ns <= end_ns)
        return math.floor((number + 1) * duty + 1e-9) > math.floor(number * duty + 1e-9)

    def swept(self, platform_m: Array) -> SweptVolume:
        return self._swept

    def measure(self, first_number: int, ends_s: Array, platform_m: Array, window: int) -> Plots:
        turn_s = self.period_ns / NS_PER_S
        seen = self.sight(ends_s, platform_m, self.sky.window(window), turn_s)
        rng = self._draws.generator(f"false plots of {self.sensor.name}", window)
        counts = rng.poisson(self.sensor.false_per_scan, len(ends_s))
        false_scan = np.repeat(np.arange(len(ends_s)), counts)
        uniform = rng.random((len(false_scan), 6))
        false_s = ends_s[false_scan] - turn_s * (1.0 - uniform[:, 1])
        return self._plots(seen, first_number + seen.scan, _SEARCH, false_scan, false_s, uniform, self._swept)

    def sight(self, ends_s: Array, platform_m: Array, table: Table, turn_s: float) -> Seen:
        """All bodies in coverage of the scans that end then, before detection and errors."""
        sensor, n0 = self.sensor, self.truth.refractivity
        height_m = float(sensor.height_m)
        scan, body, rows = sighted(
            table, self.sky.up_s, self._all, ends_s, turn_s, (self._swept.azimuth_from_rad, self.width_rad),
            platform_m, self._swept.range_max_m, sensor.elevation_min_deg * DEG - BENDS_RAD,
        )  # fmt: skip
        # above the ray that touches the Earth
        keep = rows[:, 6] <= ray_central_angle_rad_many(height_m, self._horizon_rad, rows[:, 5].copy(), n0)
        scan, body, rows = scan[keep], body[keep], rows[keep]
        path_m, elevation_rad = rows[:, 1].copy(), rows[:, 3].copy()
        range_m = path_m
        if sensor.is_refracted:
            elevation_rad, range_m = bend_many(height_m, elevation_rad, path_m, n0)
        keep = self.is_in_field(range_m, rows[:, 2], elevation_rad)
        return Seen(
            scan=scan[keep], body=body[keep], time_s=rows[keep, 0], path_m=path_m[keep], range_m=range_m[keep],
            azimuth_rad=rows[keep, 2], elevation_rad=elevation_rad[keep], range_rate_m_s=rows[keep, 4],
        )  # fmt: skip

    def is_in_field(self, range_m: Array, azimuth_rad: Array, elevation_rad: Array) -> npt.NDArray[np.bool_]:
        """What lies inside the field of regard."""
        swept = self._swept
        return np.asarray(
            (range_m >= swept.range_min_m)
            & (range_m <= swept.range_max_m)
            & (elevation_rad >= swept.elevation_min_rad)
            & (elevation_rad <= swept.elevation_max_rad)
            & (np.mod(azimuth_rad - swept.azimuth_from_rad, FULL_TURN) <= self.width_rad)
        )

    def looks(self, from_ns: int, to_ns: int) -> list[Scan]:
        return [
            scan
            for look_ns, task in self._plan.due(from_ns, to_ns)
            if self.is_on(look_ns - LOOK_NS, look_ns) and (scan := self._look(look_ns, task)) is not None
        ]

    def _look(self, look_ns: int, task: SensorTask) -> Scan | None:
        """One short look at where the task says, along a straight path; none outside the field of regard.

        It knows nothing but the task: it finds what is in the beam, or nothing.
        """
        time_s = self.seconds(look_ns)
        ends_s = np.array((time_s,))
        platform_m = self.platform(ends_s)
        ahead_s = (look_ns - task.time_ns) / NS_PER_S
        expected_m = np.array(task.position_ecef_m) + ahead_s * np.array(task.velocity_ecef_m_s)
        range_m, azimuth_rad, elevation_rad = radar_from_ecef(expected_m, platform_m[0].copy())
        if self.sensor.is_refracted:
            # by the surveyed air: the radar knows no other
            elevation_rad, range_m = bend(
                float(self.sensor.height_m), elevation_rad, range_m, float(self.sensor.refractivity)
            )
        if not self.is_in_field(np.array((range_m,)), np.array((azimuth_rad,)), np.array((elevation_rad,)))[0]:
            return None
        beam = self._beam(azimuth_rad, elevation_rad)
        across_rad = beam.azimuth_to_rad - beam.azimuth_from_rad
        seen = self.sight(ends_s, platform_m, self.sky.window(int(time_s // WINDOW_S)), 0.0)
        keep = (
            (np.abs(seen.elevation_rad - elevation_rad) <= LOOK_BEAMS * self.sensor.beamwidth_deg * DEG)
            & (np.mod(seen.azimuth_rad - beam.azimuth_from_rad, FULL_TURN) <= across_rad)
        )  # fmt: skip
        seen = Seen(**{name: getattr(seen, name)[keep] for name in Seen.__struct_fields__})
        count = 0
        uniform = np.empty((0, 6))
        mean = beam.clutter_density * _volume(beam)
        if mean > 0.0:
            rng = self._draws.generator(f"false plots in looks of {self.sensor.name}", look_ns // _NS_PER_MS)
            count = int(rng.poisson(mean))
            uniform = rng.random((count, 6))
        numbers = np.full(len(seen.scan), (look_ns - self.epoch_ns) // _NS_PER_MS)
        nowhere = np.zeros(count, dtype=np.int64)
        plots = self._plots(seen, numbers, _LOOK, nowhere, np.full(count, time_s), uniform, beam)
        return self.scan_of(look_ns - LOOK_NS, look_ns, platform_m[0], in_random_order(plots), beam)

    def _beam(self, azimuth_rad: float, elevation_rad: float) -> SweptVolume:
        """What a look about a direction of the field of regard searches: no more than that field, at all its ranges."""
        swept, half_rad = self._swept, LOOK_BEAMS * self.sensor.beamwidth_deg * DEG
        aside_rad = min(half_rad / max(math.cos(elevation_rad), 1e-3), math.pi)
        past_rad = (azimuth_rad - swept.azimuth_from_rad) % FULL_TURN
        low_rad, high_rad = past_rad - aside_rad, past_rad + aside_rad
        if self.width_rad < FULL_TURN - 1e-9:
            low_rad, high_rad = max(low_rad, 0.0), min(high_rad, self.width_rad)
        first_rad = (swept.azimuth_from_rad + low_rad) % FULL_TURN
        return msgspec.structs.replace(
            swept,
            azimuth_from_rad=first_rad,
            azimuth_to_rad=first_rad + high_rad - low_rad,
            elevation_min_rad=max(elevation_rad - half_rad, swept.elevation_min_rad),
            elevation_max_rad=min(elevation_rad + half_rad, swept.elevation_max_rad),
        )

    def _plots(
        self, seen: Seen, number: Index, tag: int, false_scan: Index, false_s: Array, uniform: Array, swept: SweptVolume
    ) -> Plots:
        """Detect, add errors and biases, and false plots from (n, 6) uniform draws."""
        sensor, bias = self.sensor, self.truth
        words, number = self.sky.words[seen.body], number.astype(np.uint64)
        chance = keyed_draws(self.key, words, number, np.uint64(tag), False)
        power = None
        if sensor.reference_snr_db is None:
            hit = chance[:, 0] < sensor.detection_prob
        else:
            power = echoes(
                seen.path_m, self.sky.rcs_m2[seen.body], chance, 10.0 ** (0.1 * sensor.reference_snr_db),
                sensor.reference_range_km * M_PER_KM, float(sensor.reference_rcs_m2), sensor.swerling,
            )  # fmt: skip
            hit = power > threshold_ratio(sensor.false_alarm_prob)
            power = power[hit]
        normal = sensor.noise_scale * keyed_draws(self.key, words[hit], number[hit], np.uint64(tag + 1), True)
        beam_rad = sensor.beamwidth_deg * DEG
        true = (
            seen.range_m[hit]
            + bias.range_bias_m
            + normal[:, 0] * self._std(sensor.range_resolution_m, power, sensor.range_std_m),
            seen.azimuth_rad[hit]
            + bias.azimuth_bias_rad
            + normal[:, 1] * self._std(beam_rad, power, sensor.azimuth_std_deg * DEG),
            seen.elevation_rad[hit]
            + bias.elevation_bias_rad
            + normal[:, 2] * self._std(beam_rad, power, sensor.elevation_std_deg * DEG),
            seen.range_rate_m_s[hit] + normal[:, 3] * (sensor.range_rate_std_m_s or 0.0),
        )
        false = (
            swept.range_min_m + (swept.range_max_m - swept.range_min_m) * uniform[:, 0],
            swept.azimuth_from_rad + (swept.azimuth_to_rad - swept.azimuth_from_rad) * uniform[:, 1],
            swept.elevation_min_rad + (swept.elevation_max_rad - swept.elevation_min_rad) * uniform[:, 2],
            FALSE_RANGE_RATE_M_S * (2.0 * uniform[:, 3] - 1.0),
        )
        range_m, azimuth_rad, elevation_rad, range_rate_m_s = map(np.concatenate, zip(true, false, strict=True))
        time_s = np.concatenate((seen.time_s[hit], false_s))
        columns = {
            "plot_time_ns": self.plot_ns(time_s),
            "range_m": np.maximum(range_m, 0.0),
            "azimuth_rad": np.mod(azimuth_rad, FULL_TURN),
            "elevation_rad": np.clip(elevation_rad, -0.5 * math.pi, 0.5 * math.pi),
        }
        if sensor.range_rate_std_m_s is not None:
            columns["range_rate_m_s"] = range_rate_m_s
        if power is not None:  # noise that passed the threshold: the exponential has no memory
            passed = threshold_ratio(sensor.false_alarm_prob) - np.log(1.0 - uniform[:, 5])
            columns["snr_db"] = 10.0 * np.log10(np.concatenate((power, passed)))
        return Plots(
            scan=np.concatenate((seen.scan[hit], false_scan)),
            body=np.concatenate((seen.body[hit], np.full(len(false_scan), FALSE_PLOT))),
            time_s=time_s,
            order=np.concatenate((chance[hit, 3], uniform[:, 4])),
            columns=columns,
        )

    def _std(self, resolution: float, power: Array | None, stated: float) -> Array | float:
        """The stated one sigma, or what each echo allows with that as its floor."""
        return stated if power is None else np.asarray(accuracy_std_many(resolution, power, stated))

    def _reference_prob(self) -> float:
        """Probability of seeing the reference target once: as stated, or by the threshold at its range."""
        sensor = self.sensor
        if sensor.reference_snr_db is None:
            return sensor.detection_prob
        range_m = min(sensor.reference_range_km, sensor.range_max_km) * M_PER_KM
        mean = snr_ratio(
            range_m, sensor.reference_rcs_m2, 10.0 ** (0.1 * sensor.reference_snr_db),
            sensor.reference_range_km * M_PER_KM, sensor.reference_rcs_m2,
        )  # fmt: skip
        return float(detection_prob(mean, sensor.false_alarm_prob, sensor.swerling))


def _volume(swept: SweptVolume) -> float:
    """Measurement volume, m rad2."""
    return (
        (swept.range_max_m - swept.range_min_m)
        * (swept.azimuth_to_rad - swept.azimuth_from_rad)
        * (swept.elevation_max_rad - swept.elevation_min_rad)
    )
