"""What ``tocsin score`` says on the terminal: what was won for people, then tracks against truth, then by object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from tocsin.scoring import ObjectScore, TrackingScore

MOST_OBJECTS = 40  # more are counted, not listed; scores.json has them all


def print_score(console: Console, result: dict[str, Any], tracking: TrackingScore, *, marking: str, title: str) -> None:
    """``result`` holds the keys of a `Score` where the run's own truth was read, and none of them where it was not."""
    from rich.text import Text

    from tocsin.cli.screen import plain

    console.print(Text.assemble((marking, "bold"), f"   {plain(title)}"))
    if "threats" in result:
        _print_chain(console, result)
    console.print(_table("Tracks against truth", ("", "", ""), _tracking_rows(tracking), "lrl"))
    if tracking.objects:
        shown = sorted(tracking.objects, key=lambda each: (each.kind != "threat", not each.tracks))[:MOST_OBJECTS]
        heads = ("object", "kind", "life", "tracked", "after", "switches", "breaks", "position", "velocity", "NEES/6")
        console.print(_table("By object", heads, [_object_row(each) for each in shown], "llrrrrrrrr"))
        if len(tracking.objects) > len(shown):
            console.print(f"... and {len(tracking.objects) - len(shown)} more in scores.json")


def _print_chain(console: Console, result: dict[str, Any]) -> None:
    for each in result["threats"]:
        rows = [
            ("called", ", ".join(each["names"]) or "never", each["best_class"] or ""),
            ("confirmed", _si(each["confirmed_after_s"], "s"), "after the true launch"),
            ("launch point off by", _km(each["launch_error_m"]), _said_later(each["launch_error_s"])),
            ("impact point off by", _km(each["impact_error_m"]), "120 s after the first radar plot, or soon after"),
            ("true impact in 50, 90, 99 % region", " ".join(map(_yes, _in_regions(each))), ""),
            ("people at the impact warned", f"{each['people_warned_at_impact']:,}", _left(each["warning_s_at_impact"])),
        ]
        console.print(_table(each["threat"], ("", "", ""), rows, "lrl"))
    false = [
        f"{count} {words}"
        for count, words in (
            (len(result["false_confirmed"]), "confirmed"), (len(result["false_threats"]), "probable"),
            (result["false_alerts"], "unit alerts"), (result["false_drafts"], "drafted warnings"),
        )
    ]  # fmt: skip
    console.print("raised for no true threat, nor a stage of one: " + ", ".join(false))
    if result["stages"]:
        console.print("spent stages taken for threats: " + ", ".join(result["stages"]))


def _tracking_rows(score: TrackingScore) -> list[tuple[str, str, str]]:
    part = score.siap
    cut = f"cutoff {score.cutoff_m / 1000.0:g} km, p 2, alpha 2, root mean square over time"
    accuracy = f"{_si(part.position_accuracy_m, 'm')}, {_si(part.velocity_accuracy_m_s, 'm/s')}"
    changes = f"{_hourly(part.number_change_rate_s)}, {score.breaks} breaks"
    bounds = "1 where errors are as large as the filter says"
    return [
        ("objects, confirmed tracks", f"{score.object_count}, {score.track_count}", ", ".join(score.kinds)),
        ("GOSPA", _km(score.gospa_m), cut),
        ("  localisation", _km(score.gospa_localisation_m), "squares of the three add to that of GOSPA"),
        ("  missed", _km(score.gospa_missed_m), ""),
        ("  false", _km(score.gospa_false_m), ""),
        ("OSPA", _km(score.ospa_m), "0 to the cutoff"),
        ("completeness", _si(part.completeness, "", 3), "share of objects tracked"),
        ("ambiguity", _si(part.ambiguity, "", 3), "tracks on each tracked object"),
        ("spuriousness", _si(part.spuriousness, "", 3), f"share of tracks on nothing; {score.false_track_s:.0f} s"),
        ("position, velocity accuracy", accuracy, "mean distance of tracks from their objects"),
        ("changes of track number", f"{score.id_switches}", changes),
        ("longest segment, purity", f"{_si(part.longest_segment, '', 3)}, {_si(score.purity, '', 3)}", ""),
        ("RMSE of updates", f"{_si(score.position_rmse_m, 'm')}, {_si(score.velocity_rmse_m_s, 'm/s')}", ""),
        ("NEES / 6", _si(score.nees_ratio, "", 3), f"{bounds}; {_share(score.nees_above_95)} above the 95 % point"),
        ("NIS / its freedom", _si(score.nis_ratio, "", 3), f"the same; {_share(score.nis_above_95)} above"),
    ]  # fmt: skip


def _object_row(each: ObjectScore) -> tuple[str, ...]:
    return (
        each.object, each.kind, f"{each.life_s:.0f} s", f"{100.0 * each.completeness:.0f} %",
        _si(each.first_tracked_s, "s"), str(each.id_switches), str(each.breaks), _si(each.position_rmse_m, "m"),
        _si(each.velocity_rmse_m_s, "m/s"), _si(each.nees_ratio, "", 3),
    )  # fmt: skip


def _table(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], sides: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    from tocsin.cli.screen import plain

    table = Table(
        title=Text(plain(title)), title_justify="left", title_style="bold", box=None, pad_edge=False,
        show_header=any(heads),
    )  # fmt: skip
    for head, side in zip(heads, sides, strict=True):
        table.add_column(head, justify="right" if side == "r" else "left", no_wrap=side == "r")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    return table


def _in_regions(each: dict[str, Any]) -> tuple[Any, Any, Any]:
    return each["in_50"], each["in_90"], each["in_99"]


def _yes(value: bool | None) -> str:
    return "-" if value is None else "yes" if value else "no"


def _km(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value / 1000.0:.1f} km" if abs(value) >= 10_000.0 else f"{value:.0f} m"


def _si(value: float | None, unit: str, digits: int = 1) -> str:
    if value is None:
        return "-"
    return f"{value:.{digits}f} {unit}".rstrip()


def _said_later(value: float | None) -> str:
    return "" if value is None else f"{abs(value):.0f} s {'late' if value > 0 else 'early'}"


def _left(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} s before it"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100.0 * value:.1f} %"


def _hourly(rate_s: float | None) -> str:
    return "-" if rate_s is None else f"{3600.0 * rate_s:.2f} an hour tracked"
