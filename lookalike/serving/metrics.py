"""What the bot has done since it started: counts and times, nobody's ids. For /stats and /metrics. No I/O."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from lookalike.answers import Answer, Compared, Comparison, Found, NoFace, NotCompared, NoUsableFace, Unreadable

KEPT_TIMES: Final = 1000
BUCKETS_S: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Stats:
    """Counters by outcome, and how long photos took from their arrival to their answer."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.outcomes: Counter[str] = Counter()  # "card", "picker", "comparison", "no_face", "unreadable:broken", ...
        self.refused_faces: Counter[str] = Counter()  # by RefusalCode
        self.failed: Counter[str] = Counter()  # "timeout", "queue_full", "error", ...
        self.updates: Counter[str] = Counter()  # by kind
        self.times_s: deque[float] = deque(maxlen=KEPT_TIMES)
        self.buckets: Counter[float] = Counter()
        self.time_sum_s = 0.0

    def answered(self, answer: Answer | Comparison) -> None:
        """Count an answer by what it says."""
        match answer:
            case Found(faces=faces):
                self.outcomes["card" if len(faces) == 1 else "picker"] += 1
            case Compared():
                self.outcomes["comparison"] += 1
            case NotCompared(answer=inner):
                self.answered(inner)
            case NoFace():
                self.outcomes["no_face"] += 1
            case NoUsableFace():
                self.outcomes["no_usable_face"] += 1
            case Unreadable(code=code):
                self.outcomes[f"unreadable:{code}"] += 1
        if isinstance(answer, Found | NoUsableFace):
            self.refused_faces.update(str(face.refusal.code) for face in answer.photo.faces if face.refusal)

    def took(self, seconds: float) -> None:
        """Note how long one photo took, wait included."""
        self.times_s.append(seconds)
        self.time_sum_s += seconds
        self.buckets[next((edge for edge in BUCKETS_S if seconds <= edge), math.inf)] += 1

    def percentile_s(self, share: float) -> float:
        """Of the last thousand; 0 when there were none."""
        ordered = sorted(self.times_s)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


class _Families(Collector):
    """The counts as Prometheus' metric families. In a registry of its own: the library's global one is not used."""

    def __init__(self, stats: Stats, gauges: Mapping[str, float]) -> None:
        self._stats = stats
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        """All families, in the order of the page."""
        stats = self._stats
        for name, label, counts, words in (
            ("lookalike_answers", "outcome", stats.outcomes, "Photos answered, by what was said."),
            ("lookalike_refused_faces", "reason", stats.refused_faces, "Faces that could not be used."),
            ("lookalike_failures", "reason", stats.failed, "What got a sentence instead of an answer."),
            ("lookalike_updates", "kind", stats.updates, "Updates taken."),
        ):
            counter = CounterMetricFamily(name, words, labels=[label])
            for value, count in sorted(counts.items()):
                counter.add_metric([value], count)
            yield counter
        names = (*map(str, BUCKETS_S), "+Inf")
        totals = accumulate(stats.buckets[edge] for edge in (*BUCKETS_S, math.inf))
        buckets = [(edge, float(total)) for edge, total in zip(names, totals, strict=True)]
        yield HistogramMetricFamily(
            "lookalike_photo_seconds",
            "From a photo's arrival to its answer.",
            buckets=buckets,
            sum_value=stats.time_sum_s,
        )
        for gauge, now in self._gauges.items():
            yield GaugeMetricFamily(f"lookalike_{gauge}", gauge.replace("_", " ").capitalize() + ".", value=now)


def prometheus(stats: Stats, *, gauges: Mapping[str, float]) -> str:
    """The text format of Prometheus, version 0.0.4, this process's memory, processor time and descriptors included."""
    registry = CollectorRegistry()
    registry.register(_Families(stats, gauges))
    ProcessCollector(registry=registry)
    return generate_latest(registry).decode()
