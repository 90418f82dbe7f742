"""A map of ten thousand runs, from the file to the tables."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.problem import EPOCHS, SMALL, SUMMARY
from benchmarks.results import Found, row
from benchmarks.suites import Options
from benchmarks.suites.peers import our_sweep
from benchmarks.timing import Contestant, interleaved
from simulator.runs import write_run
from simulator.scenario.load import load

TITLE = "A map of ten thousand runs"
ROLLOUTS, UPDATES = 50, 8


def tables(rates: int, scales: int, seeds: int) -> dict:
    """A Bernoulli bandit as in the shipped `stability_map`, with the small problem's eight arms."""
    return {
        "title": "A map",
        "question": "How large a learning rate is too large?",
        "environment": {
            "kind": "bandit",
            "rewards": [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]],
            "distribution": "bernoulli",
            "reward_scale": {"log_range": [0.1, 10.0], "num": scales} if scales > 1 else 1.0,
        },
        "policy": {"kind": "tabular"},
        "method": {"name": "grpo"},
        "optimizer": {"name": "adam", "learning_rate": {"log_range": [0.01, 3.0], "num": rates}},
        "training": {"num_rollouts": ROLLOUTS, "group_size": SMALL.group_size, "epochs": UPDATES, "seeds": seeds},
        "record": {"probes": list(SUMMARY)},
    }


def measure(options: Options) -> Found:
    many = 10 if options.quick else 100
    updates = many * many * ROLLOUTS * UPDATES
    maps = {
        f"{many} learning rates, {many} seeds": tables(many, 1, many),
        f"{many} learning rates × {many} reward scales": tables(many, many, 1),
    }
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "runs")
        clear = partial(shutil.rmtree, out, ignore_errors=True)
        contestants = [our_sweep(SMALL, options.least_seconds)] + [
            Contestant(name, partial(_from_file_to_tables, table, out), updates, clear) for name, table in maps.items()
        ]
        timed = interleaved(contestants, options.slow_rounds)
    rows = []
    for name in maps:
        what = f"throughput of {name}, of the small sweep's in memory"
        rows.append(row(what, timed.faster(name, "sweep"), relation="at least", goal=0.5))
        rows.append(row(f"{name}, from end to end", timed.seconds[name] * updates, unit="s"))
    remark = (
        f"{many * many} bandits of {ROLLOUTS} rollouts × {UPDATES} updates, {updates:,} updates: reading the scenario, "
        f"computing, writing every update's metrics to Parquet. The small sweep makes {EPOCHS} updates per rollout and "
        "writes nothing."
    )
    return Found(rows, {"all": timed.plain()}, [remark])


def _from_file_to_tables(table: dict, out: Path) -> None:
    write_run(load(table), out)
