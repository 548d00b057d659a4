"""Views: the record as people see it. Each is one pure function of the messages, shared by all who show it."""

from tocsin.views.alerts import AlertView, alerts
from tocsin.views.clock import HEADLINE, Clock, Step, ThreatClock, clock
from tocsin.views.debris import DebrisView, FindView, debris, finds
from tocsin.views.engagements import EngagementView, engagements
from tocsin.views.ledger import Line, ledger, line
from tocsin.views.pick import moment_ns, of_kind, span_ns
from tocsin.views.reached import STEPS
from tocsin.views.statements import StatementView, statements
from tocsin.views.summary import CAPTIONS, people_warned, place_of, summary
from tocsin.views.summary_keys import SUMMARY_KEYS
from tocsin.views.threats import ImpactSpread, ThreatView, launches_count, region_area_m2, threats
from tocsin.views.tracks import TrackView, tracks
from tocsin.views.warnings import WarningView, ZoneTold, warnings

__all__ = [
    "CAPTIONS",
    "HEADLINE",
    "STEPS",
    "SUMMARY_KEYS",
    "AlertView",
    "Clock",
    "DebrisView",
    "EngagementView",
    "FindView",
    "ImpactSpread",
    "Line",
    "StatementView",
    "Step",
    "ThreatClock",
    "ThreatView",
    "TrackView",
    "WarningView",
    "ZoneTold",
    "alerts",
    "clock",
    "debris",
    "engagements",
    "finds",
    "launches_count",
    "ledger",
    "line",
    "moment_ns",
    "of_kind",
    "people_warned",
    "place_of",
    "region_area_m2",
    "span_ns",
    "statements",
    "summary",
    "threats",
    "tracks",
    "warnings",
]
