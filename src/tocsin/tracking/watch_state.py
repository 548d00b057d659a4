"""What the tracker remembers of each sensor's honesty, and which sensors stand behind each track, as bits."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
from msgspec.structs import replace

from tocsin.kernels.track_memory import add_support
from tocsin.kernels.track_observe import ROWS
from tocsin.kernels.track_watch import BEFORE, EPOCH, EVER, NOW, SHIFT_COUNT
from tocsin.messages import Column
from tocsin.units import NS_PER_S

Trust = Literal["trusted", "suspect", "ignored"]
Fault = Literal["", "clock", "offset", "stuck", "noise"]
KEPT = 30  # scans whose innovations are kept, and ...
SEEN = 64  # ... digests of scans, to know a repeated one by
SENSOR_MAX = 62  # sensors that have a bit; further ones are believed, unwatched
STRAY_SCANS = 2  # a sensor that sees tracks displaced in so many scans in a row disagrees with those who see them
EPOCH_S = 10  # support is kept for the present so many seconds, and for those before


class Suspicion(msgspec.Struct):
    """One way a sensor may lie: its score, ln of the odds, never below 0; when that rose, and of how many scans."""

    score: float = 0.0
    since_ns: int = 0
    count: int = 0

    def add(self, gain: float, decay: float, most: float, now_ns: int) -> None:
        """One scan's evidence; a score that falls to nothing begins anew."""
        score = min(self.score * decay + gain, most)
        if score <= 0.0:
            self.score, self.since_ns, self.count = 0.0, 0, 0
            return
        if self.score <= 0.0:
            self.since_ns = now_ns
        self.score = score
        self.count += 1 if gain > 0.0 else 0


class SensorRecord(msgspec.Struct, kw_only=True):
    """One sensor. Arrays and lists are replaced, never written into. Times ns UTC, by the sensor's own clock."""

    bit: int  # its place in support masks; -1: none left
    rows: int  # numbers that one plot of it measures
    count: int = 0  # scans heard
    heard_ns: int = 0  # end of its newest scan
    trust: Trust = "trusted"
    fault: Fault = ""
    since_ns: int = 0  # when trust last changed
    bad_ns: int = 0  # when there was last a reason not to trust it more
    good_count: int = 0  # scans since then that showed tracks where they are
    is_spared: bool = False  # it would be ignored, but too few others are left
    ratio: float = 1.0  # its innovations squared over what is normal, which its variances are multiplied by
    stray_count: int = 0  # scans in a row that show references displaced, judged by these or not ...
    stray_ns: int = 0  # ... and the end of the last
    clock: Suspicion = msgspec.field(default_factory=Suspicion)  # of the shift that fits best
    offset: Suspicion = msgspec.field(default_factory=Suspicion)
    stuck: Suspicion = msgspec.field(default_factory=Suspicion)
    noise: Suspicion = msgspec.field(default_factory=Suspicion)
    shift_score: Column = msgspec.field(default_factory=lambda: np.zeros(SHIFT_COUNT))  # by shift, as ``score``
    shift_ns: Column = msgspec.field(default_factory=lambda: np.zeros(SHIFT_COUNT, np.int64))
    shift_count: Column = msgspec.field(default_factory=lambda: np.zeros(SHIFT_COUNT, np.int64))
    weight: Column = msgspec.field(default_factory=lambda: np.zeros(SHIFT_COUNT))  # 1/s2 ...
    weighted_s: Column = msgspec.field(default_factory=lambda: np.zeros(SHIFT_COUNT))  # ... times the shift, 1/s
    bias: Column = msgspec.field(default_factory=lambda: np.zeros(ROWS))  # constant error supposed: m or rad ...
    bias_var: Column = msgspec.field(default_factory=lambda: np.ones(ROWS))
    nis: list[float] = []  # of the last scans: normalised innovations squared, over their chi-square median ...
    beyond: list[bool] = []  # ... whether they passed the bound that one in twenty passes ...
    median: float = 0.0  # ... and the median of the first: 1 for an honest sensor; 0: too few scans
    digests: list[int] = []  # of the last scans with plots

    def stray(self, balance: float, now_ns: int) -> None:
        """Note a scan by the number of references it shows displaced, less that of those where they are."""
        if balance > 0.0:
            self.stray_count, self.stray_ns = self.stray_count + 1, now_ns
        elif balance < 0.0:
            self.stray_count = 0

    @property
    def clock_error(self) -> tuple[float, float]:
        """Error of the sensor's clock, s, positive where it is ahead, and one sigma of it."""
        k = int(np.argmax(self.shift_score))
        weight = float(self.weight[k])
        if weight <= 0.0:
            return 0.0, 0.0
        return -float(self.weighted_s[k]) / weight, weight**-0.5


