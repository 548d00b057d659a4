"""Scans in, tracks out; usable alone. Beside it: a batch fit, the Cramer-Rao bound, and textbook filters.

`Tracker` is the tracker. `fit_state` fits one ballistic state to radar rows (`Looks` say when and how well they were
measured), `ballistic_bound` says how well any tracker could do. `tocsin.tracking.reference` holds filters for models of
your own, in plain numpy.
"""

from tocsin.tracking.batch import Fit, fit_state
from tocsin.tracking.bound import Bound, ballistic_bound
from tocsin.tracking.looks import Looks
from tocsin.tracking.state import TrackerState
from tocsin.tracking.tracker import Tracker

__all__ = ["Bound", "Fit", "Looks", "Tracker", "TrackerState", "ballistic_bound", "fit_state"]
