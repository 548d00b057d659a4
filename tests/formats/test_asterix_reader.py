"""ASTERIX recordings: every field against the decoded text beside them, marks, midnight, hostile bytes."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import struct
from pathlib import Path

import msgspec
import numpy as np
import pymap3d
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.errors import ScanError
from tocsin.formats import asterix, asterix_scans
from tocsin.formats.asterix import read_asterix, read_recording
from tocsin.formats.read import read_scans
from tocsin.formats.site import SensorSite
from tocsin.messages import SweptVolume
from tocsin.units import M_PER_FT, M_PER_NM, iso_from_ns, ns_from_iso

# Where the radars of the recording stand is not in it: assumed in Croatia, as their tracks are.
RADARS = {
    name: SensorSite(name=name, kind="radar", latitude_deg=45.0, longitude_deg=16.0, height_m=500.0)
    for name in ("25-11", "25-12", "25-13", "25-14", "25-201", "25-204", "25-205")
}
SYSTEM = {"25-100": SensorSite(name="25-100", kind="position")}
ALL_ROUND = SweptVolume(
    azimuth_from_rad=0.0, azimuth_to_rad=2 * math.pi, elevation_min_rad=0.0, elevation_max_rad=0.8,
    range_min_m=1e3, range_max_m=4e5, detection_prob=0.9, clutter_density=0.0,
)  # fmt: skip


def decoded_plots(text: str) -> set[tuple[str, float, float, float]]:
    """(source, time of day s, range NM, azimuth deg) of every category 048 record in the decoded text."""
    plots = set()
    for block in text.split("Data Block")[1:]:
        if "Category: 48" not in block:
            continue
        for record in block.split("Data Record")[1:]:
            rho, theta = re.search(r"RHO: \d+ \(([\d.]+) NM\)", record), re.search(r"THETA: \d+ \(([\d.]+)", record)
            sac, sic = re.search(r"Area Code: (\d+)", record), re.search(r"Identification Code: (\d+)", record)
            of_day = re.search(r"Time Of Day: \d+ \(([\d.]+) s\)", record)
            if rho and theta and sac and sic and of_day:
                source = f"{sac[1]}-{sic[1]}"
                plots.add((source, float(of_day[1]), float(rho[1]), float(theta[1])))
    return plots


@pytest.mark.reference
def test_every_plot_agrees_with_the_decoded_text(reference: Path) -> None:
    folder = reference / "asterix"
    recording = read_recording(folder / "cat_034_048.pcap", RADARS)
    expected = decoded_plots((folder / "cat_034_048.txt").read_text())
    ours = {
        (scan.sensor, t % (86_400 * 10**9) / 1e9, r / M_PER_NM, math.degrees(a))
        for scan in recording.scans
        for t, r, a in zip(scan.plot_time_ns.tolist(), scan.range_m, scan.azimuth_rad, strict=True)
    }
    assert ("25-201", 27354.6015625, 197.6835938, 340.1367188) in expected  # as reference/README.md has it
    assert len(ours) == len(expected) == sum(recording.plots.values())
    for mine, theirs in zip(sorted(ours), sorted(expected), strict=True):
        assert mine[:2] == theirs[:2]
        assert mine[2:] == pytest.approx(theirs[2:], abs=1e-7)  # the text has seven decimals


@pytest.mark.reference
def test_flight_levels_come_back_from_elevations(reference: Path) -> None:
    """Range, azimuth and the elevation computed lead to the height of FL 330 (first record of the text)."""
    (scan,) = read_asterix(reference / "asterix" / "cat048.raw", RADARS, dt.date(2016, 5, 5))
    assert scan.elevation_rad is not None
    assert scan.range_m is not None
    assert scan.azimuth_rad is not None
    _, _, height = pymap3d.aer2geodetic(
        math.degrees(scan.azimuth_rad[0]), math.degrees(scan.elevation_rad[0]), scan.range_m[0], 45.0, 16.0, 500.0
    )
    assert height == pytest.approx(33_000 * M_PER_FT, abs=0.05)
    assert iso_from_ns(scan.end_ns, 7) == "2016-05-05T07:35:54.6015625Z"


@pytest.mark.reference
def test_what_two_receivers_recorded_twice_is_used_once(reference: Path) -> None:
    """Each of the 50 datagrams stands twice in the capture."""
    recording = read_recording(reference / "asterix" / "cat_034_048.pcap", RADARS)
    assert recording.passed_over["the same record twice, as two receivers of one feed give it"] == 162 / 2
    assert recording.day == dt.date(2016, 5, 5)  # from the capture's own clock


@pytest.mark.reference
def test_plots_lie_in_the_sector_that_their_scan_searched(reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The radars' own clock and angles agree, though the network delivered marks and plots out of order."""
    monkeypatch.setattr(asterix_scans, "REPORT_DELAY_NS", -1)  # the recording is shorter than the delay allowed for
    sites = {name: msgspec.structs.replace(site, swept=ALL_ROUND) for name, site in RADARS.items()}
    scans = read_asterix(reference / "asterix" / "cat_034_048.pcap", sites)
    seen = 0
    for scan in scans:
        assert scan.start_ns <= scan.end_ns
        if scan.swept is not None:
            first, last = scan.swept.azimuth_from_rad, scan.swept.azimuth_to_rad
            assert last - first == pytest.approx(math.radians(11.25))  # 32 sectors a turn
            seen += scan.plot_count
            for azimuth in scan.azimuth_rad:
                # 1/128 s of the clock is half a degree of these antennas
                assert first - math.radians(0.6) <= azimuth <= last + math.radians(0.6)
    for name in sites:
        mine = [scan for scan in scans if scan.sensor == name]
        assert [scan.sequence for scan in mine] == list(range(len(mine)))
    assert sum(scan.plot_count for scan in scans) == 63
    assert seen == 18  # by hand from the decoded text: plots with a mark of their radar before and after


