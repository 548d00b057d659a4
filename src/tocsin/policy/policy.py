"""Rules as data, with defaults: everything here can be overridden in a scenario's ``[policy]``.

All values are notional exercise defaults. Durations in seconds, probabilities from 0 to 1.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Role = Literal["director", "operator", "approver", "authority", "commander", "member", "spokesperson"]


class _Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules refuse keys they do not know."""


class ScreenPolicy(_Rules, frozen=True, kw_only=True):
    """When a plot is believed, and when a sensor counts as silent."""

    max_age_s: float = 30.0  # older plots are refused
    max_ahead_s: float = 0.5  # plots from the future are refused
    silent_after_periods: float = 1.0  # a scan is due so many periods after the one before ...
    silent_overdue_s: float = 1.0  # ... and a sensor silent when it is so much overdue: told at the next tick, in 2 s
    refraction_ratio_std: float = 0.05  # of the bending taken out, its error in the air of the day: 15 N-units of 313
    refraction_plots: float = 100.0  # that error is alike in so many plots in a row: each is widened by its share


class TrackPolicy(_Rules, frozen=True, kw_only=True):
    """Motion models, association, starting and dropping of the tracker. Notional; spreads are one sigma."""

    gate_prob: float = 0.999  # a true plot lies inside the gate
    false_confirm_prob: float = 1e-7  # sequential test: a track begun by a false plot is confirmed this seldom ...
    true_drop_prob: float = 0.01  # ... and one begun by an object dropped, on misses alone, this seldom
    stranger_density_per_m3: float = 1e-14  # position reports of other aircraft: one in 100 x 100 x 10 km
    confirm_hits: int = 4  # plots that confirm where a sensor states no density of false plots
    miss_limit: int = 3  # a tentative track is dropped after so many scans in a row that looked at it in vain
    plume_motion_nis: float = 20.0  # infrared alone: speed in its own sigmas, squared, needed to confirm (chi2 3: 2e-4)
    lost_misses: int = 15  # a confirmed track is dropped after so many such scans in a row
    tentative_gap_s: float = 30.0  # a tentative track without a plot for so long is dropped
    level_gap_s: float = 60.0  # a confirmed track in level flight ...
    burning_gap_s: float = 120.0  # ... under thrust ...
    coast_gap_s: float = 600.0  # ... in ballistic flight; sooner where it must be on the ground
    window_s: float = 10.0  # a scan that is late by no more than this is put in its place; a later one is refused
    late_limit_s: float = 12.0  # a plot older, when its scan ended, than a track's state by more is not used for it
    merge_prob: float = 0.99  # two tracks whose difference lies inside this bound are one
    merge_young_hits: int = 12  # a track is compared with older ones until it has so many plots
    split_along_m: float = 400.0  # what comes off a track is first seen so far ahead of or behind it ...
    split_across_m: float = 100.0  # ... or aside ...
    split_speed_along_m_s: float = 60.0  # ... and has gained so much speed ahead or back ...
    split_speed_across_m_s: float = 10.0  # ... or aside
    split_log_beta_std: float = 1.0  # of its ballistic coefficient, about that of the track it came off
    split_miss_limit: int = 5  # it is dropped, while tentative, after so many looks in vain: one radar may see one plot
    bias_memory_s: float = 259_200.0  # sensors' biases drift back to their priors in so long (three days)
    refractivity_std: float = 0.0  # N-units, of the air over the surveyed one, one for all radars; 0: as surveyed
    task_every_s: float = 5.0  # a radar is asked for a track at most this often
    task_speed_min_m_s: float = 700.0  # and only for tracks faster than this
    log_beta_mean: float = 8.294  # ln(4000 kg/m2), prior of the ballistic coefficient
    log_beta_std: float = 0.30  # of it
    log_beta_var_per_m: float = 6.7e-7  # at 50 km, in proportion to height: density off the standard by 0.2 at 80 km
    coast_noise: float = 5e-7  # (m/s2)2 s: gravity beyond J2, 1.4 cm/s in 400 s
    drag_error_ratio: float = 0.02  # of the drag itself, along it ...
    drag_error_memory_s: float = 5.0  # ... lasting so long
    jerk_noise: float = 5.0  # (m/s3)2 s: how thrust acceleration wanders
    boost_end_rate_per_s: float = 1.0 / 60.0  # thrust ends
    idle_end_rate_per_s: float = 1.0  # thrust estimated near zero has ended
    idle_thrust_m_s2: float = 4.0  # what near zero means
    level_noise: float = 25.0  # (m/s2)2 s: aircraft, horizontal
    level_climb_noise: float = 1.0  # (m/s2)2 s: aircraft, vertical
    turn_m_s2: float = 12.0  # an aircraft's turn, tried when straight flight misses
    turn_nis: float = 8.0  # what a miss is
    high_burn_prob: float = 0.1  # that what was first seen higher than level flight, and by no infrared, burns
    dead_prob: float = 1e-9  # a model less probable is given up
    own_prob: float = 0.99  # above it ballistic flight speaks for itself, without mixing
    velocity_std_m_s: float = 4_000.0  # radar and position reports: prior of each axis
    level_speed_std_m_s: float = 300.0  # the same for an aircraft, horizontal
    level_height_max_m: float = 25_000.0  # nothing flies level above
    cue_height_m: float = 15_000.0  # where a plume is first seen, above cloud ...
    cue_height_std_m: float = 6_000.0  # ... give or take, so less sure along a sight the more it grazes ...
    cue_along_std_m: float = 150_000.0  # ... but no less sure than this
    cue_speed_m_s: float = 300.0  # upward, when first seen
    cue_velocity_std_m_s: float = 1_200.0  # each axis of it
    thrust_m_s2: float = 20.0  # upward, when first seen
    thrust_std_m_s2: float = 14.0  # each axis of it
    exhaust_m_s: float = 2_600.0  # thrust acceleration grows as its square over this, as mass burns away
    unlit_plot_ratio: float = 0.02  # how much less likely infrared is to see what does not burn
    watch_gate_prob: float = 0.9999  # a plot of an honest sensor lies so probably within this bound of its track
    suspect_score: float = 10.0  # ln of the odds that a sensor lies, at which it is suspect, so down-weighted ...
    liar_score: float = 14.0  # ... and at which it is ignored ...
    liar_scans: int = 4  # ... where so many scans spoke against it ...
    liar_span_s: float = 6.0  # ... over so long
    liar_memory_s: float = 60.0  # evidence fades with this time constant; a sensor unheard so long is no witness
    clock_fault_min_s: float = 0.3  # smaller clock errors are estimated, not sought here
    noise_false_prob: float = 1e-6  # an honest sensor's innovations leave their bound so rarely
    noise_ignore_ratio: float = 4.0  # a sensor is ignored from so many times the innovations squared of others
    trust_again_s: float = 30.0  # a sensor is trusted again after behaving so long ...
    trust_again_scans: int = 10  # ... in so many scans at least


