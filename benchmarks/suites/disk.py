"""What writing tables costs."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import ours
from benchmarks.problem import SUMMARY
from benchmarks.results import Found, row
from benchmarks.suites import Options
from benchmarks.suites.peers import our_sweep
from benchmarks.timing import Contestant, interleaved
from simulator.execution import plan as sweep
from simulator.runs import write_run

TITLE = "What writing tables costs"
LEVELS = {
    "every token's ratio": {"probes": SUMMARY, "ratios": True},
    "summary": {"probes": SUMMARY},
}
SECONDS = 5  # timings are so many times as long as elsewhere: a run directory is written whole, once


def measure(options: Options) -> Found:
    rows, raw = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for problem in options.sizes:
            those = []
            for level, changes in LEVELS.items():
                kept = our_sweep(problem, SECONDS * options.least_seconds, f"{level}, in memory", **changes)
                seeds = kept.updates // sweep.make_plan(ours.scenario(problem, **changes)).num_updates
                scenario = ours.scenario(problem, seeds=seeds, **changes)
                written = partial(write_run, scenario, Path(folder, "runs"))
                clear = partial(shutil.rmtree, Path(folder, "runs"), ignore_errors=True)
                those += [kept, Contestant(f"{level}, on disk", written, kept.updates, clear)]
            timed = interleaved(those, options.rounds)
            for level in LEVELS:
                goal = {"relation": "at least", "goal": 0.85} if level == "every token's ratio" else {}
                kept = timed.faster(f"{level}, on disk", f"{level}, in memory")
                what = f"throughput with {level} in Parquet, of that in memory"
                rows.append(row(what, kept, size=problem.name, **goal))
            raw[problem.name] = timed.plain()
    return Found(rows, raw, ["On disk is the whole run directory, manifest and all, as `ratiodrift run` writes it."])
