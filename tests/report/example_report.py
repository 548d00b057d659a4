"""A scenario and a true path to go with the hand-written run; hostile words in every text where asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from example_run import LAUNCH, ns, place

from tocsin.scenario.schema import Claim, Scenario, Sensor, Site, Unit, Unknown

Write = Callable[..., str]


def scenario(hostile: str = "", **changes: Any) -> Scenario:
    """A scenario with a claim that conflicts, an unknown, sensors, units and a site."""
    fields: dict[str, Any] = {
        "name": "example" + hostile,
        "title": "A missile towards the Gulf of İskenderun" + hostile,
        "epoch": "2026-03-04T08:00:00Z",
        "summary": "Written by hand." + hostile,
        "claims": (
            Claim(fact="Target", claim="An air base." + hostile, source="A", date="2026-03-05", confidence="disputed"),
            Claim(fact="Target", claim="An island.", source="B" + hostile, date="2026-03-06", confidence="secondary"),
            Claim(fact="Debris", claim="Dörtyol.", source="C", date="2026-03-04" + hostile, confidence="primary"),
        ),
        "unknowns": (Unknown(name="Loft", key="truth.threats.T1.loft", default=1.0, low=0.8, high=1.3, why=hostile),),
        "sensors": (
            Sensor(name="IR-EAST" + hostile, kind="infrared", platform="geostationary"),
            Sensor(name="LAND-RADAR" + hostile, kind="radar", latitude_deg=37.9, longitude_deg=38.2),
        ),
        "units": (
            Unit(name="Land battery" + hostile, latitude_deg=37.0, longitude_deg=35.4),
            Unit(name="Frigate", kind="sea", latitude_deg=35.9, longitude_deg=34.3),
        ),
        "sites": (Site(name="Sea site" + hostile, unit="Frigate", latitude_deg=35.9, longitude_deg=34.3),),
    }
    return Scenario(**{**fields, **changes})


TRUTH = {"T1": [(ns(0), *LAUNCH, 0.0), *((ns(t), *place(float(t))) for t in range(10, 580, 10))]}
