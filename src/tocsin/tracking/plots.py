"""Plots of one scan, as the arrays that the kernels read."""

from __future__ import annotations

import functools
import math
import zlib

import msgspec
import numpy as np

from tocsin.errors import ScanError
from tocsin.kernels import track_scan
from tocsin.kernels.constants import MEAN_EARTH_RADIUS_M
from tocsin.kernels.track_bias import AIR, CLOCK, straighten_again
from tocsin.kernels.track_observe import INFRARED, POSITION, RADAR, RADAR_RATE, ROW_COUNT, ROWS
from tocsin.kernels.track_scan import plausible_plots, spots_from_radar
from tocsin.messages import Column, Detections, SweptVolume
from tocsin.tracking.feed_columns import RULES
from tocsin.tracking.registration import SensorBias
from tocsin.units import LATEST_NS, NS_PER_S, ns_from_s

RANGE_STD_M, ANGLE_STD_RAD, SIGHT_STD_RAD, POSITION_STD_M = 100.0, 2e-3, 1e-4, 200.0  # where none is stated
_NO_ELEVATION_HEIGHT_M = 8_000.0  # a radar without elevation sees air traffic: this high, give or take as much
_ORIGIN = (0.0, 0.0, 0.0)
_AXES = np.eye(3)
_BENDING_RAD = 1e-5  # of a ray along the ground, by an N-unit at the surface: 3 mrad by 313
_KINDS = {"radar": RADAR, "infrared": INFRARED, "position": POSITION}
_NUMBERS = (
    "range_m", "azimuth_rad", "elevation_rad", "range_rate_m_s", "range_std_m", "angle_std_rad", "elevation_std_rad",
    "range_rate_std_m_s",
)  # fmt: skip
_VECTORS = ("line_of_sight_ecef", "position_ecef_m")
_MAX_DWELL_NS = 600 * NS_PER_S  # a plot lies no longer before its scan's end, and never after it
_MOST, _VAR_LEAST = 1e8, 1e-18  # of what is measured, and of its variance, whatever its unit
_VAR_MOST = np.full((4, ROWS), 1e12)  # by kind
_VAR_MOST[[RADAR, RADAR_RATE], 1:3] = _VAR_MOST[INFRARED, :2] = (0.5 * math.pi) ** 2  # an angle less sure says nothing
_LEAST = np.full((4, ROWS), -_MOST)  # by kind
_LEAST[[RADAR, RADAR_RATE], 0] = RULES["range_m"].low


class Plots(msgspec.Struct, eq=False):
    """``kind`` as in ``kernels/track_observe.py``; z (p, 4), spot (p, 3), time_ns (p,), site (3,), var (p, 4).

    ``key`` (p,) is the number by which plots are told apart before anything else is computed, ``axis`` (3,) what it
    lies along, and ``order`` (p,) int64 the plots by it; ``when_ns``: the time of the middle plot; ``row_count``: how
    many numbers a plot measures; ``digest``: equal where the measurements were equal to the bit as they came.
    """

    kind: int
    z: Column
    spot: Column
    time_ns: Column
    site: Column
    var: Column
    key: Column
    axis: Column
    order: Column
    when_ns: int
    count: int
    row_count: int
    digest: int

    def doubted(self, ratio: float) -> Plots:
        """The same, their variances so many times as large where the ratio is above 1."""
        return msgspec.structs.replace(self, var=self.var * ratio) if ratio > 1.0 else self


