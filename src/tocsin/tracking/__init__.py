"""Scans in, tracks out; usable alone. Beside it: a batch fit, the Cramer-Rao bound, and textbook filters.

`Tracker` is the tracker, fed with messages; `ArrayTracker` and `track_scans` are the same fed with arrays or tables.
`fit_state` fits one ballistic state to radar rows (`Looks` say when and how well they were measured),
`ballistic_bound` says how well any tracker could do. `tocsin.tracking.reference` holds filters for models of your own,
in plain numpy. `BiasSpread` states how far a sensor may be off: `Tracker` then estimates it.
"""

from tocsin.messages import SweptVolume
from tocsin.policy import TrackPolicy
from tocsin.tracking.batch import Fit, fit_state
from tocsin.tracking.bound import Bound, ballistic_bound
from tocsin.tracking.feed import ArrayTracker, Sensor, all_round, site_at
from tocsin.tracking.looks import Looks
from tocsin.tracking.recording import track_scans
from tocsin.tracking.registration import BiasEstimate, BiasSpread
from tocsin.tracking.state import TrackerState
from tocsin.tracking.tables import TRACK_COLUMNS, table_of, to_arrow
from tocsin.tracking.tracker import Tracker

__all__ = [
    "TRACK_COLUMNS",
    "ArrayTracker",
    "BiasEstimate",
    "BiasSpread",
    "Bound",
    "Fit",
    "Looks",
    "Sensor",
    "SweptVolume",
    "TrackPolicy",
    "Tracker",
    "TrackerState",
    "all_round",
    "ballistic_bound",
    "fit_state",
    "site_at",
    "table_of",
    "to_arrow",
    "track_scans",
]
