"""Ranges and references of the rules: every number lies in one table, every name it mentions exists."""

from __future__ import annotations

import math
import typing
from collections.abc import Iterable

from tocsin.errors import ScenarioError
from tocsin.messages import CLASSES
from tocsin.policy import Policy, Role
from tocsin.scenario.ranges import Range, within

DAY_S, YEAR_S = 86_400.0, 31_536_000.0
_SECONDS: Range = (0.0, DAY_S, "s")
_SOME_SECONDS: Range = (0.01, DAY_S, "s")
_BUDGET: Range = (0.0, YEAR_S, "s")
_PROB: Range = (0.0, 1.0, "probability")
_INNER_PROB: Range = (1e-12, 0.999999, "probability")  # of a bound that 0 and 1 would put at nothing and at infinity

POLICY_RANGES: dict[str, Range] = {
    "screen.max_age_s": _SECONDS,
    "screen.max_ahead_s": _SECONDS,
    "screen.silent_after_periods": (1.0, 1_000.0, "count"),
    "screen.silent_overdue_s": _SECONDS,
    "screen.refraction_ratio_std": (0.0, 1.0, "1"),
    "screen.refraction_plots": (0.0, 10_000.0, "count"),
    "track.gate_prob": _INNER_PROB,
    "track.false_confirm_prob": _INNER_PROB,
    "track.true_drop_prob": _INNER_PROB,
    "track.stranger_density_per_m3": (1e-30, 1.0, "1/m3"),
    "track.confirm_hits": (1, 1_000, "count"),
    "track.miss_limit": (1, 1_000, "count"),
    "track.plume_motion_nis": (0.0, 1e6, "1"),
    "track.lost_misses": (1, 10_000, "count"),
    "track.tentative_gap_s": _SOME_SECONDS,
    "track.level_gap_s": _SOME_SECONDS,
    "track.burning_gap_s": _SOME_SECONDS,
    "track.coast_gap_s": _SOME_SECONDS,
    "track.window_s": (0.0, 60.0, "s"),
    "track.late_limit_s": _SECONDS,
    "track.merge_prob": _INNER_PROB,
    "track.merge_young_hits": (0, 10_000, "count"),
    "track.bias_memory_s": (1.0, 1e9, "s"),
    "track.refractivity_std": (0.0, 100.0, "N-units"),
    "track.task_every_s": _SECONDS,
    "track.task_speed_min_m_s": (0.0, 20_000.0, "m/s"),
    "track.log_beta_mean": (0.0, 14.0, "1, of kg/m2"),
    "track.log_beta_std": (0.001, 5.0, "1"),
    "track.log_beta_var_per_m": (0.0, 0.01, "1/m"),
    "track.coast_noise": (0.0, 1e4, "(m/s2)2 s"),
    "track.drag_error_ratio": (0.0, 10.0, "1"),
    "track.drag_error_memory_s": _SOME_SECONDS,
    "track.jerk_noise": (0.0, 1e6, "(m/s3)2 s"),
    "track.boost_end_rate_per_s": (0.0, 100.0, "1/s"),
    "track.idle_end_rate_per_s": (0.0, 100.0, "1/s"),
    "track.idle_thrust_m_s2": (0.0, 1_000.0, "m/s2"),
    "track.level_noise": (0.0, 1e6, "(m/s2)2 s"),
    "track.level_climb_noise": (0.0, 1e6, "(m/s2)2 s"),
    "track.turn_m_s2": (0.0, 1_000.0, "m/s2"),
    "track.turn_nis": (0.0, 1e6, "1"),
    "track.high_burn_prob": (0.0, 0.999999, "1"),
    "track.dead_prob": _INNER_PROB,
    "track.own_prob": _INNER_PROB,
    "track.velocity_std_m_s": (1.0, 20_000.0, "m/s"),
    "track.level_speed_std_m_s": (1.0, 20_000.0, "m/s"),
    "track.level_height_max_m": (0.0, 200_000.0, "m"),
    "track.cue_height_m": (0.0, 200_000.0, "m"),
    "track.cue_height_std_m": (1.0, 1e5, "m"),
    "track.cue_along_std_m": (1.0, 1e6, "m"),
    "track.cue_speed_m_s": (0.0, 20_000.0, "m/s"),
    "track.cue_velocity_std_m_s": (1.0, 20_000.0, "m/s"),
    "track.thrust_m_s2": (0.0, 1_000.0, "m/s2"),
    "track.thrust_std_m_s2": (0.1, 1_000.0, "m/s2"),
    "track.split_along_m": (1.0, 100_000.0, "m"),
    "track.split_across_m": (1.0, 100_000.0, "m"),
    "track.split_speed_along_m_s": (0.1, 5_000.0, "m/s"),
    "track.split_speed_across_m_s": (0.1, 5_000.0, "m/s"),
    "track.split_log_beta_std": (0.01, 5.0, "1"),
    "track.split_miss_limit": (1, 1_000, "count"),
    "track.exhaust_m_s": (500.0, 10_000.0, "m/s"),
    "track.unlit_plot_ratio": (1e-12, 1.0, "1"),
    "track.watch_gate_prob": _INNER_PROB,
    "track.suspect_score": (0.1, 1_000.0, "1"),
    "track.liar_score": (0.1, 1_000.0, "1"),
    "track.liar_scans": (1, 1_000, "count"),
    "track.liar_span_s": _SECONDS,
    "track.liar_memory_s": _SOME_SECONDS,
    "track.clock_fault_min_s": (0.0, 6.0, "s"),
    "track.noise_false_prob": _INNER_PROB,
    "track.noise_ignore_ratio": (1.0, 1e6, "1"),
    "track.trust_again_s": _SECONDS,
    "track.trust_again_scans": (1, 10_000, "count"),
    "ladder.probable_prob": _PROB,
    "ladder.confirmed_prob": _PROB,
    "ladder.refuted_prob": _PROB,
    "ladder.min_plots_per_kind": (1, 1_000, "count"),
    "assess.prior": _PROB,
    "assess.cue_prob": _PROB,
    "assess.hold_ticks": (1, 1_000, "count"),
    "assess.hold_alone_ticks": (1, 1_000, "count"),
    "assess.refute_ticks": (1, 1_000, "count"),
    "assess.density_ratio_std_20km": (0.0, 1.0, "1"),
    "assess.density_ratio_std_80km": (0.0, 1.0, "1"),
    "assess.wind_std_m_s": (0.0, 200.0, "m/s"),
    "assess.burn_max_s": (1.0, 1_000.0, "s"),
    "assess.burn_left_min_s": (0.0, 1_000.0, "s"),
    "assess.exhaust_m_s": (500.0, 10_000.0, "m/s"),
    "assess.lift_off_thrust_m_s2": (1.0, 1_000.0, "m/s2"),
    "assess.thrust_ratio_std": (0.0, 1.0, "1"),
    "assess.burnt_share_max": (0.01, 0.99, "1"),
    "assess.thrust_direction_std_rad": (0.0, 1.0, "rad"),
    "assess.rise_exponent": (0.1, 10.0, "1"),
    "assess.rise_exponent_per_m": (0.0, 0.001, "1/m"),
    "assess.rise_exponent_std": (0.0, 10.0, "1"),
    "assess.lean_exponent": (0.1, 10.0, "1"),
    "assess.lean_exponent_per_m": (0.0, 0.001, "1/m"),
    "assess.lean_exponent_std": (0.0, 10.0, "1"),
    "assess.burnout_height_m": (1_000.0, 500_000.0, "m"),
    "assess.burnout_height_std_m": (0.0, 500_000.0, "m"),
    "assess.fall_max_s": (1.0, DAY_S, "s"),
    "assess.quiet_period_s": _SECONDS,
    "assess.continue_within_s": _SECONDS,
    "assess.continue_gate_m": (0.0, 1e6, "m"),
    "alert.acknowledge_within_s": _SOME_SECONDS,
    "alert.resend_limit": (0, 1_000, "count"),
    "engage.salvo_count": (1, 100, "count"),
    "engage.look_s": _SECONDS,
    "engage.intercept_height_min_m": (0.0, 2e6, "m"),
    "warn.harm_threshold_prob": _PROB,
    "warn.harm_release_prob": _PROB,
    "warn.harm_radius_m": (0.0, 100_000.0, "m"),
    "warn.send_when_probable_below_s": _SECONDS,
    "warn.update_min_s": _SECONDS,
    "warn.expiry_s": (1.0, YEAR_S, "s"),
    "warn.renew_before_s": _SECONDS,
    "warn.pending_limit_s": _SOME_SECONDS,
    "warn.break_glass_below_s": _SECONDS,
    "warn.debris_notice_s": (0.0, YEAR_S, "s"),
    "warn.max_zones": (1, 100_000, "count"),
    "posture.crew_reaction_s": _SECONDS,
    "posture.sensor_duty": (0.01, 1.0, "1"),
    "posture.members_count": (0, 1_000, "count"),
    "posture.silence_s": (0.0, YEAR_S, "s"),
    "posture.level_limit_s": (0.0, YEAR_S, "s"),
    "debris.fragment_count": (16, 100_000, "count"),
    "debris.exposed_area_m2": (0.0, 1e6, "m2"),
    "debris.known_area_m2": (0.0, 1e15, "m2"),
    "release.time_grain_s": (1.0, DAY_S, "s"),
    "release.statement_after_s": _SECONDS,
    **{f"budgets.{key}": _BUDGET for key in Policy().budgets.__struct_fields__},
}
"""Lowest, highest, unit of every number in the policy; of a list, of each entry."""

