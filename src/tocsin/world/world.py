"""The world of one run: what flies, what the sensors report of it, what becomes of simulated launches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tocsin.errors import ScenarioError
from tocsin.messages import Engagement, Message, Posture, Report, SensorStatus, SensorTask
from tocsin.scenario import Scenario, Sensor
from tocsin.units import ns_from_iso, ns_from_s
from tocsin.world.ballistic import Array
from tocsin.world.body import Body, Other
from tocsin.world.breakup import Broken, break_up, interceptor_velocity, places_deg
from tocsin.world.draws import Draws
from tocsin.world.engagements import BASKET_M, Launched, Result, is_killed, launched, nearest_in_flight, report
from tocsin.world.entry import meteor_body, reentry_bodies
from tocsin.world.rise import launch_bodies, rocket_bodies
from tocsin.world.sensors import Infrared, PositionSensor, Radar, Station
from tocsin.world.sensors.sky_tables import WINDOW_S, SkyTables
from tocsin.world.sensors.station import vec3
from tocsin.world.sky import Missile, Orbiter, Plane, draw_air, draw_missile, draw_stages
from tocsin.world.traffic import draw_traffic
from tocsin.world.truth import (
    Row,
    WorldTruth,
    body_rows,
    fragment_rows,
    object_truth,
    threat_rows,
    threat_truth,
)
from tocsin.world.vehicles import vehicle_classes

FIND_AFTER_S = (60.0, 180.0)  # a body that did not go off is reported this long after it came down
FIND_STD_M = 100.0  # error of the place reported, each axis


class World:
    """Everything drawn comes from (seed, run_index, name, number): a fork sees what it would have seen.

    Raises ScenarioError where the scenario cannot fly: unknown place or vehicle class, impossible range or elements.
    """

    def __init__(self, scenario: Scenario, seed: int, run_index: int = 0) -> None:
        truth = scenario.truth
        self._scenario, self._draws = scenario, Draws(seed, run_index)
        self._epoch_ns = ns_from_iso(scenario.epoch)
        vehicle_classes(truth.vehicles)  # a clash of names is refused even where no threat uses the class
        self._air = draw_air(truth, self._draws)
        self._missiles = [draw_missile(threat, truth, self._air, self._draws) for threat in truth.threats]
        self._others = self._all_others()
        bodies: list[Body] = [*self._missiles, *self._others]
        _refuse_namesakes(bodies)
        enabled = [sensor for sensor in scenario.sensors if sensor.enabled]
        self._sky = SkyTables(bodies, lookback_s=max((sensor.scan_period_s for sensor in enabled), default=1.0) + 1.0)
        self._refractivity_deviation = float(
            truth.spread.refractivity_std * self._draws.generator("refractivity").standard_normal()
        )
        self._stations = [self._station(sensor) for sensor in enabled]
        ends_s = np.array((0.0, scenario.duration_s + WINDOW_S))
        for body in bodies:
            if isinstance(body, Orbiter):
                body.states(ends_s)  # elements that do not last are refused now, not in the middle of the run
        for station in self._stations:
            station.platform(ends_s)
        self._radars = {s.sensor.name: s for s in self._stations if isinstance(s, Radar)}
        self._sites = {site.name: site for site in scenario.sites}
        self._until_ns: int | None = None
        self._pending: list[Launched] = []
        self._heard: set[tuple[str, int | None]] = set()
        self._results: list[Result] = []
        self._pieces: dict[str, Broken] = {}
        self._found: dict[str, tuple[float, float]] = {}
        self._to_find = {m.name for m in self._missiles if self._goes_unexploded(m)}

    @property
    def bodies(self) -> tuple[Body, ...]:
        """All that flies in this run, threats first; truth, for tools that show it as such."""
        return (*self._missiles, *self._others)

    @property
    def air(self) -> Array:
        """The air of this run, (4,) as in ``kernels.motion``."""
        return self._air.copy()

    def _all_others(self) -> list[Other]:
        """Everything else that flies. Spent stages come last, so that they change no draw of the rest."""
        truth, epoch_ns, duration_s = self._scenario.truth, self._epoch_ns, self._scenario.duration_s
        others: list[Other] = []
        others.extend(Plane(aircraft) for aircraft in truth.aircraft)
        for number, traffic in enumerate(truth.traffic):
            others.extend(draw_traffic(traffic, number, epoch_ns, duration_s, self._air, self._draws))
        others.extend(Orbiter(satellite, epoch_ns) for satellite in truth.satellites)
        for rocket in truth.rockets:
            others.extend(rocket_bodies(rocket, self._air))
        for launch in truth.launches:
            others.extend(launch_bodies(launch, duration_s, self._air))
        others.extend(meteor_body(meteor, self._air) for meteor in truth.meteors)
        for reentry in truth.reentries:
            rng = self._draws.generator(f"re-entry {reentry.name}")
            others.extend(reentry_bodies(reentry, self._air, rng))
        for missile in self._missiles:
            others.extend(draw_stages(missile, truth, self._air, self._draws))
        return others

    def generate(self, from_ns: int, to_ns: int) -> list[Message]:
        """Scans that end in (from_ns, to_ns], sensors' first words, reports of what happened in it; by arrival.

        Call it for consecutive intervals. ``arrival_ns`` lies in the future by latency and human delay.
        """
        made: list[Message] = []
        if self._until_ns is None:
            start_ns = max(from_ns, self._epoch_ns)
            made.extend(
                SensorStatus(
                    time_ns=start_ns,
                    arrival_ns=start_ns + station.latency_ns,
                    source=station.sensor.name,
                    sensor=station.sensor.name,
                    is_operating=True,
                )
                for station in self._stations
            )
        made.extend(self._resolve(to_ns))
        made.extend(self._finds(from_ns, to_ns))
        self._sky.notice_ends()
        for start_ns, end_ns in self._windows(from_ns, to_ns):
            for station in self._stations:
                made.extend(station.scans(start_ns, end_ns))
        self._until_ns = to_ns
        return sorted(made, key=lambda message: (message.arrival_ns, message.source))

    def hear(self, message: Message) -> list[Message]:
        """React to what the pipeline says: a launch is resolved at its intercept time, sensors obey tasks and posture.

        The report comes from ``generate`` of the interval that holds the intercept, or at once if that has passed;
        looks that a task asks for come from ``generate`` of later intervals.
        """
        now_ns = max(message.time_ns, message.arrival_ns)
        if isinstance(message, SensorTask):
            if message.sensor in self._radars:
                self._radars[message.sensor].hear(message, now_ns)
            return []
        if isinstance(message, Posture):
            for radar in self._radars.values():
                radar.hear(message, now_ns)
            return []
        if not isinstance(message, Engagement):
            return []
        launch = launched(message)
        key = (message.engagement, message.launch_ns)
        if launch is None or message.shots < 1 or key in self._heard:
            return []
        self._heard.add(key)
        self._pending.append(launch)
        return list(self._resolve(self._until_ns)) if self._until_ns is not None else []

    @property
    def truth(self) -> WorldTruth:
        """Truth as of the last interval generated; for scoring only."""
        until_ns = self._epoch_ns if self._until_ns is None else self._until_ns
        threats = [threat_truth(m, self._pieces.get(m.name), self._epoch_ns, until_ns) for m in self._missiles]
        for threat in threats:
            threat.unexploded_deg = self._found.get(threat.name)
        density_low, density_high, east, north = (float(value) for value in self._air)
        return WorldTruth(
            epoch_ns=self._epoch_ns,
            until_ns=until_ns,
            air=(density_low, density_high, east, north),
            threats=threats,
            others=[object_truth(body, self._epoch_ns) for body in self._others],
            launches=list(self._results),
            sensors=[station.truth for station in self._stations],
        )

    def truth_rows(self) -> list[Row]:
        """Rows of truth.csv, columns as in TRUTH_COLUMNS, by object and then time, as far as generated."""
        until_ns = self._epoch_ns if self._until_ns is None else self._until_ns
        rows: list[Row] = []
        for missile in self._missiles:
            rows.extend(threat_rows(missile, self._epoch_ns, until_ns))
            if missile.name in self._pieces and missile.ended_s is not None:
                hit_ns = self._epoch_ns + ns_from_s(missile.ended_s)
                rows.extend(fragment_rows(missile.name, hit_ns, self._pieces[missile.name]))
        for body in self._others:
            rows.extend(body_rows(body, self._epoch_ns, until_ns))
        return rows

    def _station(self, sensor: Sensor) -> Station:
        common = sensor, self._sky, self._epoch_ns, self._draws, self._refractivity_deviation
        if sensor.kind == "radar":
            return Radar(*common, self._duty, self._scenario.policy.posture.initial_level)
        if sensor.kind == "infrared":
            return Infrared(*common, self._scenario.truth.fires)
        return PositionSensor(*common)

    def _windows(self, from_ns: int, to_ns: int) -> Iterator[tuple[int, int]]:
        """An interval cut where windows of the sky tables meet: all sensors use one before the next is made."""
        size_ns = ns_from_s(WINDOW_S)
        while from_ns < to_ns:
            edge_ns = self._epoch_ns + ((from_ns - self._epoch_ns) // size_ns + 1) * size_ns
            yield from_ns, min(edge_ns, to_ns)
            from_ns = edge_ns

    def _duty(self, level: str) -> float:
        """Share of its search scans that a radar makes at a level of posture."""
        posture = self._scenario.policy.posture
        if len(posture.sensor_duty) == 1 or level not in posture.levels:
            return posture.sensor_duty[0]
        return posture.sensor_duty[posture.levels.index(level)]

    def _resolve(self, to_ns: int) -> list[Report]:
        """Outcome of every launch whose intercept time has come, oldest first."""
        due = sorted((p for p in self._pending if p.intercept_ns <= to_ns), key=_order)
        self._pending = [p for p in self._pending if p.intercept_ns > to_ns]
        return [self._outcome(launch) for launch in due]

    def _outcome(self, launch: Launched) -> Report:
        message = launch.message
        missile, away_m = nearest_in_flight(launch, self._missiles, self._epoch_ns)
        if missile is not None and (away_m is None or away_m > BASKET_M):
            missile = None
        is_hit = missile is not None and is_killed(launch, missile.name, self._sites.get(message.site), self._draws)
        place = None
        if missile is not None and is_hit:
            now = np.array(((launch.intercept_ns - self._epoch_ns) / 1e9,))
            position, velocity = missile.states(now)
            place = position[0]
            missile.ended_s = float(now[0])
            flown = interceptor_velocity(self._sites.get(message.site), position[0], velocity[0])
            self._pieces[missile.name] = Broken(
                break_up(
                    position[0], velocity[0], self._air, missile.beta_kg_m2, missile.name in self._to_find,
                    self._draws.generator(f"pieces of {missile.name}"),
                ),
                break_up(
                    position[0], flown, self._air, missile.beta_kg_m2, False,
                    self._draws.generator(f"pieces of the interceptor of {missile.name}"),
                ),
            )  # fmt: skip
        self._results.append(
            Result(
                engagement=message.engagement,
                site=message.site,
                shots=message.shots,
                intercept_ns=launch.intercept_ns,
                threat=None if missile is None else missile.name,
                miss_distance_m=away_m,
                is_hit=is_hit,
            )
        )
        return report(launch, is_hit, place, self._scenario.truth, self._draws)

    def _goes_unexploded(self, missile: Missile) -> bool:
        chance = self._draws.generator(f"unexploded {missile.name}").random()
        return bool(chance < self._scenario.truth.unexploded_prob)

    def _finds(self, from_ns: int, to_ns: int) -> list[Report]:
        """People report a body that came down in (from_ns, to_ns] and did not go off."""
        reports = []
        for missile in self._missiles:
            if missile.name not in self._to_find or missile.name in self._found:
                continue
            broken = self._pieces.get(missile.name)
            down_s, place = missile.impact_s, missile.path.position_m[-1]
            if broken is not None and missile.ended_s is not None:
                pieces = broken.threat
                if not pieces.is_intact.any():
                    continue
                row = int(np.argmax(pieces.is_intact))
                down_s, place = missile.ended_s + float(pieces.time_s[row]), pieces.position_m[row]
            down_ns = self._epoch_ns + ns_from_s(down_s)
            if not from_ns < down_ns <= to_ns:
                continue
            self._found[missile.name] = places_deg(place[None, :])[0]
            rng = self._draws.generator(f"find of {missile.name}")
            found_ns = down_ns + ns_from_s(rng.uniform(*FIND_AFTER_S))
            reports.append(
                Report(
                    time_ns=found_ns,
                    arrival_ns=found_ns,
                    source="local authority",
                    kind="find",
                    reporter="local authority",
                    subject=f"find-{len(self._found)}",
                    outcome="reported",
                    position_ecef_m=vec3(place + FIND_STD_M * rng.standard_normal(3)),
                    text="a body that did not go off lies in the open",
                )
            )
        return reports


def _refuse_namesakes(bodies: list[Body]) -> None:
    """Draws, truth.csv and scores go by the name; those of random traffic and spent stages are made up here."""
    seen: set[str] = set()
    for body in bodies:
        if body.name in seen:
            raise ScenarioError(
                "two that fly have one name", where="truth", value=body.name,
                remedy="rename yours: KIND-NUMBER-NUMBER is for random traffic, NAME/stage-NUMBER for spent stages",
            )  # fmt: skip
        seen.add(body.name)


def _order(launch: Launched) -> tuple[int, str, int]:
    return launch.intercept_ns, launch.message.engagement, launch.message.revision
