"""The one decorator that compiles a kernel, and the cache it uses.

numba's cache does not see an edit in another file, so the cache folder is named for a digest of all
kernel sources: an edited kernel can never give a stale result. It lies under ``TOCSIN_CACHE_DIR``,
else under the user's cache folder. The folder is set only while tocsin's own kernels are declared;
other numba code in the process keeps its settings.
"""

import hashlib
import os
from pathlib import Path

import numba
from numba.np import linalg

from tocsin.kernels import once


def _skip_blas_check() -> None:
    """Load numba's array functions without scipy, which they import, for 0.2 s, to see whether BLAS could be called.

    It is taken as there; numba asks again where a function does call BLAS, which no kernel does.
    """
    check = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        from numba.np import arraymath
    finally:
        linalg.ensure_blas = check
    arraymath.ensure_blas = check


_skip_blas_check()


def _cache_folder() -> str:
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    root = os.environ.get("TOCSIN_CACHE_DIR") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "tocsin"
    )
    return os.path.join(root, "kernels-" + digest.hexdigest()[:16])


CACHE_FOLDER = _cache_folder()


def kernel(function, counts_references=True):
    """Compile a pure function of floats and arrays: cached, numpy error model, no fastmath, no entry from C."""
    if numba.config.DISABLE_JIT:
        return function
    options = {
        "nopython": True,
        "error_model": "numpy",
        "nogil": True,
        "no_cfunc_wrapper": True,
        "_nrt": counts_references,
    }
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = CACHE_FOLDER
    try:
        if numba.version_info[:2] != once.VERSION:
            return numba.jit(cache=True, **options)(function)
        made = once.Kernel(function, targetoptions=options)
        made.enable_caching()
        return made
    finally:
        numba.config.CACHE_DIR = before


def in_place_kernel(function):
    """`kernel` of what neither makes arrays nor returns any: it counts no references to those that it works on.

    A count takes 5 ns whenever a row is taken from an array: in a filter that was more than half of the time.
    """
    return kernel(function, counts_references=False)