_NOT_ABOVE = (  # the first may not be above the second
    ("warn.harm_release_prob", "warn.harm_threshold_prob"),
    ("warn.renew_before_s", "warn.expiry_s"),
    ("ladder.refuted_prob", "ladder.probable_prob"),
    ("ladder.probable_prob", "ladder.confirmed_prob"),
)


def check_policy(policy: Policy, actors: frozenset[str], where: str) -> None:
    """Refuse rules that nothing can run under; raises ScenarioError at the first fault."""
    at = f"{where}: policy"
    for key, limits in POLICY_RANGES.items():
        value = value_of(policy, key)
        for entry in value if isinstance(value, tuple) else (value,):
            within(entry, limits, f"{at}.{key}")
    for lower, upper in _NOT_ABOVE:
        if value_of(policy, lower) > value_of(policy, upper):
            raise ScenarioError(
                f"is above {upper} = {value_of(policy, upper):g}", where=f"{at}.{lower}",
                value=value_of(policy, lower), remedy="lower the one or raise the other",
            )  # fmt: skip
    prior = policy.assess.prior
    if len(prior) != len(CLASSES) or abs(math.fsum(prior) - 1.0) > 0.01:
        raise ScenarioError(
            f"needs {len(CLASSES)} probabilities that sum to 1, for {', '.join(CLASSES)}",
            where=f"{at}.assess.prior", value=list(prior), remedy="give one for each class, in that order",
        )  # fmt: skip
    levels = policy.posture
    _names(levels.levels, None, f"{at}.posture.levels")
    if len(levels.levels) != len(levels.crew_reaction_s) or levels.initial_level not in levels.levels:
        raise ScenarioError(
            "posture needs one crew_reaction_s for each level and an initial_level among them",
            where=f"{at}.posture",
        )
    if len(levels.sensor_duty) not in (1, len(levels.levels)):
        raise ScenarioError(
            f"needs one share for each of {len(levels.levels)} levels, or one for all",
            where=f"{at}.posture.sensor_duty", value=list(levels.sensor_duty), remedy="give as many as levels",
        )  # fmt: skip
    _references(policy, actors, at)


