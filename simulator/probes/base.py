"""A probe measures one update: StepContext -> dict of scalars. Its metrics are declared beside it, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from jaxtyping import Bool, Float

from ..environments.base import Environment
from ..lazy import Array, jnp
from ..types import Rollout
from .context import StepContext

Probe = Callable[[StepContext], dict[str, Array]]

SHARE, SIZE, COSINE = (0.0, 1.0), (0.0, None), (-1.0, 1.0)  # the values that a metric can have


@dataclass(frozen=True)
class Metric:
    """A name of a recorded quantity, and what it means.

    `when`: "gradient" for what this update's gradient saw (before the update, on its minibatch), "after" for the
    policy that the update left (on the whole rollout), "rollout" for what does not change within a rollout. A name
    with `<task>` in it stands for one metric a task.
    `reading`: the value that stands for a whole run in the summary: "mean" over all updates; "sum" over a rollout's
    updates, averaged over rollouts; "end", after the last update of a rollout, averaged over rollouts; "final", after
    the last update of the run. A `quotient` of two other metrics is the quotient of their means there.
    `within`: the smallest and the largest value that it can have, None where there is none.
    """

    name: str
    definition: str
    when: Literal["gradient", "after", "rollout"]
    reading: Literal["mean", "sum", "end", "final"] = "mean"
    quotient: tuple[str, str] | None = None
    within: tuple[float | None, float | None] = (None, None)


METRICS: dict[str, Metric] = {}
PROBES: dict[str, Probe] = {}
METRICS_OF: dict[str, tuple[str, ...]] = {}  # a probe's name -> the metrics that it may return
ONCE: dict[str, Callable[[Environment, Rollout], Any]] = {}  # a probe's name -> what it wants to know of a rollout


def probe(*metrics: Metric, once: Callable[[Environment, Rollout], Any] | None = None) -> Callable[[Probe], Probe]:
    """Register a probe under its function's name, with the metrics that it may return.

    A probe leaves out a metric that does not apply to the experiment, and returns NaN where it is undefined. What
    `once` makes of a rollout is made before its updates, and is in every step of them, under the probe's name.
    """

    def register(function: Probe) -> Probe:
        PROBES[function.__name__] = function
        METRICS_OF[function.__name__] = tuple(metric.name for metric in metrics)
        METRICS.update({metric.name: metric for metric in metrics})
        if once is not None:
            ONCE[function.__name__] = once
        return function

    return register


def declared(names: Iterable[str], task_names: Iterable[str] = ()) -> dict[str, Metric]:
    """The metrics that the named probes may return; one with <task> in its name once for every task."""
    found: dict[str, Metric] = {}
    for metric in (METRICS[name] for probe in names for name in METRICS_OF[probe]):
        own = [metric]
        if "<task>" in metric.name:
            own = [replace(metric, name=metric.name.replace("<task>", task)) for task in task_names]
        found |= {metric.name: metric for metric in own}
    return found


def once_a_rollout(environment: Environment, rollout: Rollout, names: Iterable[str]) -> dict[str, Any]:
    """What the named probes want to know of a rollout, whatever the update."""
    return {name: ONCE[name](environment, rollout) for name in names if name in ONCE}


def measure(step: StepContext, names: tuple[str, ...]) -> dict[str, Array]:
    """All metrics of the named probes for one update."""
    return {key: value for name in names for key, value in PROBES[name](step).items()}


def share(flags: Bool[Array, "*A"], mask: Bool[Array, "*A"]) -> Float[Array, ""]:
    """The share of the unmasked entries that are flagged; NaN when there are none."""
    return average(flags.astype(float), mask)


def average(values: Float[Array, "*A"], mask: Bool[Array, "*A"]) -> Float[Array, ""]:
    """The mean over the unmasked entries; NaN when there are none."""
    count = jnp.sum(mask).astype(float)
    return jnp.sum(jnp.where(mask, values, 0.0)) / jnp.where(count > 0, count, jnp.nan)