def plots_of(detections: Detections) -> Plots:
    """The plots of a screened scan that carry what their kind needs; none where a needed column is missing.

    ``spot`` is where a plot lies (ECEF m), for infrared its unit line of sight. Passed over are plots that no sensor
    makes: of numbers not finite or out of all range, of another time than the scan's.
    Raises    ScanError where columns differ in length, or kind, time or swept volume cannot be
    """
    _check(detections)
    if not detections.plot_time_ns.size:
        return _none(_KINDS[detections.kind])
    time_ns = np.array(detections.plot_time_ns, dtype=np.int64)
    site = np.array(detections.platform_ecef_m or _ORIGIN)
    var = np.ones((time_ns.shape[0], ROWS))
    z = np.zeros((time_ns.shape[0], ROWS))
    if detections.kind == "infrared":
        if detections.line_of_sight_ecef is None or detections.platform_ecef_m is None:
            return _none(INFRARED)
        z[:, :3] = detections.line_of_sight_ecef
        sight_std = SIGHT_STD_RAD if detections.angle_std_rad is None else detections.angle_std_rad
        var[:, 0] = var[:, 1] = np.square(sight_std)
        return _plausible(INFRARED, z, time_ns, site, var, detections.end_ns)
    if detections.kind == "position":
        if detections.position_ecef_m is None:
            return _none(POSITION)
        z[:, :3] = detections.position_ecef_m
        var[:, :2] = (detections.position_std_m or POSITION_STD_M) ** 2
        var[:, 2] = (detections.height_std_m or detections.position_std_m or POSITION_STD_M) ** 2
        return _plausible(POSITION, z, time_ns, site, var, detections.end_ns)
    if detections.range_m is None or detections.azimuth_rad is None or detections.platform_ecef_m is None:
        return _none(RADAR)
    kind = RADAR
    angle_std = ANGLE_STD_RAD if detections.angle_std_rad is None else detections.angle_std_rad
    elevation_std = angle_std if detections.elevation_std_rad is None else detections.elevation_std_rad
    z[:, 0] = detections.range_m
    z[:, 1] = detections.azimuth_rad
    if detections.elevation_rad is not None:
        z[:, 2] = detections.elevation_rad
    else:
        far_m = np.maximum(z[:, 0], 1.0)
        z[:, 2] = np.arcsin(np.minimum(_NO_ELEVATION_HEIGHT_M / far_m, 1.0)) - 0.5 * far_m / MEAN_EARTH_RADIUS_M
        elevation_std = np.minimum(_NO_ELEVATION_HEIGHT_M / far_m, 0.25 * math.pi)
    var[:, 0] = RANGE_STD_M if detections.range_std_m is None else detections.range_std_m
    var[:, 1] = angle_std
    var[:, 2] = elevation_std
    if detections.range_rate_m_s is not None and detections.range_rate_std_m_s is not None:
        kind = RADAR_RATE
        z[:, 3] = detections.range_rate_m_s
        var[:, 3] = detections.range_rate_std_m_s
    var *= var
    return _plausible(kind, z, time_ns, site, var, detections.end_ns)


def _check(detections: Detections) -> None:
    n = detections.plot_time_ns.shape[0]
    if detections.kind not in _KINDS or abs(detections.end_ns) > LATEST_NS:
        raise ScanError(
            "unknown kind of sensor, or no time", where=_place(detections), value=detections.kind,
            remedy=f"one of {', '.join(_KINDS)}; ns since 1970-01-01 UTC, before 2200",
        )  # fmt: skip
    for names, shape in ((_NUMBERS, (n,)), (_VECTORS, (n, 3))):
        for name in names:
            values = getattr(detections, name)
            if values is not None and values.shape != shape:
                raise ScanError(
                    f"{name} has shape {values.shape}", where=_place(detections),
                    remedy=f"give {shape}, a row for each plot",
                )  # fmt: skip
    if detections.swept is not None:
        swept_row(detections.swept)


def _place(detections: Detections) -> str:
    return f"scan of {detections.sensor[:80]} at {detections.end_ns}"


def _plausible(kind: int, z: Column, time_ns: Column, site: Column, var: Column, end_ns: int) -> Plots:
    """Of these plots those that a sensor can make."""
    first_ns = end_ns - _MAX_DWELL_NS
    is_fit, count = plausible_plots(z, var, time_ns, _LEAST[kind], _MOST, _VAR_LEAST, _VAR_MOST[kind], first_ns, end_ns)
    if not count:
        return _none(kind)
    if count < z.shape[0]:
        z, time_ns, var = z[is_fit], time_ns[is_fit], var[is_fit]
    return _sorted(kind, z, _spots(z, site) if kind < INFRARED else z[:, :3].copy(), time_ns, site, var)


def _spots(z: Column, site: Column) -> Column:
    spot = np.empty((z.shape[0], 3))
    spots_from_radar(z, site, spot)
    return spot


