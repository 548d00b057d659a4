"""Ground truth of Stone Soup as a truth table: for ``tocsin score --truth`` and ``scoring.read_truth``."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tocsin.errors import InputError
from tocsin.formats.stonesoup import LocalFrame, ns_of
from tocsin.formats.whole import whole

COLUMNS = (
    "time_ns", "object", "kind", "x_ecef_m", "y_ecef_m", "z_ecef_m", "vx_ecef_m_s", "vy_ecef_m_s", "vz_ecef_m_s",
)  # fmt: skip


def write_truth_csv(
    path: str | Path, paths: Iterable[Any], frame: LocalFrame, *, kind: str = "object",
    position_mapping: Sequence[int] = (0, 2, 4), velocity_mapping: Sequence[int] = (1, 3, 5),
) -> int:  # fmt: skip
    """Write GroundTruthPath objects, or anything with an id and states, as a truth table; returns how many rows.

    In        paths             states in m and m/s in the scene's frame, each with its timestamp
              kind              what all of them are called, as ``tocsin score --kinds`` picks them
              position_mapping  where x, y, z stand in a state vector; velocity_mapping likewise
    Raises    InputError naming the path, the state and the remedy
    """
    count = 0
    with whole(Path(path)) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for each in paths:
            for number, state in enumerate(each):
                where = f"path {each.id}, state {number}"
                vector = np.asarray(state.state_vector, dtype=np.float64).ravel()
                if max(*position_mapping, *velocity_mapping) >= vector.size:
                    raise InputError(
                        f"state vector has {vector.size} components", where=where, value=vector.tolist(),
                        remedy="say where position and velocity stand: position_mapping, velocity_mapping",
                    )  # fmt: skip
                place = frame.ecef_of(vector[list(position_mapping)])
                speed = vector[list(velocity_mapping)] @ frame.axes
                writer.writerow((ns_of(state.timestamp, where), each.id, kind, *place.tolist(), *speed.tolist()))
                count += 1
    return count
