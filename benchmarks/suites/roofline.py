"""How near the inner update comes to the least that it must do."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks import fresh, ideal, ours
from benchmarks.equality import TOLERANCE, Unequal
from benchmarks.problem import SIZES, Problem
from benchmarks.results import Found, Row, row
from benchmarks.suites import Options
from benchmarks.suites.peers import our_sweep
from benchmarks.timing import Contestant, interleaved, sized
from simulator.execution import plan as sweep

TITLE = "How near it comes to the ideal"
GOALS = {"small": 0.30, "medium": 0.35, "large": 0.45}
RUNS_IN_CACHE = {"small": 64, "medium": 8, "large": 1}  # of which the ideal updates the tables together
FEW, MANY = 4, 20  # updates on a rollout: the difference has no sampling in it


def measure(options: Options) -> Found:
    if ideal.compiler() is None:
        rows = [
            Row("inner update against the ideal", None, size=size, relation="at least", goal=goal)
            for size, goal in GOALS.items()
        ]
        return Found(rows, {}, ["There is no C compiler here, and so no ideal to compare with."])
    rows, raw = [], {}
    for problem in options.sizes:
        found = fresh.call(
            elements, cores=1, size=problem.name, rounds=options.rounds, least_seconds=options.least_seconds
        )
        own, best = np.array(found["own"]), np.array(found["ideal"])
        goal = {"relation": "at least", "goal": GOALS[problem.name]}
        rows.append(row("inner update against the ideal", best / own, size=problem.name, **goal))
        rows.append(row("ns a number: inner update", own * 1e9, size=problem.name))
        rows.append(row("ns a number: ideal", best * 1e9, size=problem.name))
        raw[problem.name] = found
    remark = (
        f"On one core, nothing recorded. Ours is the difference between {MANY} and {FEW} updates per rollout, by the "
        "numbers of the table. The ideal is one pass of C over tables in the cache: gate, AdamW and exp, without the "
        "sums over a row that a softmax needs. Nothing that is right reaches 1."
    )
    return Found(rows, raw, [remark])


def elements(size: str, rounds: int, least_seconds: float) -> dict[str, object]:
    """In a fresh process on one core: seconds per number of the table and update, ours and the ideal's, by round."""
    if (found := ideal.difference()) > TOLERANCE:
        raise Unequal(f"the ideal in C differs from NumPy by {found:.1e}")
    (problem,) = (each for each in SIZES if each.name == size)
    table = problem.num_states * problem.vocab_size
    runs, contestants = _enough_runs(problem, least_seconds), []
    for epochs in (FEW, MANY):
        plan = sweep.make_plan(ours.scenario(problem, probes=ours.NOTHING, seeds=runs, epochs=epochs))
        contestants.append(Contestant(str(epochs), lambda plan=plan: ours.compute(plan), plan.num_updates))
    rows = RUNS_IN_CACHE[problem.name] * problem.num_states
    state = ideal.example(rows, problem.vocab_size)
    contestants.append(_ideal(state, state.logits.size, least_seconds / 4))
    timed = interleaved(contestants, rounds)
    few, many = contestants[:2]
    whole = timed.seconds[str(MANY)] * many.updates - timed.seconds[str(FEW)] * few.updates
    return {
        "own": (whole / (many.updates - few.updates) / table).tolist(),
        "ideal": timed.seconds["ideal"].tolist(),
        "attempts": timed.attempts,
        "steady": timed.steady,
    }


def _ideal(state: ideal.State, numbers: int, least_seconds: float) -> Contestant:
    def make(times: int) -> Contestant:
        return Contestant("ideal", partial(state.update_in_c, times=times, learning_rate=0.0), times * numbers)

    return sized(make, start=16, most=2**20, least_seconds=least_seconds)


def _enough_runs(problem: Problem, least_seconds: float) -> int:
    """So many, in full lanes, that a sweep with few updates takes long enough."""
    sized = our_sweep(problem, least_seconds, probes=ours.NOTHING, epochs=FEW)
    return sized.updates // sweep.make_plan(ours.scenario(problem, epochs=FEW)).num_updates
