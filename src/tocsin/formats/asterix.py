"""ASTERIX recordings, raw or pcap: category 048 plots and 062 system tracks to Scans, ended by 034 marks.

What a recording lacks is stated, not guessed: the date (see ``read_recording``), the site (from the
sensor description, sensor names are SAC-SIC such as 25-201), ellipsoidal heights: flight levels and
heights above mean sea level are taken as ellipsoidal, wrong by the geoid and the weather, up to a few
hundred metres. What cannot be used is passed over and counted, with its reason.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tocsin.errors import ScanError
from tocsin.formats.asterix_scans import Mark, Plot, dwells_to_scans
from tocsin.formats.pcap import is_capture, packets
from tocsin.formats.scan_rows import in_order
from tocsin.formats.site import SensorSite
from tocsin.messages import Scan
from tocsin.units import M_PER_FT, M_PER_NM, NS_PER_S

MAX_BYTES = 64 * 1024 * 1024
DEFAULT_DAY = dt.date(2000, 1, 1)  # of a raw recording, which carries no date; stated, so that nobody believes it
NS_PER_DAY = 86_400 * NS_PER_S
TIME_OF_DAY_NS = 7_812_500  # 1/128 s, the unit of times of day in every category
# Newest edition first; the layouts differ in late items only, so the first that fits reads the record.
_EDITIONS: dict[int, tuple[str, ...]] = {
    34: ("Cat_034_1_29", "Cat_034_1_27"),
    48: ("Cat_048_1_32", "Cat_048_1_27"),
    62: ("Cat_062_1_21", "Cat_062_1_18", "Cat_062_1_16"),
}
_NORTH_MARK, _SECTOR_CROSSING = 1, 2
# Fields at their limits have wrapped or saturated and are not believed.
_MAX_RANGE_M = 255.99 * M_PER_NM
_HEIGHT_RANGE_M = (-1_500.0 * M_PER_FT, 150_000.0 * M_PER_FT)  # I048/090: FL -15 to 1500


class Recording(msgspec.Struct, frozen=True):
    """What a recording held."""

    scans: list[Scan]
    day: dt.date  # of the first record
    plots: dict[str, int]  # used, by sensor
    passed_over: dict[str, int]  # not used, by reason


class _Reader:
    """One pass over a recording: events of each source in the order they were recorded."""

    def __init__(self, where: str, start_day: dt.date | None) -> None:
        import asterix.generated as generated

        self.where = where
        self.start_day = start_day
        self.editions = {
            category: [getattr(generated, name) for name in names] for category, names in _EDITIONS.items()
        }
        self.events: dict[str, list[Plot | Mark]] = {}
        self.category: dict[str, int] = {}
        self.passed_over: dict[str, int] = {}
        self.seen: set[bytes] = set()
        self.first_ns: int | None = None
        self.last_ns = 0

    def skip(self, reason: str) -> None:
        self.passed_over[reason] = self.passed_over.get(reason, 0) + 1

    def block(self, category: int, content: bytes, capture_ns: int | None, place: str) -> None:
        """Records of one data block."""
        if category not in self.editions:
            self.skip(f"category {category:03d} is not read")
            return
        for record in self._records(category, content, place):
            raw = bytes([category]) + record.unparse().to_bytes()
            if raw in self.seen:
                self.skip("the same record twice, as two receivers of one feed give it")
                continue
            self.seen.add(raw)
            self._record(category, record, capture_ns)

    def _records(self, category: int, content: bytes, place: str) -> list[Any]:
        from asterix.base import Bits

        fault: object = ""
        for edition in self.editions[category]:
            try:
                records = edition.cv_uap.parse(Bits.from_bytes(content))
            except Exception as error:  # a parser of hostile bytes may fail in any way; each is this one refusal
                fault = error
                continue
            if not isinstance(records, ValueError):
                return list(records)
            fault = records
        raise ScanError(
            f"record of category {category:03d} cannot be decoded: {fault}",
            where=f"{self.where}: {place}",
            value=content[:16].hex(),
            remedy=f"check that the file is whole; editions read: {', '.join(_EDITIONS[category])}",
        )

    def _record(self, category: int, record: Any, capture_ns: int | None) -> None:
        identity = record.get_item("010")
        stamp = record.get_item({34: "030", 48: "140", 62: "070"}[category])
        if identity is None or stamp is None:
            self.skip("record without source or time of day")
            return
        of_day_ns = stamp.variation.content.as_uint() * TIME_OF_DAY_NS
        if of_day_ns >= NS_PER_DAY:
            self.skip("time of day is beyond 24 hours")
            return
        source = f"{identity.variation.get_item('SAC').as_uint()}-{identity.variation.get_item('SIC').as_uint()}"
        event = {34: _mark, 48: _plot, 62: _system_track}[category](record, self._time(of_day_ns, capture_ns))
        if isinstance(event, str):
            self.skip(event)
        else:
            self.events.setdefault(source, []).append(event)
            if category != 34 and self.category.setdefault(source, category) != category:
                raise ScanError(
                    "one source sends both radar plots (048) and system tracks (062)",
                    where=self.where,
                    value=source,
                    remedy="split the recording by category",
                )

    def _time(self, of_day_ns: int, capture_ns: int | None) -> int:
        """Nearest moment to the record before (or, for the first, to its capture) that has this time of day."""
        if self.first_ns is None:
            if self.start_day is not None or capture_ns is None:
                day = (self.start_day or DEFAULT_DAY) - dt.date(1970, 1, 1)
                self.last_ns = day.days * NS_PER_DAY + of_day_ns
            else:
                self.last_ns = _nearest(of_day_ns, capture_ns)
            self.first_ns = self.last_ns
        self.last_ns = _nearest(of_day_ns, self.last_ns)
        return self.last_ns


def read_asterix(
    path: str | Path, sites: Mapping[str, SensorSite], start_day: dt.date | None = None
) -> list[Scan]:  # fmt: skip
    """Scans of an ASTERIX recording; ``read_recording`` without the counts."""
    return read_recording(path, sites, start_day).scans


def read_recording(
    path: str | Path, sites: Mapping[str, SensorSite], start_day: dt.date | None = None
) -> Recording:  # fmt: skip
    """Scans of an ASTERIX recording, ordered by end of dwell, sensor, sequence, and what was passed over.

    A source that sends north and sector marks (034) has its scans ended by them, with the sector it
    searched where the description states a field of regard all round. Of any other source the reports
    of one time are one scan, and absence is no evidence. Times of day are unwrapped at midnight; gaps
    over twelve hours cannot be. Height of a plot: I048/110, else the flight level I048/090; of a system
    track: the measured flight level I062/136, else I062/135, else the geometric I062/130.

    In        path       raw data blocks, or a pcap capture of them over UDP
              sites      description of each source by its name SAC-SIC
              start_day  of the first record; else from the capture's own clock, else ``DEFAULT_DAY``
    Raises    ScanError naming the file, the byte or packet, the value and the remedy
    """
    path = Path(path)
    if not path.is_file():
        raise ScanError("no such file", value=str(path), remedy="check the path")
    size = path.stat().st_size
    if size == 0 or size > MAX_BYTES:
        raise ScanError(
            f"file has {size} bytes; allowed are 1 to {MAX_BYTES}", where=str(path), remedy="split the recording"
        )
    reader = _Reader(str(path), start_day)
    for category, content, capture_ns, place in _blocks(path.read_bytes(), reader):
        reader.block(category, content, capture_ns, place)
    _check_sites(reader, sites)
    scans: list[Scan] = []
    plots: dict[str, int] = {}
    for source, events in sorted(reader.events.items()):
        if source in sites and sites[source].kind != "infrared":
            made, unreachable = dwells_to_scans(sites[source], events)
            for _ in range(unreachable):
                reader.skip("height does not fit the range")
            plots[source] = sum(scan.plot_count for scan in made)
            scans += made
    if not scans:
        held = ", ".join(f"{count} x {reason}" for reason, count in sorted(reader.passed_over.items()))
        raise ScanError(
            "holds no target report that can be used", where=str(path), value=held or None,
            remedy="reports are read from categories 048 and 062",
        )  # fmt: skip
    day = dt.date(1970, 1, 1) + dt.timedelta(days=(reader.first_ns or 0) // NS_PER_DAY)
    return Recording(in_order(scans), day, plots, dict(sorted(reader.passed_over.items())))


def _blocks(data: bytes, reader: _Reader) -> Iterator[tuple[int, bytes, int | None, str]]:
    """Category, records, capture time and place of every data block of a file."""
    if not is_capture(data):
        yield from ((*block, None, place) for block, place in _walk(data, reader.where))
        return
    is_asterix = False
    for packet in packets(data, reader.where):
        try:
            blocks = list(_walk(packet.payload or b"", reader.where))
        except ScanError:
            blocks = []
        if not blocks:
            reader.skip("packet of other traffic")
            continue
        is_asterix = True
        for block, _ in blocks:
            yield *block, packet.capture_ns, f"packet {packet.number}"
    if not is_asterix:
        raise ScanError("no packet holds ASTERIX", where=reader.where, remedy="capture the port of the radar feed")


def _walk(data: bytes, where: str) -> Iterator[tuple[tuple[int, bytes], str]]:
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + 3], "big")
        if at + 3 > len(data) or not 3 < size <= len(data) - at:
            raise ScanError(
                f"data block claims {size} bytes, {len(data) - at} are left",
                where=f"{where}: byte {at}",
                value=data[at : at + 8].hex(),
                remedy="check that the file is a whole ASTERIX recording, raw or pcap",
            )
        yield (data[at], data[at + 3 : at + size]), f"byte {at}"
        at += size


def _check_sites(reader: _Reader, sites: Mapping[str, SensorSite]) -> None:
    """Every source of reports is described, and as the kind it is; a source of marks alone need not be."""
    missing = sorted(source for source in reader.category if source not in sites)
    if missing:
        raise ScanError(
            "sensor is not described",
            where=reader.where,
            value=", ".join(missing),
            remedy=f"sources of reports in the recording: {', '.join(sorted(reader.category))}; "
            f"described are: {', '.join(sorted(sites)) or '(none)'}",
        )
    for source, category in sorted(reader.category.items()):
        kind = "radar" if category == 48 else "position"
        if sites[source].kind != kind:
            raise ScanError(
                f"sensor {source} sends category {category:03d}, which is of kind {kind}",
                where=reader.where,
                value=sites[source].kind,
                remedy=f'describe it with kind = "{kind}"',
            )


def _mark(record: Any, time_ns: int) -> Mark | str:
    message = record.get_item("000")
    kind = message.variation.content.as_uint() if message is not None else 0
    if kind == _NORTH_MARK:
        return Mark(time_ns, 0.0)
    azimuth_deg = _quantity(record, "020", None, "°")
    if kind == _SECTOR_CROSSING and azimuth_deg is not None:
        return Mark(time_ns, azimuth_deg)
    return "034 message other than a north or sector mark"


def _plot(record: Any, time_ns: int) -> Plot | str:
    descriptor = record.get_item("020")
    is_simulated = descriptor is not None and descriptor.variation.get_item("SIM").as_uint() == 1
    if is_simulated:
        return "simulated target report"
    range_nm, azimuth_deg = _quantity(record, "040", "RHO", "NM"), _quantity(record, "040", "THETA", "°")
    if range_nm is None or azimuth_deg is None:
        return "plot without position"
    if not 0.0 < range_nm * M_PER_NM < _MAX_RANGE_M:
        return "range at the limit of its field"
    height_ft = _quantity(record, "110", "3DH", "ft")
    if height_ft is None:
        level = record.get_item("090")
        is_garbled = level is not None and level.variation.get_item("G").as_uint() == 1
        flight_level = None if is_garbled else _quantity(record, "090", "FL", "FL")
        height_ft = None if flight_level is None else 100.0 * flight_level
    if height_ft is None:
        return "plot without height"
    if not _is_height(height_ft * M_PER_FT):
        return "height at the limit of its field"
    return Plot(time_ns, range_nm * M_PER_NM, azimuth_deg, 0.0, 0.0, height_ft * M_PER_FT)


def _system_track(record: Any, time_ns: int) -> Plot | str:
    latitude_deg, longitude_deg = _quantity(record, "105", "LAT", "°"), _quantity(record, "105", "LON", "°")
    if latitude_deg is None or longitude_deg is None:
        return "system track without latitude and longitude"
    if not (abs(latitude_deg) <= 90.0 and abs(longitude_deg) <= 180.0):
        return "latitude or longitude beyond its range"
    heights_ft = (
        _scaled(_quantity(record, "136", None, "FL"), 100.0),
        _scaled(_quantity(record, "135", "CTB", "FL"), 100.0),
        _quantity(record, "130", None, "ft"),
    )
    height_ft = next((value for value in heights_ft if value is not None), None)
    if height_ft is None:
        return "system track without height"
    if not _is_height(height_ft * M_PER_FT):
        return "height at the limit of its field"
    return Plot(time_ns, 0.0, 0.0, latitude_deg, longitude_deg, height_ft * M_PER_FT)


def _quantity(record: Any, item: str, part: str | None, unit: str) -> float | None:
    found = record.get_item(item)
    if found is None:
        return None
    variation = found.variation if part is None else found.variation.get_item(part).variation
    return float(variation.content.as_quantity(unit))


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _is_height(height_m: float) -> bool:
    return _HEIGHT_RANGE_M[0] <= height_m <= _HEIGHT_RANGE_M[1]


def _nearest(of_day_ns: int, near_ns: int) -> int:
    turns = round((near_ns - of_day_ns) / NS_PER_DAY)
    return turns * NS_PER_DAY + of_day_ns