class LadderPolicy(_Rules, frozen=True, kw_only=True):
    """The confirmation ladder of design/warning.md."""

    probable_prob: float = 0.90  # of ballistic_missile, to reach PROBABLE
    confirmed_prob: float = 0.95  # of ballistic_missile, to reach CONFIRMED
    refuted_prob: float = 0.10  # below this a threat that stood on a rung is REFUTED
    min_plots_per_kind: int = 3  # plots of one phenomenology before it counts as evidence


class AssessPolicy(_Rules, frozen=True, kw_only=True):
    """Priors and spreads behind class, launch and impact estimates. All notional; the spreads are one sigma."""

    prior: tuple[float, ...] = (0.10, 0.006, 0.25, 0.50, 0.02, 0.124)  # over CLASSES, before any motion is known
    cue_prob: float = 0.50  # of ballistic_missile, to stand on CUE
    hold_ticks: int = 2  # ticks in a row a probability must hold before a rung is climbed
    hold_alone_ticks: int = 6  # ... where no infrared has seen it: a satellite's first velocities look like a missile's
    refute_ticks: int = 5  # ... and before a threat is refuted
    density_ratio_std_20km: float = 0.05  # air density relative to the standard at 20 km ...
    density_ratio_std_80km: float = 0.20  # ... and at 80 km, linear between, one draw for all heights
    wind_std_m_s: float = 15.0  # each horizontal component at 12 km
    burn_max_s: float = 140.0  # generic longest burn: what may remain of it spreads the fan during boost
    burn_left_min_s: float = 8.0  # and never less than this while it burns
    exhaust_m_s: float = 2_600.0  # generic exhaust speed: how specific thrust grows as the mass is burnt
    lift_off_thrust_m_s2: float = 20.0  # generic specific thrust at launch ...
    thrust_ratio_std: float = 0.3  # ... and its relative spread, also later in the burn
    burnt_share_max: float = 0.85  # of the mass there is now, burnt at most before cut-off
    thrust_direction_std_rad: float = 0.08  # of the mean thrust in what remains of the burn, off the velocity
    rise_exponent: float = 0.96  # early in a boost, climb rate grows as (time since launch) ** this at the ground ...
    rise_exponent_per_m: float = 1.3e-5  # ... plus this per metre of height already gained
    rise_exponent_std: float = 0.12  # from runs of generic single-stage boosts, see stages/assess/launch.py
    lean_exponent: float = 2.05  # ... and ground speed as ** this: vertical rise first, then pitch-over
    lean_exponent_per_m: float = 0.95e-5
    lean_exponent_std: float = 0.35
    burnout_height_m: float = 60_000.0  # seen by radar only: where a notional boost ended
    burnout_height_std_m: float = 20_000.0
    fall_max_s: float = 3_600.0  # a longer fall counts as none on this pass
    quiet_period_s: float = 30.0  # a track that is plainly no threat is reported this often
    continue_within_s: float = 150.0  # a new track may continue a lost threat this long ...
    continue_gate_m: float = 30_000.0  # ... if it appears this close to where the threat should be


