"""Scans in, tracks out; usable alone."""

from tocsin.messages import SweptVolume
from tocsin.policy import TrackPolicy
from tocsin.tracking.feed import ArrayTracker, Sensor, all_round, site_at
from tocsin.tracking.recording import track_scans
from tocsin.tracking.state import TrackerState
from tocsin.tracking.tables import TRACK_COLUMNS, table_of, to_arrow
from tocsin.tracking.tracker import Tracker

__all__ = [
    "TRACK_COLUMNS",
    "ArrayTracker",
    "Sensor",
    "SweptVolume",
    "TrackPolicy",
    "Tracker",
    "TrackerState",
    "all_round",
    "site_at",
    "table_of",
    "to_arrow",
    "track_scans",
]
