"""The kernels that are called from Python, with their signatures, so that all can be compiled ahead of the first run.

``roots.txt`` holds a line each, such as ``geodesy.enu_axes f,f``: f float64, i int64, u uint64, b boolean, n none; f2
an array of two axes, C-contiguous (f2F, f2A: not so); a trailing r read-only; ``f*7`` seven of them as a tuple;
``(i1+f)`` a tuple of unlike ones. What roots call is compiled with them.
``tests/cli/every_root.py`` plays the system: a test refuses a call without a line, ``--write`` writes them anew.
"""

from __future__ import annotations

import importlib
import importlib.resources
import pkgutil
import re
from typing import Any

from numba import types
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError

import tocsin.kernels

FILE = "roots.txt"
_SCALARS = {"f": types.float64, "i": types.int64, "u": types.uint64, "b": types.boolean, "n": types.none}
_CODES = {kind: code for code, kind in _SCALARS.items()}
_FORM = re.compile(r"([fiubn])([1-9]?)([AF]?)(r?)(?:\*(\d+))?")


def read_roots() -> list[str]:
    """Lines of the packaged list, in order."""
    return (importlib.resources.files("tocsin.cli") / FILE).read_text("ascii").splitlines()


def compile_root(line: str) -> bool:
    """Compile one root, or load it from the cache; False where the line does not fit the kernel (any more).

    Such a kernel compiles when it is called: after an edit the list may be old, and the system still has to run.
    """
    name, _, codes = line.partition(" ")
    module, _, function = name.partition(".")
    try:
        dispatcher = getattr(importlib.import_module(f"tocsin.kernels.{module}"), function)
        dispatcher.compile(tuple(_type(code) for code in codes.split(",") if code))
    except (ImportError, AttributeError, TypeError, NumbaError):
        return False
    return True


def compiled_roots() -> list[str]:
    """Lines for every kernel that Python called in this process."""
    lines = []
    for found in pkgutil.iter_modules(tocsin.kernels.__path__):
        module = importlib.import_module(f"tocsin.kernels.{found.name}")
        for name, member in vars(module).items():
            if isinstance(member, Dispatcher) and member.py_func.__module__ == module.__name__:
                lines += [f"{found.name}.{name} {','.join(map(_code, signature))}" for signature in member.signatures]
    return sorted(lines)


def _type(code: str) -> Any:
    if code.startswith("(") and code.endswith(")"):
        return types.Tuple([_type(part) for part in code[1:-1].split("+")])
    form = _FORM.fullmatch(code)
    if form is None:
        raise ValueError(f"{FILE}: {code!r} names no type")
    scalar, axes, layout, readonly, count = form.groups()
    kind: Any = _SCALARS[scalar]
    if axes:
        kind = types.Array(kind, int(axes), layout or "C", readonly=bool(readonly))
    return types.UniTuple(kind, int(count)) if count else kind


def _code(kind: Any) -> str:
    if isinstance(kind, types.UniTuple):
        return f"{_code(kind.dtype)}*{kind.count}"
    if isinstance(kind, types.Tuple):
        return f"({'+'.join(map(_code, kind))})"
    if isinstance(kind, types.Array):
        layout = "" if kind.layout == "C" else kind.layout
        return f"{_CODES[kind.dtype]}{kind.ndim}{layout}{'' if kind.mutable else 'r'}"
    return _CODES[types.unliteral(kind)]
