"""Rows of a picture that move up: what is left is what was, in order. Banks themselves: ``test_track_models.py``."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.tracking.output import blank


@pytest.mark.parametrize("biases", [0, 2])
@pytest.mark.parametrize("gone", [[], [0], [6], [2, 3, 5], list(range(7))])
def test_rows_that_are_kept_move_up_with_what_their_live_models_own(biases: int, gone: list[int]) -> None:
    rng, seen = np.random.default_rng(len(gone)), blank(np.array([9, 4, 7, 1, 3, 8, 5]), biases)
    for name in ("mu", "state", "cov6", "log_beta", "log_beta_var", "x", "cov", "slope"):
        getattr(seen, name)[:] = rng.normal(size=getattr(seen, name).shape)
    seen.mu[:] = np.maximum(seen.mu, 0.0)
    seen.is_sound[:] = rng.random(7) < 0.5
    is_kept = ~np.isin(np.arange(7), gone)
    was = {name: getattr(seen, name)[is_kept].copy() for name in seen.__struct_fields__ if name != "to_ns"}
    left = seen.kept(is_kept)
    does_live = was["mu"] > 0.0
    does_live[:, 1] |= does_live[:, 0]
    for name, wanted in was.items():
        found = getattr(left, name)
        assert found.shape == wanted.shape, name
        if name in ("x", "cov", "slope"):
            for m, size in ((0, 9), (1, 7), (2, 6)):
                own = (does_live[:, m], m, slice(size)) + ((slice(size),) if name == "cov" else ())
                assert (found[own] == wanted[own]).all(), name
        else:
            assert (found == wanted).all(), name
