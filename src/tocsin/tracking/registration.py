"""The constant errors of sensors: which a sensor may have, how large they may be, and what the tracker thinks of them.

What a sensor may have is stated (`BiasSpread`), never known; where nobody states any, nothing is carried. Estimates
are kept in sigmas of their priors (``kernels/track_bias.py``). What the tracks do not tell apart stays near its
prior: `unobservable` names such combinations, `table` prints all.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import msgspec
import numpy as np

from tocsin.errors import InputError
from tocsin.kernels.track_bias import AIR, COMPONENTS
from tocsin.messages import Column

NAMES = ("range", "azimuth", "elevation", "clock", "air")
UNITS = ("m", "rad", "rad", "s", "N-units")
OPEN_RATIO = 0.9  # of the prior's sigma: a combination less sure than this has not been observed
AIR_SENSOR = ""  # the air belongs to no sensor: it is the same for all


class BiasSpread(msgspec.Struct, frozen=True, kw_only=True):
    """One sigma of the constant errors that a sensor may have; 0: has none. The air's is shared by all who state it."""

    range_m: float = 0.0
    azimuth_rad: float = 0.0
    elevation_rad: float = 0.0
    clock_s: float = 0.0
    refractivity: float = 0.0  # N-units at the surface, over the surveyed ones, by which its plots were straightened
    surveyed_refractivity: float = 313.0  # N-units

    @property
    def has_any(self) -> bool:
        """Whether any is more than 0."""
        return any((self.range_m, self.azimuth_rad, self.elevation_rad, self.clock_s, self.refractivity))


@dataclasses.dataclass(frozen=True, slots=True)
class SensorBias:
    """What the kernels need of one sensor: columns (5,) of its biases, -1: none; prior sigmas (5,); refractivity."""

    columns: Column
    scale: Column
    n0: float
    has_any: bool

    @property
    def parts(self) -> tuple[Column, Column, float]:
        """As the kernels take it."""
        return self.columns, self.scale, self.n0

    def believed(self, mean: Column) -> list[float]:
        """Range m, azimuth rad, elevation rad, clock s, air N-units, from the estimate (n,); 0 where it has none."""
        pairs = zip(self.columns.tolist(), self.scale.tolist(), strict=True)
        return [float(mean[column]) * scale if column >= 0 else 0.0 for column, scale in pairs]


class BiasLayout:
    """Which column of the estimate is whose: sensors in order of their names, the air last.

    labels   (n) of (sensor, component): `NAMES`, the air's sensor ""
    sigma    (n,) of the priors, in their own units
    """

    def __init__(self, spreads: Mapping[str, BiasSpread] | None = None) -> None:
        labels: list[tuple[str, int]] = []
        sigmas: list[float] = []
        given = dict(sorted((spreads or {}).items()))
        air = 0.0
        for name, spread in given.items():
            values = (spread.range_m, spread.azimuth_rad, spread.elevation_rad, spread.clock_s, spread.refractivity)
            for component, value in enumerate(values):
                if not (math.isfinite(value) and value >= 0.0):
                    raise InputError(
                        "a spread of a bias must be 0 or more", where=f"{name}: {NAMES[component]}", value=value,
                        remedy="give one sigma, 0 where there is none",
                    )  # fmt: skip
                if value > 0.0 and component != AIR:
                    labels.append((name, component))
                    sigmas.append(value)
            air = max(air, spread.refractivity)
        if air > 0.0:
            labels.append((AIR_SENSOR, AIR))
            sigmas.append(air)
        self.labels = tuple((name, NAMES[component]) for name, component in labels)
        self.units = tuple(UNITS[component] for _, component in labels)
        self.sigma = np.array(sigmas)
        self._none = self._sensor("", BiasSpread(), labels)
        self._sensors = {name: self._sensor(name, spread, labels) for name, spread in given.items()}

    @property
    def count(self) -> int:
        """How many biases are carried."""
        return len(self.labels)

    def of(self, sensor: str) -> SensorBias:
        """A sensor's part; of one that states nothing, nothing."""
        return self._sensors.get(sensor, self._none)

    def _sensor(self, name: str, spread: BiasSpread, labels: list[tuple[str, int]]) -> SensorBias:
        columns, scale = np.full(COMPONENTS, -1), np.zeros(COMPONENTS)
        for column, (whose, component) in enumerate(labels):
            if spread.refractivity > 0.0 if component == AIR else whose == name:
                columns[component], scale[component] = column, self.sigma[column]
        return SensorBias(columns, scale, spread.surveyed_refractivity, bool((columns >= 0).any()))


NO_BIAS = BiasLayout().of("")  # the part of a sensor without any


@dataclasses.dataclass(frozen=True, slots=True)
class BiasEstimate:
    """One bias: whose, which, its unit, estimate, sigma now and of the prior, in that unit."""

    sensor: str
    component: str
    unit: str
    value: float
    sigma: float
    prior_sigma: float

    @property
    def is_observed(self) -> bool:
        """Whether the tracks have said something of it."""
        return self.sigma <= OPEN_RATIO * self.prior_sigma


def estimates(layout: BiasLayout, bias: Column, bias_cov: Column) -> list[BiasEstimate]:
    """All biases, from an estimate (n,) and its covariance (n, n) in sigmas of the priors."""
    sigma = np.sqrt(np.maximum(np.diagonal(bias_cov), 0.0)) * layout.sigma
    return [
        BiasEstimate(sensor, component, unit, float(bias[i] * layout.sigma[i]), float(sigma[i]), float(layout.sigma[i]))
        for i, ((sensor, component), unit) in enumerate(zip(layout.labels, layout.units, strict=True))
    ]


def unobservable(layout: BiasLayout, bias_cov: Column) -> list[dict[tuple[str, str], float]]:
    """Combinations that the tracks have not fixed, the most open first: share of each bias, in sigmas of its prior.

    Eigenvectors of the covariance in those sigmas with more than `OPEN_RATIO` squared; shares under 0.1 left out.
    """
    if not layout.count:
        return []
    values, vectors = np.linalg.eigh(bias_cov)
    out = []
    for k in np.flatnonzero(values > OPEN_RATIO**2)[::-1]:
        vector = vectors[:, k] * (1.0 if vectors[np.argmax(np.abs(vectors[:, k])), k] > 0.0 else -1.0)
        out.append({layout.labels[i]: float(vector[i]) for i in range(layout.count) if abs(vector[i]) >= 0.1})
    return out


def table(layout: BiasLayout, bias: Column, bias_cov: Column) -> str:
    """The estimates as lines to print, and the combinations that are not observed."""
    lines = [f"{'sensor':<20} {'bias':<10} {'estimate':>12} {'sigma':>12} {'prior':>12}  unit"]
    for one in estimates(layout, bias, bias_cov):
        note = "" if one.is_observed else "  (not observed)"
        lines.append(
            f"{one.sensor or 'all':<20} {one.component:<10} {one.value:>12.4g} {one.sigma:>12.4g} "
            f"{one.prior_sigma:>12.4g}  {one.unit}{note}"
        )
    for mixture in unobservable(layout, bias_cov):
        parts = " ".join(
            f"{share:+.2f} {sensor or 'all'} {component}" for (sensor, component), share in mixture.items()
        )
        lines.append(f"not observed, in sigmas of the priors: {parts}")
    return "\n".join(lines)
