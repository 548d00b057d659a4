"""All that the stage remembers, as plain data that the pipeline can encode and put back."""

from __future__ import annotations

import msgspec

from tocsin.messages import Assessment, Column, Rung, Vec3

RUNGS: tuple[Rung, ...] = ("NONE", "CUE", "PROBABLE", "CONFIRMED")
"""In climbing order; REFUTED stands outside."""


class Launch(msgspec.Struct):
    """A launch estimate, of one state or of all so far."""

    t_ns: int
    std_s: float
    ecef_m: Vec3
    covariance_en_m2: tuple[float, float, float]  # east-east, east-north, north-north
    score_m2: float  # the smaller, the surer
    best_score_m2: float
    weight: float
    from_boost: bool


class Foreseen(msgspec.Struct):
    """The last full prediction, relative to the end of the path on the mean state."""

    made_ns: int
    position_variance_m2: float
    velocity_variance_m2_s2: float
    offset_en_m: tuple[float, float]  # of the mean impact from the end of the path
    offset_s: float
    covariance_en_m2: tuple[float, float, float]  # east-east, east-north, north-north
    std_s: float
    no_impact_prob: float


class TrackMemory(msgspec.Struct):
    """The latest row of one track and what was made of it."""

    track: int
    status: str
    t_ns: int
    position: Column  # (3,) ECEF m
    velocity: Column  # (3,) ECEF m/s
    covariance: Column  # (6, 6)
    mode_prob: tuple[float, float, float]
    log_beta: float
    log_beta_std: float
    counts: tuple[int, int, int]  # plots from radar, infrared, position
    cause: str
    credit: dict[str, int] = {}  # plots by sensor
    credited: tuple[int, int, int] = (0, 0, 0)  # as counts, the most so far: a revision may take some back
    is_changed: bool = True
    height_max_m: float = 0.0  # it was surely (two sigma) this high
    recent: list[tuple[int, float, float, float]] = []  # (time, velocity) of the last seconds of boost
    burning_ns: int = -(10**18)  # when it was last heard to be under thrust
    parent_track: int = 0  # that it came off; 0: none
    parent: str = ""  # what that was last called
    is_continued: bool = False  # goes on under the name of a lost threat, whose parent is then its own
    threat: str = ""
    revision: int = 0
    rung: Rung = "NONE"
    cue_ticks: int = 0  # ticks in a row at cue_prob or above
    prob_ticks: int = 0  # ticks in a row above probable_prob
    sure_ticks: int = 0  # ... above confirmed_prob
    doubt_ticks: int = 0  # ... that speak for a refutation
    refuted_by: str = ""  # person; empty: kinematics
    class_prob: tuple[float, ...] = ()
    best_class: str = ""
    launch: Launch | None = None
    foreseen: Foreseen | None = None
    apogee: tuple[int, float] | None = None  # time and height, past or foreseen
    published_ns: int = 0
    last: Assessment | None = None


class AssessState(msgspec.Struct):
    """Everything."""

    tracks: dict[int, TrackMemory] = {}
    lost: dict[str, TrackMemory] = {}  # threats whose track was dropped, by name
    health: dict[str, str] = {}  # state of each sensor
    degraded: tuple[str, ...] = ()  # phenomenologies lost
    is_announced: bool = False  # degraded mode at the start was told
    threat_count: int = 0
