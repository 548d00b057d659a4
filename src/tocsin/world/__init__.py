"""Truth and its sensors, in simulation only. No stage and no scripted person may import this."""

from tocsin.world.sensors.biases import SensorTruth
from tocsin.world.truth import TRUTH_COLUMNS, ObjectTruth, ThreatTruth, WorldTruth
from tocsin.world.world import World

__all__ = ["TRUTH_COLUMNS", "ObjectTruth", "SensorTruth", "ThreatTruth", "World", "WorldTruth"]
