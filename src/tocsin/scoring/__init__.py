"""Truth and record joined afterwards: how good was the chain, and for whom."""

from tocsin.scoring.score import ImpactError, Score, ThreatScore, WarnedPeople, score

__all__ = ["ImpactError", "Score", "ThreatScore", "WarnedPeople", "score"]
