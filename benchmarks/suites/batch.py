"""What running side by side buys."""

from __future__ import annotations

from functools import partial

from benchmarks import ours
from benchmarks.results import Found, row
from benchmarks.suites import Options
from benchmarks.timing import interleaved, repeated
from simulator.execution import plan as sweep

TITLE = "Runs side by side"
RUNS = {"small": (1, 8, 64, 512, 4096), "medium": (1, 8, 64, 512), "large": (1, 4, 16)}


def measure(options: Options) -> Found:
    rows, raw = [], {}
    for problem in options.sizes:
        contestants = []
        for runs in RUNS[problem.name]:
            plan = sweep.make_plan(ours.scenario(problem, seeds=runs))
            call = partial(ours.compute, plan)
            contestants.append(repeated(f"{runs}", call, plan.num_updates, options.least_seconds))
        timed = interleaved(contestants, options.rounds)
        for each in contestants[1:]:
            what = f"{each.name} runs, updates a second against 1 run"
            rows.append(row(what, timed.faster(each.name, "1"), size=problem.name, unit="×"))
        raw[problem.name] = timed.plain()
    rows.sort(key=lambda each: int(each.what.split()[0]))
    return Found(rows, raw, ["One run has to fill lanes that are there for many: sweep seeds, they are almost free."])
