"""Six Falcon 9 launches as published: site and inclination, and the azimuth that follows from them.

Committed before any flight was compared with the telemetry, and not to be touched to make one fit.

The azimuth rule: the plane of the orbit meets the site at the inertial azimuth sin(a) = cos(inclination) /
cos(latitude); the part of the circular velocity at 200 km that the turning Earth already gives is taken off, which
leaves the azimuth over the ground (Vallado, Fundamentals of Astrodynamics, 4th ed., section 6.4.1). An inclination
under the latitude means due east: the plane is turned later, over the equator. From Vandenberg the way is south.
The stage stays in the vertical plane of that azimuth; after the boost back it may fly either way along it, which
the telemetry's downrange distance shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

CIRCULAR_M_S = 7_784.0  # speed of a circular orbit at 200 km
EARTH_RATE_RAD_S = 7.292115e-5  # WGS-84
EARTH_RADIUS_M = 6_371_000.0  # mean


@dataclass(frozen=True)
class Launch:
    """Geodetic place of the pad and inclination of the orbit flown to, degrees; source of the inclination."""

    latitude_deg: float
    longitude_deg: float
    inclination_deg: float
    goes_south: bool
    source: str

    @property
    def azimuth_rad(self) -> float:
        """Azimuth over the ground at the pad, clockwise from north, by the rule above."""
        latitude = math.radians(self.latitude_deg)
        sine = min(math.cos(math.radians(self.inclination_deg)) / math.cos(latitude), 1.0)
        east = CIRCULAR_M_S * sine - EARTH_RATE_RAD_S * EARTH_RADIUS_M * math.cos(latitude)
        north = CIRCULAR_M_S * math.sqrt(1.0 - sine * sine)
        return math.atan2(east, -north if self.goes_south else north)


_LC_39A = (28.608, -80.604)  # Kennedy Space Center
_SLC_40 = (28.562, -80.577)  # Cape Canaveral
_SLC_4E = (34.632, -120.611)  # Vandenberg

LAUNCHES = {
    "BulgariaSat-1": Launch(
        *_LC_39A, 28.6, False, "geostationary transfer, under the pad's latitude: due east; ship at 28.23 N 73.68 W"
    ),
    "NROL-76": Launch(*_LC_39A, 50.0, False, "USA 276 as observed: 389 x 409 km, 50.0 deg (sattrackcam, 25 May 2017)"),
    "SpaceX_CRS-11": Launch(*_LC_39A, 51.6, False, "to the International Space Station (NASA)"),
    "SpaceX_CRS-12": Launch(*_LC_39A, 51.6, False, "to the International Space Station (NASA)"),
    "ZUMA": Launch(*_SLC_40, 50.0, False, "from the closed sea areas, about 50 deg (sattrackcam, November 2017)"),
    "Iridium_NEXT_3": Launch(*_SLC_4E, 86.4, True, "Iridium constellation: 86.4 deg (SpaceX press kit)"),
}
