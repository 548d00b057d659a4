"""What every field of every message says about itself: unit, frame, meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal[
    "-",  # no unit: text, identifiers, choices
    "1",  # a pure number
    "prob",  # a probability, 0 to 1
    "count",
    "ns",  # integer nanoseconds since the Unix epoch, UTC
    "s",
    "m",
    "m2",
    "m/s",
    "m2/s2",  # per axis pair of a state covariance block, see the meaning
    "m/s2",
    "rad",
    "deg",
    "kg/m2",
    "ln(kg/m2)",
    "dB",
    "people",
    "1/measure",  # per unit of the sensor's own measurement volume
    "state",  # mixed units of (m, m/s): covariance of position and velocity
]

Frame = Literal[
    "-",
    "ecef",  # WGS-84 earth-centred earth-fixed
    "geodetic",  # WGS-84 latitude, longitude (degrees, polygons) and ellipsoidal height
    "enu",  # local east, north, up at the stated point
    "sensor",  # azimuth from true north clockwise, elevation from the local horizontal
    "utc",
]


@dataclass(frozen=True, slots=True)
class Field:
    """Annotation on a message field: ``Annotated[float, Field("m", "ecef", "mean impact point")]``.

    The message dictionary, JSON schema, table columns and labels are made from it; a test refuses a
    message field without one.
    """

    unit: Unit
    frame: Frame
    meaning: str
