"""Simulated sensors: generic classes with stated, notional parameters."""

from tocsin.world.sensors.infrared import Infrared
from tocsin.world.sensors.position import PositionSensor
from tocsin.world.sensors.radar import Radar
from tocsin.world.sensors.station import Station

__all__ = ["Infrared", "PositionSensor", "Radar", "Station"]
