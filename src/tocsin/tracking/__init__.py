"""Scans in, tracks out; usable alone."""

from tocsin.tracking.state import TrackerState
from tocsin.tracking.tracker import Tracker

__all__ = ["Tracker", "TrackerState"]
