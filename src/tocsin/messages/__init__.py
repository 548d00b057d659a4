"""The vocabulary: everything that moves through tocsin is one of these messages."""

from tocsin.messages.assessment import CLASSES, RUNG_RANK, Assessment, Rung, ThreatClass
from tocsin.messages.codec import (
    ALL,
    INPUTS,
    OUTPUTS,
    check,
    decode,
    decode_json,
    decode_state,
    encode,
    encode_json,
    encode_state,
)
from tocsin.messages.command import Action, Command
from tocsin.messages.debris_area import DebrisArea
from tocsin.messages.detections import Detections
from tocsin.messages.engagement import Engagement
from tocsin.messages.envelope import Column, Message, Origin, Vec3, column, sealed, stamp
from tocsin.messages.event import Event, EventKind, event
from tocsin.messages.field import Field
from tocsin.messages.posture import Posture
from tocsin.messages.public_warning import AlertStatus, PublicWarning, WarningText
from tocsin.messages.report import Report
from tocsin.messages.scan import Scan, SensorKind, SweptVolume
from tocsin.messages.sensor_health import SensorHealth
from tocsin.messages.sensor_status import SensorStatus
from tocsin.messages.sensor_task import SensorTask
from tocsin.messages.statement import Sentence, Statement, Withheld
from tocsin.messages.tick import Tick
from tocsin.messages.track_updates import MODES, TrackUpdates
from tocsin.messages.unit_alert import UnitAlert

__all__ = [
    "ALL",
    "CLASSES",
    "INPUTS",
    "MODES",
    "OUTPUTS",
    "RUNG_RANK",
    "Action",
    "AlertStatus",
    "Assessment",
    "Column",
    "Command",
    "DebrisArea",
    "Detections",
    "Engagement",
    "Event",
    "EventKind",
    "Field",
    "Message",
    "Origin",
    "Posture",
    "PublicWarning",
    "Report",
    "Rung",
    "Scan",
    "SensorHealth",
    "SensorKind",
    "SensorStatus",
    "SensorTask",
    "Sentence",
    "Statement",
    "SweptVolume",
    "ThreatClass",
    "Tick",
    "TrackUpdates",
    "UnitAlert",
    "Vec3",
    "WarningText",
    "Withheld",
    "check",
    "column",
    "decode",
    "decode_json",
    "decode_state",
    "encode",
    "encode_json",
    "encode_state",
    "event",
    "sealed",
    "stamp",
]