class SensorWatch(msgspec.Struct, kw_only=True):
    """All sensors by name."""

    sensors: dict[str, SensorRecord] = {}
    bit_rows: Column = msgspec.field(default_factory=lambda: np.zeros(0, np.int64))  # numbers a plot of each measures

    def record(self, sensor: str, rows: int) -> SensorRecord:
        """The record of a sensor, made when it is first heard."""
        known = self.sensors.get(sensor)
        if known is None:
            bit = len(self.sensors) if len(self.sensors) < SENSOR_MAX else -1
            known = self.sensors[sensor] = SensorRecord(bit=bit, rows=rows)
            if bit >= 0:
                self.bit_rows = np.append(self.bit_rows, min(rows, 3))
        return known

    def mask(self, trust: Trust) -> int:
        """Bits of the sensors that are trusted so far."""
        return sum(1 << r.bit for r in self.sensors.values() if r.trust == trust and r.bit >= 0)

    def astray(self, now_ns: int) -> int:
        """Bits of the sensors that lately saw tracks displaced, scan after scan."""
        since_ns = now_ns - EPOCH_S * NS_PER_S
        return sum(
            1 << r.bit
            for r in self.sensors.values()
            if r.stray_count >= STRAY_SCANS and r.stray_ns >= since_ns and r.bit >= 0
        )


def support_rows(watch: SensorWatch, masks: Column, allowed: int) -> Column:
    """(n,) numbers that one plot each of the allowed sensors in each mask would measure."""
    rows = np.zeros(masks.shape[0], np.int64)
    for record in watch.sensors.values():
        if record.bit >= 0 and allowed >> record.bit & 1:
            rows += np.where(masks >> record.bit & 1, min(record.rows, 3), 0)
    return rows


def note_support(support: Column, slots: Column, bit: int, end_ns: int) -> None:
    """A sensor fed tracks in a scan that ended then: rows ``slots`` of TrackerState.support, (T, 4) int64."""
    if bit >= 0:
        add_support(support, slots, bit, end_ns // (EPOCH_S * NS_PER_S))


def merge_support(support: Column, older: int, younger: int) -> None:
    """Two tracks are one: all that fed either has fed the older, as lately as the one of them last fed."""
    a, b = support[older].copy(), support[younger].copy()
    first, last = (a, b) if a[EPOCH] <= b[EPOCH] else (b, a)
    apart = last[EPOCH] - first[EPOCH]
    last[NOW] |= first[NOW] if apart == 0 else 0
    last[BEFORE] |= first[BEFORE] if apart == 0 else first[NOW] if apart == 1 else 0
    last[EVER] |= first[EVER]
    support[older] = last


def kept(watch: SensorWatch) -> SensorWatch:
    """A copy of it as it is now. Lists and arrays are shared: they are replaced, never written into."""
    return SensorWatch(sensors={name: _kept(each) for name, each in watch.sensors.items()}, bit_rows=watch.bit_rows)


def _kept(record: SensorRecord) -> SensorRecord:
    return replace(
        record, clock=replace(record.clock), offset=replace(record.offset), stuck=replace(record.stuck),
        noise=replace(record.noise),
    )  # fmt: skip


def watch_bytes(watch: SensorWatch) -> bytes:
    """The same watch, the same bytes."""
    return _ENCODER.encode(watch)


def _raw(value: object) -> tuple[str, bytes]:
    assert isinstance(value, np.ndarray)
    return value.dtype.str, value.tobytes()


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_raw)
