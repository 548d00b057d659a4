"""Compiling the kernels, once per version of their source, on two cores, with progress shown."""

from __future__ import annotations

import contextlib
import gc
import importlib.resources
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

_LOCK = "compiling"
_STALE_LOCK_S = 300.0  # no compile takes so long: whoever held it has died
# compiled by a second process: half of the time, and little that the other half needs too
_SECOND = ("track_bank.", "track_gate.", "track_scan.", "track_settle.", "track_split.", "track_twins.", "track_watch.")


def ensure_compiled(*, quiet: bool = False, should_stop: Callable[[], bool] = lambda: False) -> float:
    """Compile all kernels if this version of them never was; returns the seconds it took, 0 when warm.

    Raises    KeyboardInterrupt when asked to stop meanwhile; what is compiled by then stays
    """
    from tocsin.kernels.compiled import CACHE_FOLDER

    folder = Path(CACHE_FOLDER)
    mark = folder / _mark()
    if mark.exists() or os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return 0.0
    start = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / _LOCK, mark, should_stop) as is_needed:
        if is_needed:
            _compile(quiet, should_stop, start)
            mark.touch()
    return time.perf_counter() - start


def _mark() -> str:
    """Name of the file that says all is compiled; of the list too: with another one there may be more to compile."""
    return f"warm-{zlib.crc32((importlib.resources.files('tocsin.cli') / 'roots.txt').read_bytes()):08x}"


def _compile(quiet: bool, should_stop: Callable[[], bool], start: float) -> None:
    from tocsin.cli.roots import compile_root, read_roots

    roots = read_roots()
    second = [root for root in roots if root.startswith(_SECOND)]
    own = [root for root in roots if root not in second]
    show = _Show(len(roots), start, quiet)
    with (
        _no_collection(),
        subprocess.Popen([sys.executable, "-m", __name__, *_SECOND], stdout=subprocess.PIPE, text=True) as helper,
    ):
        try:
            for root in own:
                _stop_if(should_stop)
                compile_root(root)
                show.more(1)
            assert helper.stdout is not None
            for _ in helper.stdout:
                _stop_if(should_stop)
                show.more(1)
        except KeyboardInterrupt:
            helper.terminate()
            raise
    for root in second:  # loads them; compiles what the helper, had it failed, would have left
        compile_root(root)
    show.end()


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """numba leaves so much garbage that to look for it takes a tenth of the time; it is half a gigabyte in the end."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _stop_if(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise KeyboardInterrupt


@contextlib.contextmanager
def _alone(lock: Path, mark: Path, should_stop: Callable[[], bool]) -> Iterator[bool]:
    """One process compiles, the others wait for it; yields whether there is still something to compile.

    Two processes that compile one kernel for different types at the same time could mix up numba's cache.
    """
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            with contextlib.suppress(FileNotFoundError):
                if time.time() - lock.stat().st_mtime > _STALE_LOCK_S:
                    lock.unlink()
            time.sleep(0.2)
            _stop_if(should_stop)
    try:
        yield not mark.exists()
    finally:
        lock.unlink(missing_ok=True)


class _Show:
    """How many of the kernels are ready, on stderr: one line that counts on a terminal, one in 5 s elsewhere."""

    def __init__(self, total: int, start: float, quiet: bool) -> None:
        self._total, self._start, self._quiet = total, start, quiet
        self._done, self._said_s = 0, 0.0
        self._is_terminal = sys.stderr.isatty()
        if not quiet:
            sys.stderr.write("compiling kernels (first run only)\n")

    def more(self, count: int) -> None:
        self._done += count
        now_s = time.perf_counter() - self._start
        if self._quiet or not (self._is_terminal or now_s - self._said_s >= 5.0):
            return
        self._said_s = now_s
        line = f"  {self._done} of {self._total} kernels ready, {now_s:.0f} s"
        sys.stderr.write(f"\r{line}" if self._is_terminal else f"{line}\n")
        sys.stderr.flush()

    def end(self) -> None:
        if not self._quiet:
            lead = "\r" if self._is_terminal else ""
            sys.stderr.write(f"{lead}  kernels ready after {time.perf_counter() - self._start:.0f} s          \n")


def main() -> None:
    """The second process: compile the roots that start with one of the arguments, and say each on stdout."""
    from tocsin.cli.roots import compile_root, read_roots

    with _no_collection():
        for root in read_roots():
            if root.startswith(tuple(sys.argv[1:])):
                compile_root(root)
                sys.stdout.write(root + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
