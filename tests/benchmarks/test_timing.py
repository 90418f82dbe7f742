"""The clock of the benchmarks, with a clock of our own."""

import numpy as np
import pytest

from benchmarks.timing import Contestant, Spread, interleaved, sized


class Clock:
    """Time that passes when a contestant says so."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def __call__(self):
        return self.now

    def contestant(self, name, seconds, updates=1, **others):
        """Takes the given seconds, one after the other; the first call is the warm-up."""
        left = iter([*seconds, *[seconds[-1]] * 100])

        def call():
            self.calls.append(name)
            self.now += next(left)

        return Contestant(name, call, updates, **others)


def test_every_round_times_all_in_an_order_that_rotates():
    clock = Clock()
    timed = interleaved([clock.contestant(name, [1.0]) for name in "abc"], rounds=4, clock=clock)
    assert "".join(clock.calls) == "abc" + "abc" + "bca" + "cab" + "abc"
    assert timed.orders == [list("abc"), list("bca"), list("cab"), list("abc")]


def test_the_warm_up_is_not_timed_and_seconds_are_per_update():
    clock = Clock()
    timed = interleaved([clock.contestant("a", [100.0, 3.0], updates=6)], rounds=3, clock=clock)
    np.testing.assert_allclose(timed.seconds["a"], 0.5)
    np.testing.assert_allclose(timed.rate("a"), 2.0)


def test_what_is_prepared_is_not_timed():
    clock = Clock()

    def prepare():
        clock.now += 50.0

    timed = interleaved([clock.contestant("a", [1.0], prepare=prepare)], rounds=2, clock=clock)
    np.testing.assert_allclose(timed.seconds["a"], 1.0)


def test_ratios_are_taken_round_by_round():
    clock = Clock()
    slow, fast = clock.contestant("slow", [0, 2.0, 40.0, 3.0]), clock.contestant("fast", [0, 1.0, 20.0, 1.5])
    timed = interleaved([fast, slow], rounds=3, clock=clock)
    ratios = timed.faster("fast", than="slow")
    np.testing.assert_allclose(ratios, 2.0)  # the machine was ten times as slow in the second round
    assert Spread.of([1.0, 5.0, 2.0]) == Spread(2.0, 1.0, 5.0)


@pytest.mark.parametrize(("good", "made", "steady"), [(1, 1, True), (2, 2, True), (4, 3, False)])
def test_rounds_that_scatter_are_made_again_at_most_twice(good, made, steady):
    clock = Clock()
    wild, calm = [1.0, 9.0, 1.0, 9.0], [1.0, 1.0, 1.0, 1.0]
    seconds = [0.0, *wild * (good - 1), *calm]
    timed = interleaved([clock.contestant("a", [1.0]), clock.contestant("b", seconds)], rounds=4, clock=clock)
    assert (timed.attempts, timed.steady) == (made, steady)


def test_the_steadiest_of_the_attempts_is_kept():
    clock = Clock()
    seconds = [0.0, *[1.0, 9.0, 1.0, 9.0], *[1.0, 2.0, 1.0, 2.0], *[1.0, 5.0, 1.0, 5.0]]
    timed = interleaved([clock.contestant("a", [1.0]), clock.contestant("b", seconds)], rounds=4, clock=clock)
    assert sorted(timed.seconds["b"]) == [1.0, 1.0, 2.0, 2.0]
    assert not timed.steady


def test_work_is_doubled_until_it_takes_long_enough():
    clock = Clock()
    made = []

    def make(size):
        made.append(size)
        return clock.contestant(str(size), [0.001 * size])

    assert sized(make, start=2, most=1000, least_seconds=0.05, clock=clock).name == "64"
    assert made == [2, 64]  # straight to where it must be
    assert sized(make, start=2, most=16, least_seconds=0.05, clock=clock).name == "16"
