"""The truth firewall and the layers are held by contracts that fail when they are broken."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(Path(sys.executable).parent / "lint-imports"), "--config", "pyproject.toml", "--no-cache"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_contracts_hold(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("stages/screen/stage.py", "import tocsin.world", "truth firewall"),
        ("people/__init__.py", "import tocsin.world", "truth firewall"),
        ("stages/screen/stage.py", "import tocsin.stages.posture", "stages know nothing of each other"),
        ("kernels/gravity.py", "import tocsin.units", "kernels import nothing"),
        ("messages/tick.py", "import tocsin.scenario", "imports point down"),
    ],
)
def test_a_forbidden_import_breaks_its_contract(copy: Path, file: str, line: str, contract: str) -> None:
    path = copy / "src" / "tocsin" / file
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    result = lint(copy)
    assert result.returncode != 0
    broken = [text for text in result.stdout.splitlines() if "BROKEN" in text]
    assert any(contract in text for text in broken), result.stdout


def test_kernels_import_only_numpy_numba_and_the_standard_library_for_the_cache() -> None:
    allowed = {"__future__", "numpy", "numba", "math"}
    for source in sorted((ROOT / "src" / "tocsin" / "kernels").glob("*.py")):
        if source.name in ("compiled.py", "once.py"):  # the compiler and its cache: no kernels
            continue
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in allowed or name.startswith("tocsin.kernels"), f"{source.name}: {name}"
