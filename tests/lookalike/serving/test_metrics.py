"""What /metrics says is what Prometheus reads."""

from __future__ import annotations

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from lookalike.serving.metrics import Stats, prometheus


def samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_counts_times_and_gauges_are_read_back() -> None:
    stats = Stats()
    stats.outcomes["card"] += 3
    stats.failed["rate_limited"] += 2
    for seconds in (0.05, 0.3, 0.3, 99.0):
        stats.took(seconds)
    read = samples(prometheus(stats, gauges={"queue_waiting": 7.0}))
    assert read["lookalike_answers_total", ("card",)] == 3
    assert read["lookalike_failures_total", ("rate_limited",)] == 2
    assert read["lookalike_queue_waiting", ()] == 7
    assert [read["lookalike_photo_seconds_bucket", (edge,)] for edge in ("0.1", "0.25", "0.5", "60.0", "+Inf")] == [
        1, 1, 3, 3, 4,
    ]  # fmt: skip
    assert read["lookalike_photo_seconds_count", ()] == 4
    assert abs(read["lookalike_photo_seconds_sum", ()] - 99.65) < 1e-6


def test_a_label_with_quotes_and_line_ends_is_escaped() -> None:
    stats = Stats()
    stats.failed['a"b\nc\\d'] += 1
    assert samples(prometheus(stats, gauges={}))["lookalike_failures_total", ('a"b\nc\\d',)] == 1


def test_two_bots_in_a_process_count_apart_and_nothing_is_global() -> None:
    first, second = Stats(), Stats()
    first.updates["message"] += 1
    assert ("lookalike_updates_total", ("message",)) not in samples(prometheus(second, gauges={}))
    prometheus(first, gauges={})
    assert not any(family.name.startswith("lookalike") for family in REGISTRY.collect())
