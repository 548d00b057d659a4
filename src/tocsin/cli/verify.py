"""``tocsin verify``: has a record been changed?"""

from __future__ import annotations

import sys
from pathlib import Path

from tocsin.cli.run import Json


def verify(run: Path, *, json: Json = False) -> int:
    """Recompute a record's hash chain; exit status 1 when a bit, an entry or an order was changed."""
    import msgspec

    from tocsin.cli import screen
    from tocsin.cli.folder import read_summary, record_in
    from tocsin.errors import InputError
    from tocsin.record import verify as verify_record

    try:
        summary, broken = read_summary(run), ""
    except InputError as error:
        summary, broken = {}, str(error)
    verdict = verify_record(record_in(run), file_sha256=summary.get("record_sha256"), digest=summary.get("digest"))
    if json:
        screen.print_json(msgspec.to_builtins(verdict))
    elif verdict.is_intact:
        screen.out().print(
            f"intact: {verdict.entries} entries, {verdict.status}, digest {verdict.digest}", soft_wrap=True
        )
    else:
        screen.out().print(f"NOT INTACT: {verdict.problem}", markup=False)
    if broken:
        sys.stderr.write(f"tocsin: the record was checked alone: {screen.plain(broken)}\n")
    return 0 if verdict.is_intact and not broken else 1