@pytest.mark.reference
def test_system_tracks_agree_with_the_decoded_json(reference: Path) -> None:
    folder = reference / "asterix"
    decoded = [json.loads(line) for line in (folder / "cat_062_065_json.txt").read_text().splitlines() if line.strip()]
    records = [record["CAT062"] for record in decoded if record["cat"] == 62]
    assert records[0]["I105"] == {"Lat": 41.1671233, "Lon": 15.7088667}
    scans = read_asterix(folder / "cat_062_065.pcap", SYSTEM)
    places = np.vstack([scan.position_ecef_m for scan in scans])
    assert len(places) == len(records)
    for place, record in zip(places, records, strict=True):
        latitude, longitude, height = pymap3d.ecef2geodetic(*place)
        assert (latitude, longitude) == pytest.approx((record["I105"]["Lat"], record["I105"]["Lon"]), abs=6e-8)
        assert height == pytest.approx(record["I136"]["MFL"] * M_PER_FT, abs=1e-3)
    assert scans[0].end_ns % (86_400 * 10**9) == 45827_398_437_500


@pytest.mark.reference
def test_a_sensor_that_is_not_described_is_named_with_those_found(reference: Path) -> None:
    with pytest.raises(ScanError, match=r"cat048\.raw: sensor is not described \(got '25-201'\).*described are: home"):
        read_scans(reference / "asterix" / "cat048.raw", {"home": SensorSite(name="home", kind="radar")})
    with pytest.raises(ScanError, match="sends category 048, which is of kind radar"):
        read_scans(
            reference / "asterix" / "cat048.raw", {"25-201": SensorSite(name="25-201", kind="position")}
        )  # fmt: skip


@pytest.mark.reference
def test_marks_alone_and_an_unknown_edition_are_refused_in_words(reference: Path) -> None:
    with pytest.raises(ScanError, match="holds no target report"):
        read_scans(reference / "asterix" / "cat034.raw", RADARS)
    with pytest.raises(ScanError, match=r"asterix\.pcap: packet 1: record of category 062 cannot be decoded"):
        read_scans(reference / "asterix" / "asterix.pcap", SYSTEM)


@pytest.mark.reference
def test_every_truncation_of_a_recording_is_refused_or_read_never_anything_else(
    reference: Path, tmp_path: Path
) -> None:  # fmt: skip
    whole = (reference / "asterix" / "cat062cat065.raw").read_bytes()
    for size in range(1, len(whole)):
        path = tmp_path / "cut.raw"
        path.write_bytes(whole[:size])
        if size == 183:  # exactly the first data block
            assert read_scans(path, SYSTEM)
        else:
            with pytest.raises(ScanError, match=r"cut\.raw: byte \d+: data block claims"):
                read_scans(path, SYSTEM)
    capture = (reference / "asterix" / "cat_062_065.pcap").read_bytes()
    (tmp_path / "cut.pcap").write_bytes(capture[:-30])
    with pytest.raises(ScanError, match=r"cut\.pcap: packet 1: packet claims 215 bytes, 185 are left"):
        read_scans(tmp_path / "cut.pcap", SYSTEM)


