"""The compile cache: quick where nothing changed, never stale where something did."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import tocsin

PROGRAM = """
import json
from tocsin.kernels.gravity import gravity_j2
print(json.dumps([gravity_j2(7e6, 0.0, 0.0)[0], sum(gravity_j2.stats.cache_hits.values())]))
"""


def run(source: Path, cache: Path) -> tuple[float, int]:
    """What the kernel gives in a process of its own, and how often it came from the cache."""
    environment = {**os.environ, "PYTHONPATH": str(source), "TOCSIN_CACHE_DIR": str(cache), "NUMBA_DISABLE_JIT": "0"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    value, hits = json.loads(done.stdout)
    return value, hits


def test_a_kernel_is_never_stale_after_an_edit_in_another_file_it_uses(tmp_path: Path) -> None:
    kernels = Path(tocsin.__file__).parent / "kernels"
    (tmp_path / "source" / "tocsin").mkdir(parents=True)
    shutil.copy(kernels.parent / "__init__.py", tmp_path / "source" / "tocsin")
    shutil.copytree(kernels, tmp_path / "source" / "tocsin" / "kernels")
    before, _ = run(tmp_path / "source", tmp_path / "cache")
    again, hits = run(tmp_path / "source", tmp_path / "cache")
    assert (again, hits) == (before, 1)
    constants = tmp_path / "source" / "tocsin" / "kernels" / "constants.py"
    text = constants.read_text(encoding="utf-8")
    constants.write_text(text.replace("GM_M3_S2 = 3.986004418e14", "GM_M3_S2 = 7.972008836e14"), encoding="utf-8")
    after, hits = run(tmp_path / "source", tmp_path / "cache")
    assert (after, hits) == (2.0 * before, 0)


def test_only_what_python_calls_becomes_machine_code(tmp_path: Path) -> None:
    run(Path(tocsin.__file__).parents[1], tmp_path)
    assert [made.name.split("-")[0] for made in tmp_path.rglob("*.nbc")] == ["gravity.gravity_j2"]


def test_with_another_numba_a_kernel_is_compiled_in_its_plain_way_and_gives_the_same(tmp_path: Path) -> None:
    kernels = Path(tocsin.__file__).parent / "kernels"
    (tmp_path / "source" / "tocsin").mkdir(parents=True)
    shutil.copy(kernels.parent / "__init__.py", tmp_path / "source" / "tocsin")
    shutil.copytree(kernels, tmp_path / "source" / "tocsin" / "kernels")
    once = tmp_path / "source" / "tocsin" / "kernels" / "once.py"
    once.write_text(once.read_text(encoding="utf-8").replace("VERSION = (0, 68)", "VERSION = (0, 1)"), encoding="utf-8")
    plain, _ = run(tmp_path / "source", tmp_path / "cache")
    ours, _ = run(kernels.parents[1], tmp_path / "other")
    assert plain == ours
    assert len(list((tmp_path / "cache").rglob("*.nbc"))) > 1
