"""``tocsin score``: truth and output joined afterwards."""

from __future__ import annotations

from pathlib import Path

from tocsin.cli.run import Json


def score(run: Path, *, json: Json = False) -> int:
    """Score a simulated run against the truth kept apart from it."""
    import msgspec

    from tocsin.cli import screen
    from tocsin.cli.folder import TRUTH, record_in
    from tocsin.errors import InputError
    from tocsin.record import read_messages
    from tocsin.scoring import score as score_messages
    from tocsin.world import WorldTruth

    path = record_in(run)
    truth_path = path.parent / TRUTH
    if not truth_path.is_file():
        raise InputError(
            "no truth beside this record", where=str(truth_path),
            remedy="only a simulated run can be scored; run it again with `tocsin run`",
        )  # fmt: skip
    try:
        truth = msgspec.json.decode(truth_path.read_bytes(), type=WorldTruth)
    except msgspec.MsgspecError as error:
        raise InputError(f"cannot be read: {error}", where=str(truth_path), remedy="run it again") from None
    result = msgspec.to_builtins(score_messages(read_messages(path), truth))
    if json:
        screen.print_json(result)
    else:
        from tocsin.cli.clock import print_score

        print_score(screen.out(), result)
    return 0
