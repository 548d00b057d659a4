"""Detections: the plots of one scan that are believed, with the accuracy they are believed to have."""

from __future__ import annotations

from typing import Annotated

from tocsin.messages.envelope import Column, Message, Vec3
from tocsin.messages.field import Field
from tocsin.messages.scan import SensorKind, SweptVolume


class Detections(Message, tag="Detections", frozen=True, kw_only=True, eq=False):
    """A screened scan; columns as in ``Scan``, plus one-sigma accuracies per plot."""

    sensor: Annotated[str, Field("-", "-", "name of the sensor")]
    kind: Annotated[SensorKind, Field("-", "-", "which columns it carries")]
    sequence: Annotated[int, Field("count", "-", "sequence of the scan it comes from")]
    start_ns: Annotated[int, Field("ns", "utc", "first instant of the dwell")]
    end_ns: Annotated[int, Field("ns", "utc", "last instant of the dwell")]
    platform_ecef_m: Annotated[Vec3 | None, Field("m", "ecef", "surveyed place of the sensor at end_ns")]
    plot_time_ns: Annotated[Column, Field("ns", "utc", "(n,) int64, time of each plot")]
    plot_index: Annotated[Column, Field("count", "-", "(n,) int64, index of the plot in its scan")]
    rejected_count: Annotated[int, Field("count", "-", "plots of the scan that were not believed")] = 0
    swept: Annotated[SweptVolume | None, Field("-", "-", "volume searched; None: absence is no evidence")] = None
    range_m: Annotated[Column | None, Field("m", "sensor", "(n,) slant range, corrected")] = None
    azimuth_rad: Annotated[Column | None, Field("rad", "sensor", "(n,) clockwise from true north")] = None
    elevation_rad: Annotated[Column | None, Field("rad", "sensor", "(n,) above the local horizontal, corrected")] = None
    range_rate_m_s: Annotated[Column | None, Field("m/s", "sensor", "(n,) positive when opening")] = None
    line_of_sight_ecef: Annotated[Column | None, Field("1", "ecef", "(n, 3) unit vectors")] = None
    position_ecef_m: Annotated[Column | None, Field("m", "ecef", "(n, 3) reported positions")] = None
    range_std_m: Annotated[Column | None, Field("m", "sensor", "(n,) one sigma of range")] = None
    angle_std_rad: Annotated[
        Column | None, Field("rad", "sensor", "(n,) one sigma of each angle, or of a line of sight")
    ] = None
    elevation_std_rad: Annotated[
        Column | None, Field("rad", "sensor", "(n,) one sigma of elevation where it differs from azimuth's")
    ] = None
    range_rate_std_m_s: Annotated[Column | None, Field("m/s", "sensor", "(n,) one sigma of range rate")] = None
    position_std_m: Annotated[float | None, Field("m", "ecef", "one sigma of each horizontal axis of a position")] = (
        None
    )
    height_std_m: Annotated[float | None, Field("m", "geodetic", "one sigma of a position's height")] = None

    @property
    def plot_count(self) -> int:
        return int(self.plot_time_ns.shape[0])