def _references(policy: Policy, actors: frozenset[str], at: str) -> None:
    from tocsin.texts import channels, countries, languages  # only here: a scenario is checked once

    _names(policy.warn.languages, languages(), f"{at}.warn.languages")
    _names(policy.warn.channels, channels(), f"{at}.warn.channels")
    _names((policy.release.host_nation,), countries(), f"{at}.release.host_nation")
    people = {*actors, *typing.get_args(Role)}
    _names((policy.alert.escalate_to,), people, f"{at}.alert.escalate_to")
    _names((policy.release.casualties_from,), None, f"{at}.release.casualties_from")


def _names(given: tuple[str, ...], known: Iterable[str] | None, where: str) -> None:
    """At least one name, each once, each known, or at least a name a person can read."""
    if not given or len(set(given)) < len(given):
        raise ScenarioError("needs at least one name, each once", where=where, value=list(given))
    for name in given:
        if known is not None and name not in (allowed := sorted(known)):
            raise ScenarioError("no such name", where=where, value=name, remedy=f"use one of: {', '.join(allowed)}")
        if not name or len(name) > 64 or not name.isprintable():
            raise ScenarioError("a name has 1 to 64 printable characters", where=where, value=name)


def value_of(policy: Policy, key: str) -> typing.Any:
    """The value of a key as the table names it, ``warn.max_zones``."""
    table, _, field = key.partition(".")
    return getattr(getattr(policy, table), field)
