"""The confirmation ladder of design/warning.md: CUE, PROBABLE, CONFIRMED, and REFUTED from any of them."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.messages import CLASSES, Rung, SensorKind
from tocsin.policy import Policy
from tocsin.scenario import Sensor
from tocsin.stages.assess.memory import RUNGS, TrackMemory

PHENOMENOLOGIES: tuple[SensorKind, ...] = ("infrared", "radar")
"""Kinds that are evidence of their own. A position report does not say what it was derived from."""

_MISSILE = CLASSES.index("ballistic_missile")
_KINDS: tuple[SensorKind, ...] = ("radar", "infrared", "position")  # order of TrackMemory.counts


def data_path(sensor: Sensor) -> str:
    """Sensors on one data path are one source; a sensor that names none has its own."""
    return sensor.data_path or f"sensor:{sensor.name}"


def evidence(credit: Mapping[str, int], sensors: Mapping[str, Sensor], min_plots: int) -> dict[SensorKind, set[str]]:
    """Data paths by kind of sensor, of those that gave at least ``min_plots`` plots."""
    plots: dict[tuple[SensorKind, str], int] = {}
    for name, count in credit.items():
        if name in sensors:
            key = (sensors[name].kind, data_path(sensors[name]))
            plots[key] = plots.get(key, 0) + count
    found: dict[SensorKind, set[str]] = {}
    for (kind, path), count in sorted(plots.items()):
        if count >= min_plots:
            found.setdefault(kind, set()).add(path)
    return found


def independent_kinds(found: Mapping[SensorKind, set[str]]) -> tuple[SensorKind, ...]:
    """Kinds that stand on different data paths; two that share their only one count as the first."""
    kinds = [kind for kind in _KINDS if kind in found]
    chosen: list[SensorKind] = []
    used: set[str] = set()
    for kind in sorted(kinds, key=lambda kind: (len(found[kind]), _KINDS.index(kind))):  # fewest choices first
        free = sorted(found[kind] - used)
        if free:
            chosen.append(kind)
            used.add(free[0])
    return tuple(kind for kind in _KINDS if kind in chosen)


def lost_phenomenologies(health: Mapping[str, str], sensors: Mapping[str, Sensor]) -> tuple[str, ...]:
    """Kinds of which no sensor is there: none configured, or all silent, off or ignored."""
    present = {
        sensor.kind
        for sensor in sensors.values()
        if sensor.enabled and health.get(sensor.name, "ok") not in ("silent", "off", "ignored")
    }
    return tuple(kind for kind in PHENOMENOLOGIES if kind not in present)


def count_ticks(memory: TrackMemory, policy: Policy) -> None:
    """Note for how many ticks in a row the class has spoken for, or against, a missile."""
    ladder, prob = policy.ladder, memory.class_prob[_MISSILE]
    is_other = any(memory.best_class == name for name in ("orbital", "aircraft"))
    is_doubted = prob < ladder.refuted_prob or (is_other and max(memory.class_prob) > 0.5)
    memory.cue_ticks = memory.cue_ticks + 1 if prob >= policy.assess.cue_prob else 0
    memory.prob_ticks = memory.prob_ticks + 1 if prob >= ladder.probable_prob else 0
    memory.sure_ticks = memory.sure_ticks + 1 if prob >= ladder.confirmed_prob else 0
    memory.doubt_ticks = memory.doubt_ticks + 1 if is_doubted else 0


def next_rung(
    memory: TrackMemory,
    found: Mapping[SensorKind, set[str]],
    lost: tuple[str, ...],
    is_rising_in_boost: bool,
    policy: Policy,
) -> tuple[Rung, str]:
    """The rung and why. It never falls, except to REFUTED, where it stays."""
    if memory.rung == "REFUTED":
        return "REFUTED", "stays refuted"
    rules, prob = policy.assess, memory.class_prob[_MISSILE]
    if memory.rung != "NONE" and memory.doubt_ticks >= rules.refute_ticks:
        return "REFUTED", f"moves like {memory.best_class}: ballistic missile {prob:.2f}"

    kinds = tuple(kind for kind in independent_kinds(found) if kind in PHENOMENOLOGIES)
    is_confirmed_track = memory.status == "confirmed"
    hold = rules.hold_ticks if "infrared" in found else rules.hold_alone_ticks
    wanted: Rung = "NONE"
    reason = "no sign of a missile"
    if is_confirmed_track and memory.sure_ticks >= rules.hold_ticks and len(kinds) >= 2 and not lost:
        wanted, reason = "CONFIRMED", f"infrared and radar agree: ballistic missile {prob:.2f}"
    elif is_confirmed_track and memory.prob_ticks >= hold and found:
        wanted = "PROBABLE"
        if lost and len(kinds) >= 2:
            held = f"degraded, no {' and no '.join(lost)}"
        elif len(kinds) < 2:
            held = f"{' and '.join(sorted(found))} only"
        else:
            held = "two phenomenologies, class not yet sure"
        reason = f"ballistic missile {prob:.2f}; {held}"
    elif is_confirmed_track and memory.cue_ticks >= (1 if "infrared" in found else hold):
        wanted, reason = "CUE", f"ballistic missile {prob:.2f}"
    elif not is_confirmed_track and memory.counts[1] >= 1 and memory.counts[0] == 0 and is_rising_in_boost:
        wanted, reason = "CUE", "infrared sees something bright that rises"
    if RUNGS.index(wanted) > RUNGS.index(memory.rung):
        return wanted, reason
    return memory.rung, reason if wanted == memory.rung else "keeps its rung"
