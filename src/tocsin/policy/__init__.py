"""Rules as data: ladder, roles, posture levels, release rules, budgets, with defaults."""

from tocsin.policy.policy import (
    AlertPolicy,
    AssessPolicy,
    Budgets,
    DebrisPolicy,
    EngagePolicy,
    LadderPolicy,
    Policy,
    PosturePolicy,
    ReleasePolicy,
    Role,
    ScreenPolicy,
    TrackPolicy,
    WarnPolicy,
)

__all__ = [
    "AlertPolicy",
    "AssessPolicy",
    "Budgets",
    "DebrisPolicy",
    "EngagePolicy",
    "LadderPolicy",
    "Policy",
    "PosturePolicy",
    "ReleasePolicy",
    "Role",
    "ScreenPolicy",
    "TrackPolicy",
    "WarnPolicy",
]