@pytest.mark.reference
def test_both_byte_orders_vlan_and_raw_ip_captures_give_the_same(reference: Path, tmp_path: Path) -> None:
    capture = (reference / "asterix" / "cat_062_065.pcap").read_bytes()
    frame = capture[40:]
    seconds, micros = struct.unpack_from("<II", capture, 24)
    tagged = frame[:12] + b"\x81\x00\x00\x05" + frame[12:]
    expected = read_asterix(reference / "asterix" / "cat_062_065.pcap", SYSTEM)
    for link, order, packet in ((1, ">", frame), (1, "<", tagged), (101, ">", frame[14:]), (1, ">", tagged)):
        head = struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
        head += struct.pack(order + "IIII", seconds, micros, len(packet), len(packet))
        path = tmp_path / "other.pcap"
        path.write_bytes(head + packet)
        (ours,) = read_asterix(path, SYSTEM)
        assert ours.end_ns == expected[0].end_ns
        assert (ours.position_ecef_m == expected[0].position_ecef_m).all()


def raw(*events: tuple[str, float, float]) -> bytes:
    """Records as a radar 1-2 sends them: ("north" | "sector" | "plot", time of day s, azimuth deg)."""
    import asterix.generated as generated

    marks, plots = generated.Cat_034_1_29, generated.Cat_048_1_32
    source = (("SAC", 1), ("SIC", 2))
    out = b""
    for kind, of_day_s, azimuth_deg in events:
        stamp = round(of_day_s * 128)
        if kind == "plot":
            record = plots.cv_record.create(
                {
                    "010": source, "140": stamp, "040": (("RHO", (60.0, "NM")), ("THETA", (azimuth_deg, "°"))),
                    "090": (0, 0, ("FL", (300.0, "FL"))),
                }
            )  # fmt: skip
            out += plots.create([record]).unparse().to_bytes()
        else:
            items = {"010": source, "000": 1 if kind == "north" else 2, "030": stamp}
            if kind == "sector":
                items["020"] = (azimuth_deg, "°")
            out += marks.create([marks.cv_record.create(items)]).unparse().to_bytes()
    return out


SITE = {"1-2": SensorSite(name="1-2", kind="radar", latitude_deg=45.0, longitude_deg=16.0, swept=ALL_ROUND)}
DAY = dt.date(2026, 3, 4)


def test_marks_end_scans_and_state_the_sector_searched(tmp_path: Path) -> None:
    path = tmp_path / "turn.raw"
    path.write_bytes(
        raw(
            ("plot", 99.0, 350.0), ("north", 100.0, 0.0), ("sector", 100.0, 0.0), ("plot", 100.5, 45.0),
            ("plot", 101.0, 80.0), ("sector", 101.5, 90.0), ("sector", 103.0, 180.0), ("sector", 104.5, 270.0),
            ("plot", 105.1, 280.0),
        )
    )  # fmt: skip
    before, first, empty, cut, after = read_asterix(path, SITE, DAY)
    assert [s.plot_count for s in (before, first, empty, cut, after)] == [1, 2, 0, 0, 1]
    assert before.swept is None  # where it began is not known
    assert cut.swept is None  # its plots may come after the end of the recording
    assert after.swept is None  # where it ends is not known
    assert first.swept is not None
    assert (first.swept.azimuth_from_rad, first.swept.azimuth_to_rad) == pytest.approx((0.0, math.pi / 2))
    assert empty.swept is not None
    assert (empty.swept.azimuth_from_rad, empty.swept.azimuth_to_rad) == pytest.approx((math.pi / 2, math.pi))
    assert first.end_ns == ns_from_iso("2026-03-04T00:01:41.5Z")


