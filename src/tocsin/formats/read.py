"""Any file of sensor reports to Scans: chosen by how the file starts, then by how its name ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

from tocsin.errors import ScanError
from tocsin.formats.site import SensorSite
from tocsin.messages import Scan

_PARQUET = b"PAR1"
_TABLE_SUFFIXES = (".csv", ".txt", ".parquet")
_RECORDING_SUFFIXES = (".raw", ".ast", ".asterix", ".bin", ".pcap", ".cap")


def read_scans(path: str | Path, sites: Mapping[str, SensorSite], *, start_day: dt.date | None = None) -> list[Scan]:
    """Scans of a CSV or Parquet table or an ASTERIX recording, raw or pcap.

    Raises ScanError naming the file, the place in it, the value and the remedy.
    """
    from tocsin.formats.asterix import read_asterix
    from tocsin.formats.pcap import is_capture
    from tocsin.formats.table import read_table

    path = Path(path)
    if not path.is_file():
        raise ScanError("no such file", value=str(path), remedy="check the path")
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise ScanError("the name of the file is not UTF-8 text", value=str(path), remedy="rename it") from None
    with path.open("rb") as file:
        head = file.read(4)
    if head == _PARQUET:
        return read_table(path, sites)
    if is_capture(head):
        return read_asterix(path, sites, start_day)
    suffix = path.suffix.lower()
    if suffix in _TABLE_SUFFIXES:
        return read_table(path, sites)
    if suffix in _RECORDING_SUFFIXES:
        return read_asterix(path, sites, start_day)
    raise ScanError(
        "neither a table nor a recording of sensor reports",
        where=str(path),
        value=suffix or head,
        remedy=f"name it for what it is: {', '.join(_TABLE_SUFFIXES + _RECORDING_SUFFIXES)}",
    )
