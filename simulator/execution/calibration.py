"""Learning rates at which optimizers are compared fairly: each one's own, at an equal displacement of the policy.

A matched learning rate is found by bisection of its logarithm, for all points of a structure inside one compiled
program, on the seeds that the run will use (the first sixteen).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from .. import loop
from ..errors import ScenarioError
from ..experiment import Experiment, Record
from ..scenario.load import Scenario
from ..scenario.matching import LEARNING_RATE, Point, targets
from .plan import by_structure

LOWEST, HIGHEST = 1e-10, 1e8
HALVINGS = 48
MAX_SEEDS = 16
AGREES = 1e-3  # how far, relatively, what is reached may be from what it was matched to


def calibrated(scenario: Scenario) -> Scenario:
    """The scenario with every matched learning rate found; the same one where there is nothing to find.

    Raises ScenarioError where no learning rate leads to the target.
    """
    wanted = targets(scenario.points)
    if not wanted:
        return scenario
    with jax.enable_x64(scenario.training.precision == "float64"):
        keys = _keys(scenario)
        measured = _targets_measured(scenario, wanted, keys)
        rates, reached = _found(scenario, wanted, measured, keys)
    points, problems = [_with_rate(point) for point in scenario.points], []
    for index, rate in rates.items():
        point, match = points[index], points[index].experiment.optimizer.match
        goal, value = (_as_asked(match.measure, each[index]) for each in (measured, reached))
        if not abs(reached[index] - measured[index]) <= AGREES * abs(measured[index]):
            problems.append(
                (
                    LEARNING_RATE,
                    f"no learning rate gives {point.values.get('optimizer', 'the optimizer')} a {match.measure} of "
                    f"{goal:.6g}: the nearest is {value:.6g}, at {rate:.4g}",
                )
            )
        optimizer = point.experiment.optimizer.with_learning_rate(rate)
        to = match.to if isinstance(match.to, str) else float(match.to)
        found = {LEARNING_RATE: rate, match.measure: value, "to": to}
        points[index] = replace(point, experiment=replace(point.experiment, optimizer=optimizer), found=found)
    if problems:
        raise ScenarioError(scenario.name, list(dict.fromkeys(problems)))
    return replace(scenario, points=points)


def _with_rate(point: Point) -> Point:
    """A point that is not matched, with the learning rate that it has, so that a table shows all of them."""
    rate = point.experiment.optimizer.numbers.get("learning_rate")
    return replace(point, found={LEARNING_RATE: rate} if isinstance(rate, float) else {})


def displacement(measure: str, experiment: Experiment, key: jax.Array) -> jax.Array:
    """How far an optimizer moves the policy.

    first_update_kl: KL(behavior ‖ policy) after the first update; first_update_ratio: the logarithm of its largest
    ratio; total_kl: KL(behavior ‖ policy) at the end of a rollout, summed over rollouts. KL is exact where completions
    can be listed, else the mean of ρ − 1 − log ρ.
    """
    first = measure != "total_kl"
    training = replace(experiment.training, num_rollouts=1, epochs=1) if first else experiment.training
    record = Record(probes=("kl", "ratio"))
    metrics = loop.simulate(replace(experiment, training=training, record=record), key).metrics
    if measure == "first_update_ratio":
        return jnp.log(metrics["ratio/max"][0, 0])
    kl = metrics.get("kl/behavior_exact", metrics["kl/behavior_k3"])
    return kl[0, 0] if first else jnp.sum(kl[:, -1])


def _mean(measure: str, experiment: Experiment, keys: jax.Array) -> jax.Array:
    """The mean displacement over seeds."""
    return jnp.mean(jax.vmap(lambda key: displacement(measure, experiment, key))(keys))


_mean_displacement = jax.jit(_mean, static_argnums=0)


@partial(jax.jit, static_argnums=0)
def _bisected(measure: str, experiments: Experiment, goals: jax.Array, keys: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The learning rates `[N]` at which the displacement is what it should be, and what it is there."""

    def at(log_rates: jax.Array) -> jax.Array:
        def one(experiment: Experiment, log_rate: jax.Array) -> jax.Array:
            tried = replace(experiment, optimizer=experiment.optimizer.with_learning_rate(jnp.exp(log_rate)))
            return _mean(measure, tried, keys)

        return jax.vmap(one)(experiments, log_rates)

    def halve(_: jax.Array, bounds: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = bounds
        middle = (low + high) / 2
        short = at(middle) < goals  # what is not finite has gone too far
        return jnp.where(short, middle, low), jnp.where(short, high, middle)

    bounds = (jnp.full(goals.shape, jnp.log(LOWEST)), jnp.full(goals.shape, jnp.log(HIGHEST)))
    low, high = jax.lax.fori_loop(0, HALVINGS, halve, bounds)
    middle = (low + high) / 2
    return jnp.exp(middle), at(middle)


def _keys(scenario: Scenario) -> jax.Array:
    training = scenario.training
    seeds = training.seed + np.arange(min(training.seeds, MAX_SEEDS))
    return jax.vmap(jax.random.key)(jnp.asarray(seeds, jnp.uint32))


def _targets_measured(scenario: Scenario, wanted: dict[int, int | float], keys: jax.Array) -> dict[int, float]:
    """What each matched point has to reach."""
    known: dict[tuple[str, int], float] = {}
    found = {}
    for index, to in wanted.items():
        measure = scenario.points[index].experiment.optimizer.match.measure
        if isinstance(to, float):
            found[index] = float(np.log(to)) if measure == "first_update_ratio" else to
            continue
        if (measure, to) not in known:
            known[measure, to] = float(_mean_displacement(measure, scenario.points[to].experiment, keys))
        found[index] = known[measure, to]
    return found


def _as_asked(measure: str, displaced: float) -> float:
    """A displacement as scenarios speak of it: a ratio, not its logarithm."""
    return float(np.exp(displaced)) if measure == "first_update_ratio" else displaced


def _found(
    scenario: Scenario, wanted: dict[int, int | float], measured: dict[int, float], keys: jax.Array
) -> tuple[dict[int, float], dict[int, float]]:
    """Learning rates and displacements, structure by structure."""
    rates: dict[int, float] = {}
    reached: dict[int, float] = {}
    for structure in by_structure(scenario.points, list(wanted)):
        measure = structure.example.optimizer.match.measure
        goals = jnp.asarray([measured[index] for index in structure.points])
        found = _bisected(measure, structure.stacked, goals, keys)
        for index, rate, value in zip(structure.points, *map(np.asarray, found), strict=True):
            rates[index], reached[index] = float(rate), float(value)
    return rates, reached
