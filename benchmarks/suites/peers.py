"""Against what a user would write instead: PyTorch, NumPy, JAX."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks import ours
from benchmarks.equality import Train, check, our_tokens
from benchmarks.peers import minimal_jax, numpy_loop
from benchmarks.problem import EPOCHS, Problem
from benchmarks.results import Found, Row, row
from benchmarks.suites import Options
from benchmarks.timing import Contestant, interleaved, sized
from simulator.execution import plan as sweep

TITLE = "Against what one would write instead"
MAX_ROLLOUTS = 2**17
FEWEST_RUNS = {"small": 256, "medium": 64, "large": 8}  # of a sweep of ours
RUNS_IN_A_BATCH = {"small": 64, "medium": 16, "large": 4}


GOALS = {
    "PyTorch eager loop": {"small": 3000, "medium": 60, "large": 6},
    "NumPy loop": {"small": 600, "medium": 14, "large": 5},
    "minimal jitted JAX, one run": {"small": 9, "medium": 3, "large": 2},
}


@dataclass(frozen=True)
class Peer:
    """A way to train; `runs` at a time, and on how many of torch's threads."""

    train: Train
    runs: int = 1
    threads: int = 1


def peers(problem: Problem) -> dict[str, Peer]:
    """Everything that can be imported."""
    found = {}
    if importlib.util.find_spec("torch"):
        from benchmarks.peers.torch_loop import train

        runs = RUNS_IN_A_BATCH[problem.name]
        batch = partial(train, runs=runs, fused=True)
        found |= {
            "PyTorch eager loop": Peer(train),
            "PyTorch, 2 threads": Peer(train, threads=2),
            "PyTorch, AdamW fused": Peer(partial(train, fused=True)),
            "PyTorch, AdamW fused, torch.compile": Peer(partial(train, fused=True, compiled=True)),
            "PyTorch, many runs in one batch": Peer(batch, runs=runs),
            "PyTorch, many runs in one batch, 2 threads": Peer(batch, runs=runs, threads=2),
            "PyTorch, many runs in one batch, torch.compile": Peer(partial(batch, compiled=True), runs=runs),
        }
    return found | {
        "NumPy loop": Peer(numpy_loop.train),
        "minimal jitted JAX, one run": Peer(minimal_jax.train),
    }


def measure(options: Options) -> Found:
    rows, raw, remarks = [], {}, []
    for problem in options.sizes:
        those = peers(problem)
        replayed = our_tokens(problem)
        equal = {}
        for name, peer in those.items():
            _threads(peer.threads)
            equal[name] = check(name, peer.train, *replayed)
        timed = interleaved(
            [
                our_sweep(problem, options.least_seconds),
                our_single_run(problem, options.least_seconds),
                *(_contestant(name, peer, problem, options.least_seconds) for name, peer in those.items()),
            ],
            options.rounds,
        )
        for name in dict.fromkeys([*those, *GOALS]):
            goal = {"relation": "at least", "goal": GOALS[name][problem.name]} if name in GOALS else {}
            told = {"what": f"against: {name}", "size": problem.name, "unit": "×"} | goal
            if name in those:
                rows.append(row(values=timed.faster("sweep", name), **told))
            else:
                rows.append(Row(value=None, note="not installed", **told))
        for name in timed.seconds:
            rows.append(row(f"updates a second: {name}", timed.rate(name), size=problem.name))
        rows.append(
            row("token updates a second: sweep", timed.rate("sweep") * problem.tokens_per_update, size=problem.name)
        )
        raw[problem.name] = timed.plain() | {"differences": equal}
    largest = max(difference for size in raw.values() for difference in size["differences"].values())
    remarks.append(f"Replaying our tokens, all of them agree with us in every logit and metric to {largest:.0e}.")
    return Found(rows, raw, remarks)


def our_sweep(problem: Problem, least_seconds: float, name: str = "sweep", **changes: object) -> Contestant:
    """As many runs as a timing needs, at least enough to fill every core."""

    def make(seeds: int) -> Contestant:
        plan = sweep.make_plan(ours.scenario(problem, seeds=seeds, **changes))
        return Contestant(name, lambda: ours.compute(plan), plan.num_updates)

    return sized(make, start=FEWEST_RUNS[problem.name], most=2**15, least_seconds=least_seconds)


def our_single_run(problem: Problem, least_seconds: float) -> Contestant:
    """A single run leaves most lanes idle."""

    def make(num_rollouts: int) -> Contestant:
        plan = sweep.make_plan(ours.scenario(problem, num_rollouts=num_rollouts))
        return Contestant("one run of ours", lambda: ours.compute(plan), plan.num_updates)

    return sized(make, start=50, most=MAX_ROLLOUTS, least_seconds=least_seconds)


def _contestant(name: str, peer: Peer, problem: Problem, least_seconds: float) -> Contestant:
    def make(num_rollouts: int) -> Contestant:
        call: Callable[[], object] = partial(peer.train, problem, num_rollouts)
        return Contestant(name, call, num_rollouts * EPOCHS * peer.runs, partial(_threads, peer.threads))

    return sized(make, start=2, most=MAX_ROLLOUTS, least_seconds=least_seconds)


def _threads(count: int) -> None:
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(count)
