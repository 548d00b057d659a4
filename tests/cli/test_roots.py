"""The list of kernels to compile ahead is whole: nothing that tocsin does compiles on its first call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.cli.kernels import ensure_compiled
from tocsin.cli.roots import compile_root, read_roots


def test_every_kernel_called_from_python_is_on_the_list_that_warmup_compiles() -> None:
    ensure_compiled(quiet=True)
    program = Path(__file__).with_name("every_root.py")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    called = set(done.stdout.splitlines())
    assert len(called) > 20
    missing = sorted(called - set(read_roots()))
    assert not missing, f"write them with: python {program.name} --write, until it writes the same twice"


def test_every_line_of_the_list_fits_its_kernel() -> None:
    assert [line for line in read_roots() if not compile_root(line)] == []


@pytest.mark.parametrize(
    "line", ["geodesy.no_such_kernel f", "no_such_module.f f", "geodesy.enu_axes f", "geodesy.enu_axes f1,f"]
)
def test_a_line_that_does_not_fit_is_told_from_one_that_does(line: str) -> None:
    assert not compile_root(line)
