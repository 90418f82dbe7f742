"""How the time grows with the work."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks import ours
from benchmarks.problem import SMALL
from benchmarks.results import Found, row
from benchmarks.suites import Options
from benchmarks.timing import interleaved, repeated
from simulator.execution import plan as sweep

TITLE = "Twice the work takes twice the time"
RUNS = (512, 1024, 2048, 4096, 8192)
ROLLOUTS = (100, 200, 400, 800, 1600)
SEEDS = 256  # of those with many rollouts


def measure(options: Options) -> Found:
    few = 3 if options.quick else 5
    plans = {
        "runs": {runs: ours.scenario(SMALL, seeds=runs) for runs in RUNS[:few]},
        "rollouts": {count: ours.scenario(SMALL, seeds=SEEDS, num_rollouts=count) for count in ROLLOUTS[:few]},
    }
    rows, raw = [], {}
    for axis, scenarios in plans.items():
        contestants = []
        for size, scenario in scenarios.items():
            plan = sweep.make_plan(scenario)
            contestants.append(
                repeated(str(size), partial(ours.compute, plan), plan.num_updates, options.least_seconds)
            )
        timed = interleaved(contestants, options.rounds)
        sizes = np.array(list(scenarios))
        each = np.stack([timed.seconds[str(size)] * size for size in sizes])  # seconds of the whole, up to a constant
        exponents = np.polyfit(np.log(sizes), np.log(each), 1)[0]
        what = f"exponent of the time in {axis}, {sizes[0]} to {sizes[-1]}"
        rows.append(row(what, exponents, relation="at most", goal=1.05))
        raw[axis] = timed.plain()
    return Found(rows, raw, ["Of the small problem; one exponent a round, by least squares of logarithms."])
