"""The rate limit: a burst, then so many a minute, and one sentence a flood."""

from __future__ import annotations

from lookalike.serving.rate_limit import RateLimit, Verdict


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_then_one_is_told_and_the_rest_is_not() -> None:
    rates = RateLimit(burst=3, per_minute=60, clock=Clock())
    assert [rates.ask(1) for _ in range(6)] == [Verdict.GO] * 3 + [Verdict.NOTIFY] + [Verdict.SILENT] * 2
    assert rates.ask(2) is Verdict.GO


def test_a_token_that_comes_back_amid_a_flood_does_not_have_it_told_again() -> None:
    clock = Clock()
    rates = RateLimit(burst=10, per_minute=60, clock=clock)
    said = 0
    for _ in range(60):
        said += rates.ask(1) is Verdict.NOTIFY
        clock.now += 0.5  # two are sent for each that comes back
    assert said == 1


def test_the_next_flood_is_told_again() -> None:
    clock = Clock()
    rates = RateLimit(burst=4, per_minute=60, clock=clock)
    assert [rates.ask(1) for _ in range(6)][-2:] == [Verdict.NOTIFY, Verdict.SILENT]
    clock.now += 3.0
    assert [rates.ask(1) for _ in range(4)] == [Verdict.GO] * 3 + [Verdict.NOTIFY]


def test_a_full_bucket_is_forgotten() -> None:
    clock = Clock()
    rates = RateLimit(burst=2, per_minute=60, clock=clock)
    rates.ask(1)
    clock.now += 10
    rates.ask(2)
    assert len(rates) == 1
