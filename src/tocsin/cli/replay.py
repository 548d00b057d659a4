"""``tocsin replay``: does the same input still give the same output?"""

from __future__ import annotations

from pathlib import Path

from tocsin.cli.run import Json


def replay(run: Path, *, json: Json = False) -> int:
    """Feed a record's inputs through the pipeline again and compare every output, byte for byte."""
    import msgspec

    from tocsin.cli import screen
    from tocsin.cli.folder import record_in
    from tocsin.cli.kernels import ensure_compiled

    path = record_in(run)
    ensure_compiled()
    from tocsin.simulation import replay as replay_record

    verdict = replay_record(path)
    if json:
        screen.print_json(msgspec.to_builtins(verdict))
    elif verdict.is_identical:
        screen.out().print(
            f"identical: {verdict.inputs} inputs gave the same {verdict.outputs} outputs, digest {verdict.digest}",
            soft_wrap=True,
        )
    else:
        screen.out().print(f"DIFFERS: {verdict.difference}", markup=False)
    return 0 if verdict.is_identical else 1
