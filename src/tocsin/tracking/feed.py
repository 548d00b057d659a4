"""The tracker for those who hold arrays: scans in as columns, tracks out as columns; no message need be seen.

    sensors = [tracking.Sensor(name="radar", kind="radar", site_ecef_m=tracking.site_at(36.0, 40.0, 500.0),
                               range_std_m=30.0, angle_std_rad=1e-3)]
    tracker = tracking.ArrayTracker(sensors)
    tracks = tracker.step_arrays("radar", time_ns, range_m=ranges, azimuth_rad=azimuths, elevation_rad=elevations)

or all at once, ``tracking.track_scans(scans, sensors)``. It only builds ``Detections`` and reads ``TrackUpdates``: what
it gives is what ``Tracker`` gives.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

from tocsin.errors import ScanError
from tocsin.kernels.geodesy import ecef_from_geodetic
from tocsin.messages import Column, Detections, SensorKind, SweptVolume, Vec3, column
from tocsin.policy import TrackPolicy
from tocsin.tracking.feed_columns import MEASURED, NEEDED, checked, checked_times, count_of
from tocsin.tracking.registration import BiasSpread
from tocsin.tracking.tables import table_of
from tocsin.tracking.tracker import Tracker
from tocsin.units import DEG

_STD = (
    "range_std_m", "angle_std_rad", "elevation_std_rad", "range_rate_std_m_s", "position_std_m", "height_std_m",
)  # fmt: skip
_SCALAR_STD = ("position_std_m", "height_std_m")  # a Detections message holds one of each for a whole scan


class Sensor(msgspec.Struct, frozen=True, kw_only=True):
    """What the tracker must know of a sensor; a scan may give its own accuracies, site and swept volume instead.

    ``angle_std_rad`` is of azimuth and elevation, or of each of the two angles about a line of sight. ``swept`` is what
    each scan searched, with its probability of detection and clutter density; None: absence is no evidence.
    """

    name: str
    kind: SensorKind
    site_ecef_m: Vec3 | None = None  # ECEF m; None: each scan gives it, or the kind is position
    range_std_m: float | None = None
    angle_std_rad: float | None = None
    elevation_std_rad: float | None = None
    range_rate_std_m_s: float | None = None
    position_std_m: float | None = None
    height_std_m: float | None = None
    swept: SweptVolume | None = None
    bias: BiasSpread | None = None  # how large its constant errors may be; None: it has none


def site_at(latitude_deg: float, longitude_deg: float, height_m: float) -> Vec3:
    """ECEF m of a geodetic place, WGS-84, height above the ellipsoid."""
    for name, value, limit in (("latitude_deg", latitude_deg, 90.0), ("longitude_deg", longitude_deg, 360.0)):
        if not abs(value) <= limit:
            raise ScanError(
                f"is out of range, allowed are -{limit:g} to {limit:g} deg", where=name, value=value,
                remedy="give degrees, north and east positive",
            )  # fmt: skip
    x_m, y_m, z_m = ecef_from_geodetic(latitude_deg * DEG, longitude_deg * DEG, float(height_m))
    return float(x_m), float(y_m), float(z_m)


def all_round(
    *, range_max_m: float, detection_prob: float, clutter_density: float = 0.0, elevation_min_rad: float = 0.0
) -> SweptVolume:
    """A radar's scan of every azimuth up to the zenith, from 1 km on."""
    given = {"range_m": range_max_m, "detection_prob": detection_prob, "clutter_density": clutter_density}
    far_m, prob, density = (float(checked(name, value, 1, "all_round")[0]) for name, value in given.items())
    return SweptVolume(
        azimuth_from_rad=0.0, azimuth_to_rad=2.0 * math.pi, elevation_min_rad=elevation_min_rad,
        elevation_max_rad=0.5 * math.pi, range_min_m=1e3, range_max_m=far_m, detection_prob=prob,
        clutter_density=density,
    )  # fmt: skip


def detections_of(
    sensor: Sensor, time_ns: int, sequence: int = 0, /, *, plot_time_ns: Any = None, site_ecef_m: Any = None,
    swept: SweptVolume | None = None, detection_prob: float | None = None, clutter_density: float | None = None,
    **columns: Any,
) -> Detections:  # fmt: skip
    """One scan as the message that ``Tracker.step`` takes; parameters as of ``ArrayTracker.step_arrays``."""
    where = f"scan of {sensor.name} at {time_ns}"
    end_ns = int(checked_times("time_ns", [time_ns], 1, where)[0])
    if sensor.kind not in MEASURED:
        raise ScanError(
            "unknown kind of sensor", where=where, value=sensor.kind, remedy=f"one of {', '.join(MEASURED)}"
        )
    given = {name: value for name, value in columns.items() if value is not None}
    allowed = {*MEASURED[sensor.kind], *_STD}
    for name in given:
        if name not in allowed:
            raise ScanError(
                f"a scan of kind {sensor.kind} has no such column", where=where, value=name,
                remedy=f"allowed are {', '.join(sorted(allowed))}",
            )  # fmt: skip
    measured = [name for name in MEASURED[sensor.kind] if name in given]
    count = count_of(measured[0], given[measured[0]], where) if measured else 0
    for name in _STD:
        stated = getattr(sensor, name)
        if name not in given and stated is not None:
            given[name] = stated
    missing = [name for name in NEEDED[sensor.kind] if name not in given] if count else []
    if "range_rate_m_s" in given and "range_rate_std_m_s" not in given:
        missing.append("range_rate_std_m_s")
    if missing:
        raise ScanError(
            f"{missing[0]} is missing", where=where,
            remedy=f"a scan of kind {sensor.kind} needs {', '.join(missing)}; give it as a column, or a sigma once in "
            "the Sensor",
        )  # fmt: skip
    site = sensor.site_ecef_m if site_ecef_m is None else site_ecef_m
    if site is None and sensor.kind != "position":
        raise ScanError("site_ecef_m is missing", where=where, remedy="state where the sensor stood, ECEF m")
    ready = {name: checked(name, value, count, where) for name, value in given.items()}
    times = checked_times("plot_time_ns", end_ns if plot_time_ns is None else plot_time_ns, count, where)
    if times.size and int(times.max()) > end_ns:
        raise ScanError(
            f"a plot is later than the scan's end, {end_ns} ns", where=f"{where}, column plot_time_ns",
            value=int(times.max()), remedy="time_ns is the last instant of the scan",
        )  # fmt: skip
    place = None if site is None else checked("site_ecef_m", [site], 1, where)[0]
    message: dict[str, Any] = {name: value for name, value in ready.items() if name not in _SCALAR_STD}
    message |= {name: _same(name, ready[name], where) for name in _SCALAR_STD if name in ready and count}
    return Detections(
        time_ns=end_ns, arrival_ns=end_ns, sensor=sensor.name, kind=sensor.kind, sequence=sequence,
        start_ns=int(times.min()) if times.size else end_ns, end_ns=end_ns,
        platform_ecef_m=None if place is None else (float(place[0]), float(place[1]), float(place[2])),
        plot_time_ns=times, plot_index=column(range(count), "int64"),
        swept=_swept(swept or sensor.swept, detection_prob, clutter_density, where), **message,
    )  # fmt: skip