class AlertPolicy(_Rules, frozen=True, kw_only=True):
    """Alerts to units."""

    acknowledge_within_s: float = 20.0
    resend_limit: int = 2
    escalate_to: str = "director"


class EngagePolicy(_Rules, frozen=True, kw_only=True):
    """Notional engagement doctrine."""

    doctrine: Literal["single", "salvo", "shoot_look_shoot"] = "shoot_look_shoot"
    salvo_count: int = 2  # shots in one salvo; the most shots at one threat under shoot_look_shoot
    look_s: float = 15.0  # time to see the outcome before the next shot
    rung_needed: Literal["PROBABLE", "CONFIRMED"] = "CONFIRMED"  # lowest rung of the ladder that is engaged
    authority_role: Role = "authority"
    intercept_height_min_m: float = 20_000.0


class WarnPolicy(_Rules, frozen=True, kw_only=True):
    """Public warnings and debris notices."""

    harm_threshold_prob: float = 0.01  # a zone is warned above this probability of impact in or near it
    harm_release_prob: float = 0.002  # and dropped again only below this
    harm_radius_m: float = 2_000.0  # people this close to the impact are harmed
    send_when_probable_below_s: float = 300.0  # time to impact under which PROBABLE may be sent
    update_min_s: float = 10.0  # a revision at most this often, unless zones are added
    expiry_s: float = 1_800.0
    renew_before_s: float = 30.0
    pending_limit_s: float = 240.0  # an unapproved draft expires, visibly, after this
    break_glass_below_s: float = 90.0  # single-person path below this time to impact
    is_break_glass_allowed: bool = False
    is_unreviewed_text_allowed: bool = True  # exercise default; a live draft never is
    debris_notice_s: float = 259_200.0  # the ground stays dangerous for three days, unless cleared
    max_zones: int = 400
    languages: tuple[str, ...] = ("tr", "en")
    channels: tuple[str, ...] = ("cell_broadcast", "sirens", "broadcast_media", "app")


class PosturePolicy(_Rules, frozen=True, kw_only=True):
    """Fictional posture levels; each level's crew reaction time in seconds."""

    levels: tuple[str, ...] = ("normal", "raised")
    crew_reaction_s: tuple[float, ...] = (90.0, 25.0)
    sensor_duty: tuple[float, ...] = (1.0,)  # share of its search scans a radar makes at each level; one: at all levels
    initial_level: str = "normal"
    members_count: int = 32
    silence_s: float = 3_600.0
    level_limit_s: float = 86_400.0


class DebrisPolicy(_Rules, frozen=True, kw_only=True):
    """Debris footprint."""

    fragment_count: int = 240  # sampled pieces of one intercept, half of them for each body
    exposed_area_m2: float = 1.0  # casualty area per piece, after 14 CFR 420 App. C form, rounded
    known_area_m2: float = 1e10  # an unreported impact with a wider 90 % region makes no ground dangerous


class ReleasePolicy(_Rules, frozen=True, kw_only=True):
    """What may be said."""

    host_nation: str = "TR"  # ISO 3166 alpha-2: told first, its districts said first
    casualties_from: str = "local authority"  # the actor who reports casualties; nobody else is believed
    time_grain_s: float = 300.0
    statement_after_s: float = 60.0  # after the event is over


class Budgets(_Rules, frozen=True, kw_only=True):
    """Time allowed from the estimated launch to each step of the clock, seconds. Yardsticks, not limits."""

    first_detection_s: float = 90.0
    identified_s: float = 150.0
    confirmed_s: float = 240.0
    units_alerted_s: float = 250.0
    acknowledged_s: float = 280.0
    public_draft_s: float = 250.0
    approved_s: float = 300.0
    interceptor_launched_s: float = 600.0  # "in less than ten minutes", NATO, March 2026
    intercept_or_impact_s: float = 700.0
    debris_down_s: float = 2_400.0
    statement_s: float = 1_800.0


class Policy(_Rules, frozen=True, kw_only=True):
    """All rules a pipeline runs under."""

    screen: ScreenPolicy = ScreenPolicy()
    track: TrackPolicy = TrackPolicy()
    ladder: LadderPolicy = LadderPolicy()
    assess: AssessPolicy = AssessPolicy()
    alert: AlertPolicy = AlertPolicy()
    engage: EngagePolicy = EngagePolicy()
    warn: WarnPolicy = WarnPolicy()
    posture: PosturePolicy = PosturePolicy()
    debris: DebrisPolicy = DebrisPolicy()
    release: ReleasePolicy = ReleasePolicy()
    budgets: Budgets = Budgets()
