"""The Earth a flight is flown over: WGS-84 unless said otherwise."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace

from tocsin.errors import FlightError
from tocsin.kernels.constants import EARTH_RATE_RAD_S, FLATTENING, GM_M3_S2, J2, J3, J4, SEMI_MAJOR_M

_ALLOWED = {  # what an Earth may differ by in a study, and the unit; beyond it the kernels' accuracy is not known
    "gm_m3_s2": (1e12, 1e16, "m3/s2"),
    "semi_major_m": (1e6, 1e8, "m"),
    "flattening": (0.0, 0.01, "(no unit)"),
    "rate_rad_s": (-1e-3, 1e-3, "rad/s"),
    "j2": (-0.01, 0.01, "(no unit)"),
    "j3": (-0.001, 0.001, "(no unit)"),
    "j4": (-0.001, 0.001, "(no unit)"),
}


@dataclass(frozen=True, slots=True)
class Earth:
    """An ellipsoid that turns, and its gravity; the default is WGS-84 with J2 and no further zonal term."""

    gm_m3_s2: float = GM_M3_S2
    semi_major_m: float = SEMI_MAJOR_M
    flattening: float = FLATTENING
    rate_rad_s: float = EARTH_RATE_RAD_S
    j2: float = J2
    j3: float = 0.0
    j4: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high, unit) in _ALLOWED.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise FlightError(f"Earth's {name} takes {low:g} to {high:g} {unit}, not {value!r}")
            object.__setattr__(self, name, float(value))

    def with_zonals(self) -> Earth:
        """The same with J3 and J4 of EGM96: they move an impact by up to some hundred metres in 1500 km."""
        return replace(self, j3=J3, j4=J4)

    @classmethod
    def sphere(cls, radius_m: float = 6_371_000.0, gm_m3_s2: float = GM_M3_S2, rate_rad_s: float = 0.0) -> Earth:
        """A round Earth that pulls as a point: what closed forms are written for."""
        return cls(gm_m3_s2, radius_m, 0.0, rate_rad_s, 0.0)

    @property
    def semi_minor_m(self) -> float:
        return self.semi_major_m * (1.0 - self.flattening)

    @property
    def numbers(self) -> tuple[float, float, float, float, float, float, float]:
        """As the kernels take it: `tocsin.kernels.constants.WGS84_J2` and its order."""
        return astuple(self)
