"""Plays what tocsin does from end to end, in a process of its own, and says which kernels were called from Python.

    python tests/cli/every_root.py [--write]

With --write it plays in a process of its own and writes the list.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import tocsin
from tocsin.cli import roots
from tocsin.cli.app import app
from tocsin.flight import Earth, fly
from tocsin.kernels.geodesy import ecef_from_geodetic, enu_axes
from tocsin.kernels.height_finding import ecef_columns, elevations_from_height
from tocsin.tracking import ArrayTracker, Sensor
from tocsin.units import NS_PER_S

SENSORS = """
[[sensors]]
name = "air-traffic"
kind = "position"

[[sensors]]
name = "radar"
kind = "radar"
latitude_deg = 50.0
longitude_deg = 1.0
height_m = 100.0
reference_snr_db = 20.0
"""


def scans() -> str:
    """A position receiver, and a radar that reports height in place of elevation: half a minute of one aircraft."""
    lines = ["time,sensor,range_m,azimuth_deg,latitude_deg,longitude_deg,height_m"]
    for second in range(0, 30, 2):
        at = f"2026-03-04T09:00:{second:02d}Z"
        lines.append(f"{at},air-traffic,,,{51.0 + 0.002 * second},0.5,10000")
        lines.append(f"{at},radar,{115_000 + 200 * second},342,,,10000")
    return "\n".join(lines) + "\n"


def fly_all_ways() -> None:
    """One and many, by the default model and by one with everything on."""
    position = np.array(ecef_from_geodetic(0.6, 0.6, 80e3))
    velocity = enu_axes(0.6, 0.6).T @ np.array([-1500.0, 300.0, 900.0])
    wind, mach = [(0.0, 5.0, 0.0), (20e3, 30.0, 0.0)], [(0.8, 1.0), (1.2, 2.0)]
    for many in (1, 200):
        states = (position, velocity) if many == 1 else (np.tile(position, (many, 1)), np.tile(velocity, (many, 1)))
        fly(*states, beta_kg_m2=3000.0)
        fly(*states, beta_kg_m2=3000.0, earth=Earth().with_zonals(), wind_profile=wind, drag_mach=mach)


def track_false_plots() -> None:
    """Two scans of one radar with a hundred false plots each: so many tracks that it is asked which of them is lone."""
    rng = np.random.default_rng(0)
    radar = Sensor(
        name="radar", kind="radar", site_ecef_m=ecef_from_geodetic(0.6, 0.6, 0.0), range_std_m=30.0, angle_std_rad=1e-3
    )  # fmt: skip
    tracker = ArrayTracker([radar])
    for second in range(2):
        range_m, azimuth_rad, elevation_rad = rng.uniform((1e5, 0.0, 0.1), (1e6, 6.0, 1.0), (100, 3)).T
        tracker.step_arrays(
            "radar", second * NS_PER_S, range_m=range_m, azimuth_rad=azimuth_rad, elevation_rad=elevation_rad
        )  # fmt: skip


def play() -> None:
    """Everything that calls a kernel: add here what a new entrance calls."""
    tocsin.simulate("one-missile", seed=0)
    tocsin.simulate("busy-sky", seed=0, overrides=("duration_s=300",))
    tocsin.simulate("turkiye-2026-03-04", seed=0, overrides=("duration_s=400",))  # radars of signal-to-noise, and tasks
    fly_all_ways()
    track_false_plots()
    with tempfile.TemporaryDirectory() as folder:
        table, description = Path(folder, "scans.csv"), Path(folder, "sensors.toml")
        table.write_text(scans(), encoding="utf-8")
        description.write_text(SENSORS, encoding="utf-8")
        tocsin.track(table, description)
        for words in (["fly", "one-missile"], ["coverage", "one-missile"], ["coverage", str(description)]):
            with contextlib.redirect_stdout(io.StringIO()):
                app([*words, "--format", "csv", "--out", str(Path(folder, "out"))], result_action="return_value")
    one = np.array([0.5])
    elevations_from_height(one * 1e5, one, one * 1e4, ecef_columns(one, one, one))


def write() -> None:
    """Put the list beside the code that reads it."""
    told = subprocess.run([sys.executable, __file__], stdout=subprocess.PIPE, text=True, check=True)
    (Path(roots.__file__).parent / roots.FILE).write_text(told.stdout, encoding="ascii")


if __name__ == "__main__":
    if "--write" in sys.argv:
        write()
    else:
        play()
        sys.stdout.write("".join(f"{line}\n" for line in roots.compiled_roots()))
