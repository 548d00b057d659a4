"""The sighting kernels with room for their answers."""

from __future__ import annotations

import numpy as np

from tocsin.kernels.sighting import FLASH_COLUMNS, SIGHTING_COLUMNS, axes_at, sight_flashes, sight_from_site
from tocsin.world.ballistic import Array
from tocsin.world.sensors.sky_tables import Index, Table

REFERENCE_M = 36_000_000.0  # m, where min_intensity_kw_sr is stated


def sighted(
    table: Table, up_s: Array, chosen: Index, ends_s: Array, turn_s: float, azimuths_rad: tuple[float, float],
    platform_m: Array, reach_m: float, lowest_rad: float,
) -> tuple[Index, Index, Array]:  # fmt: skip
    """Scan (n,), body (n,) and columns (n, 10) of ``sight_from_site``; azimuths are the first and the width.

    Range rate is that of the target over the Earth: a ship takes its own motion out.
    """
    room = len(chosen) * len(ends_s)
    scan, body, out = np.empty(room, np.int64), np.empty(room, np.int64), np.empty((room, SIGHTING_COLUMNS))
    count = sight_from_site(
        table.time_s, table.position_m, table.velocity_m_s, table.first_row, up_s, chosen, ends_s, turn_s,
        *azimuths_rad, platform_m, axes_at(platform_m), np.zeros_like(platform_m), reach_m, lowest_rad, scan, body, out,
    )  # fmt: skip
    return scan[:count], body[:count], out[:count]


def flashes_seen(
    table: Table, up_s: Array, flash_body: Index, flash: Array, ends_s: Array, platform_m: Array
) -> tuple[Index, Index, Array]:
    """Scan (n,), flash (n,) and columns (n, 7) of ``sight_flashes``."""
    room = len(flash_body) * len(ends_s)
    scan, which, out = np.empty(room, np.int64), np.empty(room, np.int64), np.empty((room, FLASH_COLUMNS))
    count = sight_flashes(
        table.time_s, table.position_m, table.velocity_m_s, table.first_row, up_s, flash_body, flash, ends_s,
        platform_m, REFERENCE_M, scan, which, out,
    )  # fmt: skip
    return scan[:count], which[:count], out[:count]
