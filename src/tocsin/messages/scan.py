"""Scan: what one sensor saw in one dwell. No plot at all is a valid scan: looked here, saw nothing."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from tocsin.messages.envelope import Column, Message, Vec3
from tocsin.messages.field import Field

SensorKind = Literal["radar", "infrared", "position"]
"""radar: range and angles; infrared: lines of sight; position: position reports (ADS-B, a system track)."""


class SweptVolume(msgspec.Struct, frozen=True, kw_only=True):
    """The volume a scan searched, in the sensor's own coordinates; azimuth runs clockwise from first to last."""

    azimuth_from_rad: Annotated[float, Field("rad", "sensor", "first azimuth, clockwise from true north")]
    azimuth_to_rad: Annotated[float, Field("rad", "sensor", "last azimuth; from 0 to 2 pi is all round")]
    elevation_min_rad: Annotated[float, Field("rad", "sensor", "lowest elevation")]
    elevation_max_rad: Annotated[float, Field("rad", "sensor", "highest elevation")]
    range_min_m: Annotated[float, Field("m", "sensor", "shortest range")]
    range_max_m: Annotated[float, Field("m", "sensor", "longest range")]
    detection_prob: Annotated[float, Field("prob", "-", "stated probability of detecting a reference target")]
    clutter_density: Annotated[
        float,
        Field("1/measure", "sensor", "false plots per scan and unit of measurement volume: m rad2, or sr"),
    ]


class Scan(Message, tag="Scan", frozen=True, kw_only=True, eq=False):
    """One dwell of one sensor: columns over its plots, axis 0 the plot.

    radar carries ``range_m``, ``azimuth_rad``, ``elevation_rad``, perhaps ``range_rate_m_s`` and ``snr_db``;
    infrared carries ``line_of_sight_ecef``; position carries ``position_ecef_m``. The rest is None.
    """

    sensor: Annotated[str, Field("-", "-", "name of the sensor, as in its description")]
    kind: Annotated[SensorKind, Field("-", "-", "which columns it carries")]
    sequence: Annotated[int, Field("count", "-", "running number of this sensor's scans, from 0")]
    start_ns: Annotated[int, Field("ns", "utc", "first instant of the dwell")]
    end_ns: Annotated[int, Field("ns", "utc", "last instant of the dwell")]
    platform_ecef_m: Annotated[Vec3 | None, Field("m", "ecef", "where the sensor stood at end_ns")]
    plot_time_ns: Annotated[Column, Field("ns", "utc", "(n,) int64, time of each plot")]
    swept: Annotated[SweptVolume | None, Field("-", "-", "volume searched; None: absence is no evidence")] = None
    range_m: Annotated[Column | None, Field("m", "sensor", "(n,) slant range")] = None
    azimuth_rad: Annotated[Column | None, Field("rad", "sensor", "(n,) clockwise from true north")] = None
    elevation_rad: Annotated[Column | None, Field("rad", "sensor", "(n,) above the local horizontal")] = None
    range_rate_m_s: Annotated[Column | None, Field("m/s", "sensor", "(n,) positive when opening")] = None
    snr_db: Annotated[
        Column | None, Field("dB", "sensor", "(n,) signal and noise over mean noise, as it passed the threshold")
    ] = None
    line_of_sight_ecef: Annotated[Column | None, Field("1", "ecef", "(n, 3) unit vectors, sensor to target")] = None
    position_ecef_m: Annotated[Column | None, Field("m", "ecef", "(n, 3) reported positions")] = None

    @property
    def plot_count(self) -> int:
        return int(self.plot_time_ns.shape[0])
