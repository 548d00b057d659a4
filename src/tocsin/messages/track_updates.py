"""TrackUpdates: all tracks that one scan or tick changed, as columns."""

from __future__ import annotations

from typing import Annotated, Literal

from tocsin.messages.envelope import Column, Message
from tocsin.messages.field import Field

TrackStatus = Literal["tentative", "confirmed", "dropped"]
MODES: tuple[str, ...] = ("boost", "ballistic", "level")
"""Order of the columns of ``mode_prob``: thrusting, unpowered flight (coast and re-entry), level flight."""


class TrackUpdates(Message, tag="TrackUpdates", frozen=True, kw_only=True, eq=False):
    """Columns over the tracks changed, axis 0 the track, in order of track id."""

    sensor: Annotated[str, Field("-", "-", "sensor whose scan changed them; empty on a tick")]
    track: Annotated[Column, Field("count", "-", "(n,) int64 track id, never used twice")]
    status: Annotated[tuple[TrackStatus, ...], Field("-", "-", "status of each track")]
    t_ns: Annotated[Column, Field("ns", "utc", "(n,) int64, time each state is valid at")]
    position_ecef_m: Annotated[Column, Field("m", "ecef", "(n, 3)")]
    velocity_ecef_m_s: Annotated[Column, Field("m/s", "ecef", "(n, 3) earth-relative")]
    covariance: Annotated[Column, Field("state", "ecef", "(n, 6, 6) of position (m) and velocity (m/s)")]
    mode_prob: Annotated[Column, Field("prob", "-", "(n, 3) of boost, ballistic, level")]
    log_beta: Annotated[Column, Field("ln(kg/m2)", "-", "(n,) natural log of ballistic coefficient, mean")]
    log_beta_std: Annotated[Column, Field("ln(kg/m2)", "-", "(n,) its one sigma")]
    first_ns: Annotated[Column, Field("ns", "utc", "(n,) int64, first plot of the track")]
    last_ns: Annotated[Column, Field("ns", "utc", "(n,) int64, last plot of the track")]
    radar_count: Annotated[Column, Field("count", "-", "(n,) int64 plots from radar so far")]
    infrared_count: Annotated[Column, Field("count", "-", "(n,) int64 plots from infrared so far")]
    position_count: Annotated[Column, Field("count", "-", "(n,) int64 position reports so far")]
    nis: Annotated[Column, Field("1", "-", "(n,) normalised innovation squared of this update, 0 where none")]
    nis_dof: Annotated[Column, Field("count", "-", "(n,) int64 its degrees of freedom, 0 where none")]
    parent: Annotated[Column, Field("count", "-", "(n,) int64 track each came off, begun beside it; 0: none")]
    revision: Annotated[
        int, Field("count", "-", "number of the re-run with late scans that this tells of, from 1; 0: none")
    ] = 0
    sensors: Annotated[tuple[tuple[str, ...], ...], Field("-", "-", "names of the sensors that fed each track")] = ()

    @property
    def track_count(self) -> int:
        return int(self.track.shape[0])