def _sorted(
    kind: int, z: Column, spot: Column, time_ns: Column, site: Column, var: Column, digest: int | None = None
) -> Plots:
    axis, count, in_time = _AXES[0], time_ns.shape[0], time_ns.copy()
    if kind == INFRARED:
        axis = _AXES[int(np.abs(spot[0]).argmin())]  # across the sights, where they differ most
    key = z[:, 0].copy() if kind < INFRARED else spot @ axis
    in_time.sort()
    return Plots(
        kind, z, spot, time_ns, site, var, key, axis, key.argsort(kind="stable"), int(in_time[count // 2]), count,
        int(ROW_COUNT[kind]), zlib.crc32(z.data) if digest is None else digest,
    )  # fmt: skip


def without_biases(plots: Plots, own: SensorBias, mean: Column) -> Plots:
    """Plots less what is believed of their sensor's biases, (n,) in sigmas of the priors; times too."""
    range_m, azimuth_rad, elevation_rad, clock_s, air = own.believed(mean)
    if not plots.count or not (range_m or azimuth_rad or elevation_rad or clock_s or air):
        return plots
    z, spot = plots.z, plots.spot
    if plots.kind < INFRARED:
        z = z - (range_m, azimuth_rad, elevation_rad, 0.0)
        np.maximum(z[:, 0], 0.0, out=z[:, 0])
        if air:
            z[:, 2], z[:, 0] = straighten_again(z[:, 2].copy(), z[:, 0].copy(), plots.site, own.n0, own.n0 + air)
        spot = _spots(z, plots.site)
    return _sorted(plots.kind, z, spot, plots.time_ns - ns_from_s(clock_s), plots.site, plots.var, plots.digest)


def as_unsure_as(plots: Plots, own: SensorBias, cov: Column) -> tuple[Plots, float]:
    """The same plots with what is not known of their sensor's biases added to their variances; and of its clock, s2.

    In        cov (n, n) of the estimate, in sigmas of the priors
    """
    known = zip(own.columns.tolist(), own.scale.tolist(), strict=True)
    spread = [scale * scale * float(cov[column, column]) if column >= 0 else 0.0 for column, scale in known]
    if not plots.count or plots.kind >= INFRARED:
        return plots, spread[CLOCK]
    var = plots.var + np.array((*spread[:3], 0.0))
    var[:, 2] += spread[AIR] * _BENDING_RAD**2
    return msgspec.structs.replace(plots, var=var), spread[CLOCK]


NOTHING_SWEPT = np.zeros(track_scan.SWEPT_COUNT)


@functools.lru_cache(maxsize=256)  # a sensor sweeps the same again and again
def swept_row(swept: SweptVolume) -> Column:
    """What a scan swept, (SWEPT_COUNT,), laid out as in ``kernels/track_scan.py``; raises ScanError if it cannot be."""
    values = {
        track_scan.AZIMUTH_FROM_RAD: swept.azimuth_from_rad,
        track_scan.AZIMUTH_TO_RAD: swept.azimuth_to_rad,
        track_scan.ELEVATION_MIN_RAD: swept.elevation_min_rad,
        track_scan.ELEVATION_MAX_RAD: swept.elevation_max_rad,
        track_scan.RANGE_MIN_M: swept.range_min_m,
        track_scan.RANGE_MAX_M: swept.range_max_m,
        track_scan.DETECTION_PROB: swept.detection_prob,
        track_scan.CLUTTER_DENSITY: swept.clutter_density,
    }
    row = np.array([values[k] for k in range(track_scan.SWEPT_COUNT)])
    prob, density = RULES["detection_prob"], RULES["clutter_density"]
    if not (
        np.isfinite(row).all()
        and prob.low <= swept.detection_prob <= prob.high
        and density.low <= swept.clutter_density <= density.high
    ):
        raise ScanError(
            "no sensor sweeps that", where="swept", value=swept,
            remedy=f"finite numbers, detection_prob {prob.low:g} to {prob.high:g}, "
            f"clutter_density {density.low:g} to {density.high:g}",
        )  # fmt: skip
    return row


@functools.cache
def _none(kind: int) -> Plots:
    whole = np.zeros(0, np.int64)
    return Plots(
        kind, np.zeros((0, ROWS)), np.zeros((0, 3)), whole, np.zeros(3), np.ones((0, ROWS)), np.zeros(0), _AXES[0],
        whole, 0, 0, int(ROW_COUNT[kind]), 0,
    )  # fmt: skip
