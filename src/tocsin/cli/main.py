"""Entry point of the ``tocsin`` command: exit status, and one line for whatever went wrong."""

from __future__ import annotations

import gc
import os
import sys

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
_CONTAINERS = 100_000  # made between two searches for cycles: Python's own 700 take a twentieth of a run


def main() -> None:
    """Run a command. Exit status 0 well, 1 a check failed, 2 bad input, 130 interrupted."""
    gc.set_threshold(_CONTAINERS)
    try:
        _call()
    except KeyboardInterrupt:
        _end_interrupted()
    except SystemError as error:  # numba's word for an exception that came while a kernel ran
        if not _is_interrupt(error):
            raise
        _end_interrupted()


def _is_interrupt(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _call() -> None:
    from tocsin.cli.app import app
    from tocsin.cli.screen import plain
    from tocsin.errors import TocsinError

    try:
        status = app(result_action="return_value")
    except TocsinError as error:
        _fail(plain(str(error)))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has gone; say nothing more
        sys.exit(0)
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        _fail(plain(f"{where}{error.strerror or error}; choose another place, with --out or TOCSIN_CACHE_DIR"))
    sys.exit(status or 0)


def _end_interrupted() -> None:
    sys.stderr.write("tocsin: interrupted\n")
    sys.exit(EXIT_INTERRUPTED)


def _fail(text: str) -> None:
    sys.stderr.write(f"tocsin: {text}\n")
    sys.exit(EXIT_BAD_INPUT)


if __name__ == "__main__":
    main()
