"""What the defence took its sensors to be: place, how often and how far each looks, and how well, as surveyed."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.messages import Scan
from tocsin.report.facts import Facts
from tocsin.report.markup import Child, Markup, el, join, number_head, table
from tocsin.scenario.schema import Sensor
from tocsin.units import NS_PER_S
from tocsin.views import of_kind

LOOK_SHARE = 0.5  # of a scan's period: what took less was a look where a task said
_JOINED = "\N{NO-BREAK SPACE}"
HEAD = ("Sensor", "Where", "Field of regard", "Detects", "Errors, one sigma", "Scans", "Looks by task", "Reports")


def sensors_table(facts: Facts) -> Markup | None:
    """Every sensor of the scenario with its scans in the record; None for recorded reports."""
    if facts.scenario is None or not facts.scenario.sensors:
        return None
    scans = of_kind(facts.messages, Scan)
    rows = [_row(sensor, scans) for sensor in facts.scenario.sensors]
    head = (*HEAD[:5], *(number_head(words) for words in HEAD[5:]))
    note = "Generic and notional, as the scenario states them: no claim about a named system."
    return join((table(head, rows, caption="Sensors as surveyed", class_="stacks"), el("p", note, class_="meta")))


def _row(sensor: Sensor, scans: Sequence[Scan]) -> tuple[Child, ...]:
    mine = [scan for scan in scans if scan.sensor == sensor.name]
    brief_ns = LOOK_SHARE * sensor.scan_period_s * NS_PER_S
    looks = sum(sensor.task_period_s > 0.0 and scan.end_ns - scan.start_ns < brief_ns for scan in mine)
    like = f", class {sensor.like}" if sensor.like else ""
    what = f"{sensor.kind}{like}{'' if sensor.enabled else '; switched off'}"
    name = el("th", sensor.name, el("span", what, class_="sub"), scope="row")
    words = (_place(sensor), _field(sensor), _detects(sensor), _errors(sensor))
    counts = (len(mine) - looks, looks, sum(scan.plot_count for scan in mine))
    return (
        name,
        *(el("td", said, data_heading=label) for label, said in zip(HEAD[1:5], words, strict=True)),
        *(
            el("td", str(count), data_heading=label, class_="num")
            for label, count in zip(HEAD[5:], counts, strict=True)
        ),
    )


def _place(sensor: Sensor) -> str:
    if sensor.platform == "geostationary":
        return f"geostationary, {sensor.longitude_deg:g}°{_JOINED}E"
    if sensor.platform == "orbit":
        return "in orbit, by two-line elements"
    if sensor.platform == "path":
        return "along a recorded path"
    at = f"{sensor.latitude_deg:g}°{_JOINED}N, {sensor.longitude_deg:g}°{_JOINED}E, {sensor.height_m:g} m"
    under_way = f", under way {sensor.course_deg:g}° at {sensor.speed_m_s:g} m/s" if sensor.speed_m_s else ""
    return f"{sensor.platform}, {at}{under_way}"


def _field(sensor: Sensor) -> str:
    each = f"every {sensor.scan_period_s:g} s, {sensor.latency_s:g} s late"
    if sensor.kind == "infrared":
        return f"burning plumes above {sensor.cloud_top_m / 1000.0:g} km; {each}"
    if sensor.kind == "position":
        return f"to {sensor.range_max_km:g} km; {each}"
    turn = (sensor.azimuth_to_deg - sensor.azimuth_from_deg) % 360.0
    azimuth = f", azimuth {sensor.azimuth_from_deg:g}° to {sensor.azimuth_to_deg:g}°" if turn else ""
    task = f"; looks by task each {sensor.task_period_s:g} s" if sensor.task_period_s else ""
    return (
        f"{sensor.range_min_km:g} to {sensor.range_max_km:g} km, elevation {sensor.elevation_min_deg:g}° to "
        f"{sensor.elevation_max_deg:g}°{azimuth}; {each}{task}"
    )


def _detects(sensor: Sensor) -> str:
    false = f"{sensor.false_per_scan:g} false reports a scan"
    if sensor.reference_snr_db is None or sensor.kind != "radar":
        faint = f" from {sensor.min_intensity_kw_sr:g} kW/sr" if sensor.kind == "infrared" else ""
        return f"probability {sensor.detection_prob:g}{faint}; {false}"
    return (
        f"signal-to-noise {sensor.reference_snr_db:g} dB on {sensor.reference_rcs_m2:g} m² at "
        f"{sensor.reference_range_km:g} km, Swerling {sensor.swerling}, "
        f"false alarm {_power(sensor.false_alarm_prob)} a cell; {false}"
    )


def _power(value: float) -> str:
    """1e-6, not 1e-06."""
    return f"{value:g}".replace("e-0", "e-")


def _errors(sensor: Sensor) -> str:
    scale = sensor.noise_scale
    if sensor.kind == "infrared":
        return f"{scale * sensor.line_of_sight_std_urad:g} µrad each axis"
    if sensor.kind == "position":
        return f"{scale * sensor.position_std_m:g} m each axis, height {scale * sensor.height_std_m:g} m"
    words = (
        f"{scale * sensor.range_std_m:g} m, azimuth {scale * sensor.azimuth_std_deg:g}°, "
        f"elevation {scale * sensor.elevation_std_deg:g}°"
    )
    if sensor.range_rate_std_m_s is not None:
        words += f", range rate {scale * sensor.range_rate_std_m_s:g} m/s"
    if sensor.reference_snr_db is None:
        return words
    return (
        f"at best {words}; larger as the echo weakens, from a beam of {sensor.beamwidth_deg:g}° and range cells of "
        f"{sensor.range_resolution_m:g} m"
    )
