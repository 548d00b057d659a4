"""The generic pieces of a broken body: a notional table of classes, and fixed quasi-random points over it.

No named system is described. The shares are round numbers of this project; the form (classes by mass and a
log-normal ballistic coefficient) follows range-safety practice (14 CFR 417 Appendix A, fragment lists). The speed
spreads are those of the NASA standard break-up model for a collision, rounded up: log10 of the speed, m/s, has mean
0.9 log10(A/M) + 2.9 and standard deviation 0.4 (Johnson et al. 2001, eq. 12), with A/M = 1 / (Cd beta) and Cd = 1.
"""

from __future__ import annotations

import functools
from statistics import NormalDist
from typing import Literal

import msgspec
import numpy as np

from tocsin.messages import Column
from tocsin.policy import AssessPolicy

Body = Literal["threat", "interceptor"]
BODY_MASS_KG: dict[Body, float] = {"threat": 1_000.0, "interceptor": 150.0}
BETA_MIN_KG_M2, BETA_MAX_KG_M2 = 10.0, 2_000.0

ALONG_TRACK_RATIO = 0.5  # extra spread along the body's track, as a share of the speed spread


class PieceClass(msgspec.Struct, frozen=True, kw_only=True):
    """One class of pieces of either body."""

    mass_share: float  # of the body's mass
    piece_kg: float  # typical piece
    beta_median_kg_m2: float
    beta_ln_std: float
    speed_std_m_s: float  # each axis, added to the body's velocity


CLASSES: tuple[PieceClass, ...] = (
    PieceClass(mass_share=0.35, piece_kg=60.0, beta_median_kg_m2=1_000.0, beta_ln_std=0.35, speed_std_m_s=10.0),
    PieceClass(mass_share=0.40, piece_kg=8.0, beta_median_kg_m2=300.0, beta_ln_std=0.50, speed_std_m_s=20.0),
    PieceClass(mass_share=0.20, piece_kg=0.8, beta_median_kg_m2=80.0, beta_ln_std=0.60, speed_std_m_s=40.0),
    PieceClass(mass_share=0.05, piece_kg=0.05, beta_median_kg_m2=25.0, beta_ln_std=0.50, speed_std_m_s=80.0),
)

DIMENSIONS = 11  # beta; velocity 3; along track; density; wind 2; position 3
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31)


class Pieces(msgspec.Struct, frozen=True, kw_only=True):
    """Columns over the sampled pieces of one body, axis 0 the piece; offsets in units of one sigma where not said."""

    mass_kg: Column  # (n,) mass that this sample stands for
    real_count: Column  # (n,) pieces that it stands for
    piece_kg: Column  # (n,) mass of one such piece; tells its class
    beta_kg_m2: Column  # (n,)
    spread_m_s: Column  # (n, 3) velocity added to the body's
    along_m_s: Column  # (n,) speed added along the body's track
    air: Column  # (n, 4) as kernels.motion takes it
    place: Column  # (n, 3) standard normal, to be scaled by the uncertainty of the intercept point


def pieces_from(body: Body, normal: Column, rules: AssessPolicy) -> Pieces:
    """The table of a body filled from standard normal numbers (n, DIMENSIONS); mass is conserved for any n >= 4.

    The rows go to the classes in turn, as many to each as `class_sizes` says. ``rules`` says how far the air may be
    from the standard.
    """
    sizes = class_sizes(len(normal))
    which = np.repeat(np.arange(len(CLASSES)), sizes)

    def of(values: list[float]) -> Column:
        return np.array(values)[which]

    mass_kg = of([BODY_MASS_KG[body] * one.mass_share for one in CLASSES]) / sizes[which]
    piece_kg = of([one.piece_kg for one in CLASSES])
    beta = of([one.beta_median_kg_m2 for one in CLASSES]) * np.exp(
        of([one.beta_ln_std for one in CLASSES]) * normal[:, 0]
    )
    speed_std = of([one.speed_std_m_s for one in CLASSES])
    air = np.column_stack(
        (
            rules.density_ratio_std_20km * normal[:, 5],
            rules.density_ratio_std_80km * normal[:, 5],
            rules.wind_std_m_s * normal[:, 6:8],
        )
    )
    return Pieces(
        mass_kg=mass_kg,
        real_count=mass_kg / piece_kg,
        piece_kg=piece_kg,
        beta_kg_m2=np.clip(beta, BETA_MIN_KG_M2, BETA_MAX_KG_M2),
        spread_m_s=speed_std[:, None] * normal[:, 1:4],
        along_m_s=ALONG_TRACK_RATIO * speed_std * normal[:, 4],
        air=air,
        place=normal[:, 8:11],
    )


def class_sizes(count: int) -> Column:
    """(4,) samples of each class, in proportion to the square root of its mass.

    The heavy classes fix the regions by mass, the light ones the window of fall times, and both need company.
    """
    return _apportion(np.sqrt([one.mass_share for one in CLASSES]), count)


@functools.cache
def fixed_pieces(body: Body, count: int, rules: AssessPolicy) -> Pieces:
    """The table over a fixed low-discrepancy set: Richtmyer's frac(n sqrt(prime)), through the normal quantile.

    Each class is then given the exact mean and variances of the normal law, and no correlation where it has samples
    enough, so that its landings spread as they would in many more draws.
    Source: Niederreiter 1992, Random Number Generation and Quasi-Monte Carlo Methods, chapter 3.
    """
    sizes = class_sizes(max(count, 2 * len(CLASSES)))
    # neighbours in the sequence go to different classes, so that each class gets points from all over the cube
    rank = np.concatenate([(np.arange(size) + 0.5) / size for size in sizes])
    index = (np.argsort(np.argsort(rank, kind="stable")) + 1)[:, None]
    uniform = np.mod(index * np.sqrt(np.array(_PRIMES, dtype=np.float64)), 1.0)
    quantile = NormalDist().inv_cdf
    normal = np.array([[quantile(min(max(u, 1e-9), 1.0 - 1e-9)) for u in row] for row in uniform.tolist()])
    blocks = np.split(normal, np.cumsum(sizes)[:-1])
    return pieces_from(body, np.concatenate([_standard(block) for block in blocks]), rules)


def _standard(normal: Column) -> Column:
    """Columns of mean 0 and variance 1, uncorrelated where there are at least twice as many rows as columns."""
    count = len(normal)
    if count < 2:
        return normal
    centred = normal - normal.mean(axis=0)
    covariance = centred.T @ centred / count
    if count < 2 * DIMENSIONS:
        covariance = np.diag(np.diagonal(covariance))
    return np.linalg.solve(np.linalg.cholesky(covariance), centred.T).T


def _apportion(weight: Column, count: int) -> Column:
    """Whole numbers in proportion to the weights, at least one each, adding up to the count (largest remainder)."""
    free = count - len(weight)
    exact = weight / weight.sum() * free
    sizes = np.floor(exact).astype(np.int64)
    for row in np.argsort(sizes - exact, kind="stable")[: free - int(sizes.sum())]:
        sizes[row] += 1
    return sizes + 1
