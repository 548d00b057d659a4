"""``tocsin warmup``: compile the kernels now, so that the next run is quick."""

from __future__ import annotations

from tocsin.cli.run import Json


def warmup(*, json: Json = False) -> int:
    """Compile the kernels (first run only); does nothing when they are compiled."""
    from tocsin.cli import screen
    from tocsin.cli.kernels import ensure_compiled

    seconds = ensure_compiled(quiet=json)
    if json:
        screen.print_json({"compiled_s": round(seconds, 1)})
    elif not seconds:
        screen.out().print("kernels are compiled already")
    return 0
