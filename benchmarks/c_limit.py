"""The limit that a C compiler sets: ``fall_lanes.c`` compiled on the spot, with the project's own numbers."""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

SOURCE = Path(__file__).with_name("fall_lanes.c")
FLAGS = ("-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512", "-DLANES=32")

Fall = Callable[[np.ndarray, np.ndarray, np.ndarray, float], tuple[np.ndarray, np.ndarray]]


def compiler() -> str | None:
    """Path of the system's C compiler, or None."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def described() -> str:
    """Source digest, compiler and flags, in one line."""
    path = compiler()
    assert path is not None
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    return f"fall_lanes.c sha256 {digest}; {version}; {' '.join(FLAGS)}"


def _braces(values: Iterable[Any]) -> str:
    return "{" + ", ".join(_braces(v) if isinstance(v, np.ndarray) else repr(float(v)) for v in values) + "}"


def _numbers() -> str:
    """The initialiser of the C struct `S`, in its order."""
    from tocsin.kernels import constants as c
    from tocsin.kernels import lane_slope, lane_step

    scalars = [
        c.GM_M3_S2, c.SEMI_MAJOR_M, c.FLATTENING, c.EARTH_RATE_RAD_S, c.J2, c.US76_RADIUS_M,
        lane_slope._CELL_M, lane_slope._GROUND_CELL, lane_slope._FINE_CELLS, lane_slope._COARSE_FROM_M,
        lane_slope._COARSE_M, lane_slope._LAST_CELL,
        lane_step.TOLERANCE_M, lane_step.TOLERANCE_M_S, lane_step.LONGEST_S, lane_step.SHORTEST_S,
        lane_step.AT_CORNER_M,
    ]  # fmt: skip
    rows = lane_step.WEIGHT_ROWS
    arrays = [
        rows[:, :6], rows[:, 6:12], rows[:, 12], lane_step.VELOCITY_ERRORS, lane_step.PLACE_ERRORS, lane_step.STOPS_M
    ]  # fmt: skip
    return ",\n".join([*(repr(float(v)) for v in scalars), *(_braces(v) for v in arrays)]) + "\n"


def compiled(folder: Path) -> Fall:
    """Compile into the folder; returns fall(states (n, 6), beta (n,), air (n, 4), max_time_s) -> (impact, time_s)."""
    from tocsin.kernels.lane_slope import density_table

    path = compiler()
    assert path is not None
    (folder / "numbers.h").write_text(_numbers())
    made, library = folder / "fall_lanes.o", folder / "fall_lanes.so"
    compile_it = [path, *FLAGS, "-fPIC", f"-I{folder}", "-c", str(SOURCE), "-o", str(made)]
    # linked without -ffast-math, which has the whole process flush small numbers to zero: FilterPy then divides 0 by 0
    link_it = [path, "-shared", str(made), "-o", str(library), "-lm"]
    for command in (compile_it, link_it):
        subprocess.run(command, check=True, capture_output=True)
    entry = ctypes.CDLL(str(library)).fall_lanes  # ctypes releases the interpreter's lock for the call
    array = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    entry.argtypes = [ctypes.c_int64, array, array, array, ctypes.c_double, array, array, array]
    entry.restype = None

    def fall(states: np.ndarray, beta: np.ndarray, air: np.ndarray, max_time_s: float) -> tuple[np.ndarray, np.ndarray]:
        impact_ecef_m, time_s = np.empty((len(states), 3)), np.empty(len(states))
        entry(len(states), states, beta, air, max_time_s, density_table(), impact_ecef_m, time_s)
        return impact_ecef_m, time_s

    return fall
