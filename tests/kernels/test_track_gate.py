"""Sorted numbers found on their shelves, against numpy's search. The gate itself: ``test_track_scan.py`` and others."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.kernels.track_gate import first_on, shelve


@pytest.mark.parametrize("count", [0, 1, 2, 5, 1_000])
@pytest.mark.parametrize("kind", ["even", "equal", "crowded", "whole"])
def test_a_value_is_found_on_its_shelf_where_numpy_finds_it(count: int, kind: str) -> None:
    rng = np.random.default_rng(count)
    key = {
        "even": rng.uniform(-1.0, 1.0, count),
        "equal": np.full(count, 3.5),
        "crowded": rng.uniform(0.0, 1.0, count) ** 40 * 1e6,
        "whole": rng.integers(0, 9, count).astype(float),
    }[kind]
    key.sort()
    near = np.concatenate((key, np.nextafter(key, np.inf), np.nextafter(key, -np.inf), rng.uniform(-2.0, 10.0, 50)))
    for shelves in (2, 3, count // 4 + 2, 3 * count + 2):
        shelf = np.full(shelves, -7)
        low, per_m = shelve(key, shelf)
        for value in (*near.tolist(), -np.inf, np.inf, 1e30):
            assert first_on(shelf, low, per_m, key, value) == np.searchsorted(key, value), (value, shelves)
