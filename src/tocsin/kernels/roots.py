"""The kernels that are called from Python, with their signatures, so that all can be compiled ahead of the first run.

``roots.txt`` holds a line each, such as ``geodesy.enu_axes f,f``: f float64, i int64, b boolean, n none; f2 an array of
two axes, C-contiguous; a trailing r read-only; ``f*7`` seven of them as a tuple. What roots call is compiled with them.
``tests/kernels/every_root.py`` plays the system: a test refuses a call without a line, ``--write`` writes them anew.
"""

import importlib
import importlib.resources
import pkgutil
import re

from numba import types
from numba.core.dispatcher import Dispatcher

FILE = "roots.txt"
_SCALARS = {"f": types.float64, "i": types.int64, "b": types.boolean, "n": types.none}
_CODES = {kind: code for code, kind in _SCALARS.items()}
_FORM = re.compile(r"([fibn])([1-9]?)(r?)(?:\*(\d+))?")


def read_roots():
    """Lines of the packaged list, in order."""
    return (importlib.resources.files(__package__) / FILE).read_text("ascii").split("\n")[:-1]


def compile_root(line):
    """Compile one root, or load it from the cache."""
    name, _, codes = line.partition(" ")
    module, _, function = name.partition(".")
    dispatcher = getattr(importlib.import_module(f"{__package__}.{module}"), function)
    dispatcher.compile(tuple(_type(code) for code in codes.split(",") if code))


def compiled_roots():
    """Lines for every kernel with a compiled signature in this process. From a warm cache these are the roots alone."""
    lines = []
    for found in pkgutil.iter_modules(importlib.import_module(__package__).__path__):
        module = importlib.import_module(f"{__package__}.{found.name}")
        for name, member in vars(module).items():
            if isinstance(member, Dispatcher) and member.py_func.__module__ == module.__name__:
                lines += [f"{found.name}.{name} {','.join(map(_code, signature))}" for signature in member.signatures]
    return sorted(lines)


def _type(code):
    form = _FORM.fullmatch(code)
    if form is None:
        raise ValueError(f"{FILE}: {code!r} names no type")
    scalar, axes, readonly, count = form.groups()
    kind = _SCALARS[scalar]
    if axes:
        kind = types.Array(kind, int(axes), "C", readonly=bool(readonly))
    return types.UniTuple(kind, int(count)) if count else kind


def _code(kind):
    if isinstance(kind, types.UniTuple):
        return f"{_code(kind.dtype)}*{kind.count}"
    if isinstance(kind, types.Array) and kind.layout == "C":
        return f"{_CODES[kind.dtype]}{kind.ndim}{'' if kind.mutable else 'r'}"
    return _CODES[types.unliteral(kind)]
