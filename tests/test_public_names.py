"""What a package shows is what its ``__all__`` says, and a wheel carries all that a run needs."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import types
import zipfile
from pathlib import Path

import pytest

import tocsin

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = [
    "tocsin",
    *(
        found.name
        for found in pkgutil.walk_packages(tocsin.__path__, "tocsin.")
        if found.ispkg and found.name not in ("tocsin.stages", "tocsin.cli")
    ),
]


@pytest.mark.parametrize("name", PACKAGES)
def test_all_names_are_there_and_nothing_else_is_shown(name: str) -> None:
    package = importlib.import_module(name)
    listed = set(getattr(package, "__all__", ()))
    for each in listed:
        assert hasattr(package, each), f"{name}.{each}"
    shown = {
        each
        for each, value in vars(package).items()
        if not each.startswith("_")
        and not isinstance(value, types.ModuleType)
        and each not in ("annotations", "TYPE_CHECKING")
        and getattr(value, "__module__", name).startswith("tocsin")
    }
    assert shown - listed == set()


def test_the_public_api_is_the_contract() -> None:
    assert set(tocsin.__all__) == {"__version__", "load_scenario", "replay", "score", "simulate", "track"}


def test_importing_tocsin_loads_no_compiler_and_no_array_library() -> None:
    code = "import sys, tocsin; sys.exit(int(any(name in sys.modules for name in ('numba', 'numpy', 'scipy'))))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_wheel_carries_scenarios_places_and_texts(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
    ]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "tocsin/py.typed",
        "tocsin/scenario/packaged/one-missile.toml",
        "tocsin/places/zones.csv.gz",
        "tocsin/places/borders.json.gz",
        "tocsin/texts/tr.toml",
        "tocsin/world/vehicles.toml",
    ):
        assert needed in names, needed
    assert not [name for name in names if name.startswith("tests") or name.endswith(".sqlite")]