def test_time_of_day_goes_on_past_midnight(tmp_path: Path) -> None:
    path = tmp_path / "midnight.raw"
    path.write_bytes(raw(("plot", 86_399.5, 10.0), ("plot", 0.5, 11.0), ("plot", 86_399.75, 12.0)))
    stamps = [iso_from_ns(s.end_ns, 2) for s in read_asterix(path, SITE, DAY)]
    assert stamps == ["2026-03-04T23:59:59.50Z", "2026-03-04T23:59:59.75Z", "2026-03-05T00:00:00.50Z"]


def test_a_raw_recording_has_the_stated_day(tmp_path: Path) -> None:
    path = tmp_path / "x.raw"
    path.write_bytes(raw(("plot", 1.0, 10.0)))
    assert read_recording(path, SITE).day == asterix.DEFAULT_DAY == dt.date(2000, 1, 1)


def test_a_height_that_the_range_cannot_reach_is_counted_and_takes_the_sweep_with_it(tmp_path: Path) -> None:
    import asterix.generated as generated

    plots = generated.Cat_048_1_32
    near = {
        "010": (("SAC", 1), ("SIC", 2)), "140": round(100.2 * 128), "090": (0, 0, ("FL", (400.0, "FL"))),
        "040": (("RHO", (1.0, "NM")), ("THETA", (30.0, "°"))),
    }  # fmt: skip
    data = raw(("sector", 100.0, 0.0)) + plots.create([plots.cv_record.create(near)]).unparse().to_bytes()
    path = tmp_path / "near.raw"
    path.write_bytes(data + raw(("sector", 101.0, 90.0), ("plot", 103.5, 95.0)))
    recording = read_recording(path, SITE, DAY)
    assert recording.passed_over == {"height does not fit the range": 1}
    assert recording.scans[0].plot_count == 0
    assert recording.scans[0].swept is None


def test_too_large_and_empty_recordings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.raw"
    with path.open("wb") as file:
        file.truncate(asterix.MAX_BYTES + 1)
    with pytest.raises(ScanError, match=r"huge\.raw: file has 67108865 bytes"):
        read_scans(path, SITE)
    path.write_bytes(b"")
    with pytest.raises(ScanError, match="0 bytes"):
        read_scans(path, SITE)


def test_a_pcapng_capture_is_refused_with_the_way_to_convert_it(tmp_path: Path) -> None:
    path = tmp_path / "new.pcap"
    path.write_bytes(b"\x0a\x0d\x0d\x0a" + b"\0" * 60)
    with pytest.raises(ScanError, match="editcap -F pcap"):
        read_scans(path, SITE)


def _block(category: int, content: bytes) -> bytes:
    return bytes([category]) + (len(content) + 3).to_bytes(2, "big") + content


hostile = st.one_of(
    st.binary(max_size=200),
    st.builds(_block, st.sampled_from([34, 48, 62, 65, 1]), st.binary(max_size=120)),
    st.builds(
        lambda link, body: struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link) + body,
        st.sampled_from([1, 101, 113, 7]),
        st.binary(max_size=120),
    ),
    st.builds(
        lambda body: struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
        + struct.pack("<IIII", 1, 2, len(body) + 14, len(body) + 14) + b"\0" * 12 + b"\x08\x00" + body,
        st.binary(max_size=120),
    ),
)  # fmt: skip


@given(data=hostile)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_raise_anything_but_a_scan_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "hostile.raw"
    path.write_bytes(data)
    try:
        scans = read_asterix(path, RADARS | SYSTEM)
    except ScanError as error:
        if "hostile.raw" not in str(error) or not error.remedy:
            pytest.fail(f"does not name file and remedy: {error}")
        return
    assert all(np.isfinite(s.range_m if s.range_m is not None else s.position_ecef_m).all() for s in scans)


@given(flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flipped_bytes_of_a_good_recording_end_in_scans_in_range_or_a_scan_error(
    tmp_path: Path, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(raw(("plot", 99.0, 350.0), ("north", 100.0, 0.0), ("plot", 100.5, 45.0), ("sector", 101.0, 90.0)))
    for at, change in flips:
        data[at % len(data)] ^= change
    path = tmp_path / "flipped.raw"
    path.write_bytes(bytes(data))
    try:
        scans = read_asterix(path, SITE, DAY)
    except ScanError:
        return
    for scan in scans:
        assert scan.range_m is not None
        assert ((scan.range_m > 0.0) & (scan.range_m < 474_200.0)).all()