class ArrayTracker:
    """``Tracker`` fed with arrays. ``tracker`` is the one inside, ``tracker.state`` all that it remembers."""

    def __init__(self, sensors: Iterable[Sensor] = (), policy: TrackPolicy | None = None) -> None:
        self.sensors = {sensor.name: sensor for sensor in sensors}
        self.tracker = Tracker(policy, {s.name: s.bias for s in self.sensors.values() if s.bias is not None})
        self._sequence: dict[str, int] = {}

    def step_arrays(self, sensor: str | Sensor, time_ns: int, **columns: Any) -> dict[str, Column]:
        """Use one scan and return the tracks it changed, as columns (``tables.table_of``), at the scan's end.

        In        sensor        name of a known Sensor, or one
                  time_ns       int, ns UTC, last instant of the scan
                  plot_time_ns  (n,) int64, time of each plot; not given: all at time_ns
                  site_ecef_m   (3,) ECEF m, where the sensor stood; not given: as the Sensor says
                  range_m, azimuth_rad, elevation_rad, range_rate_m_s   (n,) radar; azimuth clockwise from true north,
                                both in the local frame of the site, refraction removed; elevation may be left out
                  line_of_sight_ecef  (n, 3) infrared, unit vectors; what is seen so is taken for a burning plume
                  position_ecef_m     (n, 3) position reports
                  range_std_m, angle_std_rad, elevation_std_rad, range_rate_std_m_s   (n,) or one number, one sigma
                  position_std_m, height_std_m   one number, one sigma of each horizontal axis and of the height
                  swept         SweptVolume searched; detection_prob and clutter_density alone change those two of it
                  No measured column: "looked here, saw nothing", which counts where a swept volume is stated.
        Raises    ScanError naming the scan, the column, the value with its unit, the range and the remedy
        """
        told = self.tracker.step(self.detections(sensor, time_ns, **columns))
        return table_of([] if told is None else [told])

    def detections(self, sensor: str | Sensor, time_ns: int, **columns: Any) -> Detections:
        """The scan that ``step_arrays`` would use, numbered, as a message."""
        known = self._known(sensor) if isinstance(sensor, str) else sensor
        number = self._sequence[known.name] = self._sequence.get(known.name, -1) + 1
        return detections_of(known, time_ns, number, **columns)

    def tick(self, now_ns: int) -> dict[str, Column]:
        """Time passes: scans that came late are used; what nobody has seen for long, or is down, comes back dropped."""
        return table_of(self.tracker.tick(int(checked_times("now_ns", [now_ns], 1, "tick")[0])))

    def revise(self, now_ns: int) -> dict[str, Column]:
        """Use the scans that came late now, as at the end of a recording; tracks that they changed."""
        return table_of(self.tracker.revise(int(checked_times("now_ns", [now_ns], 1, "revise")[0])))

    def _known(self, name: str) -> Sensor:
        if name not in self.sensors:
            raise ScanError(
                "no such sensor", where="step_arrays", value=name,
                remedy=f"known are {', '.join(sorted(self.sensors)) or 'none'}; give ArrayTracker its Sensor",
            )  # fmt: skip
        return self.sensors[name]


def _same(name: str, values: Column, where: str) -> float:
    if (values != values[0]).any():
        raise ScanError(
            "differs from plot to plot", where=f"{where}, column {name}", value=values[:2].tolist(),
            remedy="one sigma serves a scan of position reports: feed those of other accuracy as their own scan",
        )  # fmt: skip
    return float(values[0])


def _swept(
    swept: SweptVolume | None, detection_prob: float | None, clutter_density: float | None, where: str
) -> SweptVolume | None:
    changes = {"detection_prob": detection_prob, "clutter_density": clutter_density}
    stated = {k: float(checked(k, v, 1, where)[0]) for k, v in changes.items() if v is not None}
    if not isinstance(swept, SweptVolume | None):
        raise ScanError("is no SweptVolume", where=f"{where}, swept", value=swept, remedy="see tracking.all_round(...)")
    if stated and swept is None:
        raise ScanError(
            f"{next(iter(stated))} is given, but not the volume it holds in", where=where,
            remedy="state swept, for example tracking.all_round(...)",
        )  # fmt: skip
    return msgspec.structs.replace(swept, **stated) if swept is not None and stated else swept
