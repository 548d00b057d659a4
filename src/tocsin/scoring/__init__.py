"""Truth and record joined afterwards: how good was the chain, and for whom; and metrics on arrays, usable alone."""

from tocsin.scoring.bins import Bin
from tocsin.scoring.consistency import chi2_quantile, mean_bounds, nees, rmse, share_above
from tocsin.scoring.continuity import Continuity, Segment, continuity, purity, segments
from tocsin.scoring.gospa import Gospa, assign, distances_m, gospa, ospa_m
from tocsin.scoring.paths import (
    TrackPath,
    TruthPath,
    read_truth,
    track_at,
    track_paths,
    tracks_at,
    truth_at,
    truth_path,
)
from tocsin.scoring.points import PointError, point_errors
from tocsin.scoring.pool import PooledBin, pooled
from tocsin.scoring.rows import series_rows, struct_rows
from tocsin.scoring.score import ImpactError, Score, ThreatScore, WarnedPeople, score
from tocsin.scoring.siap import Siap, SiapSeries, owners, siap
from tocsin.scoring.tracking import ObjectScore, TrackingScore, TrackingSeries, score_tracking, span_ns

__all__ = [
    "Bin",
    "Continuity",
    "Gospa",
    "ImpactError",
    "ObjectScore",
    "PointError",
    "PooledBin",
    "Score",
    "Segment",
    "Siap",
    "SiapSeries",
    "ThreatScore",
    "TrackPath",
    "TrackingScore",
    "TrackingSeries",
    "TruthPath",
    "WarnedPeople",
    "assign",
    "chi2_quantile",
    "continuity",
    "distances_m",
    "gospa",
    "mean_bounds",
    "nees",
    "ospa_m",
    "owners",
    "point_errors",
    "pooled",
    "purity",
    "read_truth",
    "rmse",
    "score",
    "score_tracking",
    "segments",
    "series_rows",
    "share_above",
    "siap",
    "span_ns",
    "struct_rows",
    "track_at",
    "track_paths",
    "tracks_at",
    "truth_at",
    "truth_path",
]
