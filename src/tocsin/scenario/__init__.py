"""Scenarios: schema, loader, the packaged pack."""

from tocsin.scenario.check import check_scenario, check_sensors
from tocsin.scenario.load import (
    apply_override,
    defence_of,
    document_from,
    load_scenario,
    packaged_scenarios,
    scenario_from,
)
from tocsin.scenario.schema import (
    Actor,
    Aircraft,
    Claim,
    Defence,
    Place,
    Satellite,
    Scenario,
    Script,
    Sensor,
    Site,
    Spread,
    Threat,
    Traffic,
    Truth,
    Unit,
    Unknown,
)
from tocsin.scenario.sensor_file import read_sensors, sites_of

__all__ = [
    "Actor",
    "Aircraft",
    "Claim",
    "Defence",
    "Place",
    "Satellite",
    "Scenario",
    "Script",
    "Sensor",
    "Site",
    "Spread",
    "Threat",
    "Traffic",
    "Truth",
    "Unit",
    "Unknown",
    "apply_override",
    "check_scenario",
    "check_sensors",
    "defence_of",
    "document_from",
    "load_scenario",
    "packaged_scenarios",
    "read_sensors",
    "scenario_from",
    "sites_of",
]
