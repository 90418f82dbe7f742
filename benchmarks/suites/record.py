"""What recording costs."""

from __future__ import annotations

from benchmarks import ours
from benchmarks.problem import SUMMARY
from benchmarks.results import Found, row
from benchmarks.suites import Options
from benchmarks.suites.peers import our_sweep
from benchmarks.timing import interleaved

TITLE = "What recording costs"
GOALS = {"small": 0.6, "medium": 0.55, "large": 0.7}
LEVELS = {
    "nothing": {"probes": ours.NOTHING},
    "summary": {"probes": SUMMARY},
    "summary and every token's ratio": {"probes": SUMMARY, "ratios": True},
    "all metrics": {"probes": None},
}


def measure(options: Options) -> Found:
    rows, raw = [], {}
    for problem in options.sizes:
        those = [our_sweep(problem, options.least_seconds, name, **changes) for name, changes in LEVELS.items()]
        timed = interleaved(those, options.rounds)
        for name in list(LEVELS)[1:]:
            goal = {"relation": "at least", "goal": GOALS[problem.name]} if name == "summary" else {}
            what = f"throughput with {name}, of that with nothing"
            rows.append(row(what, timed.faster(name, "nothing"), size=problem.name, **goal))
        raw[problem.name] = timed.plain()
    remark = (
        "A run records something: 'nothing' is the probe `reward`, three numbers of the rollout. 'Summary' are the "
        "probes `ratio`, `clip` and `drift`; 'all metrics' is what a scenario without `[record] probes` gets. Nothing "
        "goes to disk here."
    )
    return Found(rows, raw, [remark])
