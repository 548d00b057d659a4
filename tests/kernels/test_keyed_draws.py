"""Keyed draws: the published answers, the laws of the draws, and that each depends on its key and counter alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from tocsin.kernels.keyed_draws import keyed_draws, philox_block

N = 200_000


def words(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.uint64)


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_the_known_answers_of_random123_come_out(counter, key, answer) -> None:
    """kat_vectors of Random123 1.09 (D. E. Shaw Research), philox4x32, 10 rounds."""
    assert tuple(int(word) for word in philox_block(words(*key), words(*counter))) == answer


def draws(is_normal: bool, tag: int = 0) -> np.ndarray:
    names = np.zeros((N, 2), dtype=np.uint64)
    return keyed_draws(words(7, 9), names, np.arange(N, dtype=np.uint64), np.uint64(tag), is_normal)


def test_uniform_draws_are_uniform_and_never_at_an_end() -> None:
    drawn = draws(False)
    assert drawn.min() > 0.0
    assert drawn.max() < 1.0
    for column in drawn.T:
        assert stats.kstest(column, "uniform").pvalue > 0.01


def test_normal_draws_are_normal_and_independent_of_each_other() -> None:
    drawn = draws(True)
    for column in drawn.T:
        assert stats.kstest(column, "norm").pvalue > 0.01
    correlation = np.corrcoef(np.column_stack((drawn, draws(True, tag=1))).T) - np.eye(8)
    assert np.max(np.abs(correlation)) < 4.5 / math.sqrt(N)


def test_a_draw_depends_on_its_own_name_and_number_only() -> None:
    names = np.random.default_rng(1).integers(0, 2**32, (50, 2), dtype=np.uint64)
    numbers = np.arange(50, dtype=np.uint64)
    together = keyed_draws(words(1, 2), names, numbers, np.uint64(3), True)
    some = np.array([40, 3, 17])
    np.testing.assert_array_equal(
        keyed_draws(words(1, 2), names[some], numbers[some], np.uint64(3), True), together[some]
    )
