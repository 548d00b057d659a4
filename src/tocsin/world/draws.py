"""Every random number of the world, keyed so that an unchanged sensor sees what it would have seen."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt


class Draws:
    """Generators keyed by (seed, run, name, number): independent of order, and of what else is drawn.

    The number is a scan's, a block of scans' (drawn together, one row each), or a revision's.
    """

    def __init__(self, seed: int, run_index: int) -> None:
        self._seed, self._run_index = seed, run_index

    def generator(self, name: str, number: int = 0) -> np.random.Generator:
        """The generator of a sensor or actor, for its scan, block or revision of that number."""
        key = (self._run_index, zlib.crc32(name.encode("utf-8")), number)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(self._seed, spawn_key=key)))

    def key(self, name: str) -> npt.NDArray[np.uint64]:
        """(2,) words below 2^32: the key of ``kernels.keyed_draws`` for what that name draws plot by plot."""
        sequence = np.random.SeedSequence(self._seed, spawn_key=(self._run_index, zlib.crc32(name.encode("utf-8"))))
        return sequence.generate_state(2, np.uint32).astype(np.uint64)
