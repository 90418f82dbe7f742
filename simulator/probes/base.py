"""A probe measures one update: StepContext -> dict of scalars. Its metrics are declared beside it, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from jaxtyping import Bool, Float

from ..environments.base import Environment
from ..lazy import Array, jnp
from ..parts import Registry
from ..types import Rollout
from .context import StepContext

Measure = Callable[[StepContext], dict[str, Array]]

SHARE, SIZE, COSINE = (0.0, 1.0), (0.0, None), (-1.0, 1.0)  # the values that a metric can have


@dataclass(frozen=True)
class Metric:
    """A name of a recorded quantity, and what it means.

    `when`: "gradient" for what this update's gradient saw (before the update, on its minibatch), "after" for the
    policy that the update left (on the whole rollout), "rollout" for what does not change within a rollout. A name
    with `<task>` in it stands for one metric per task.
    `reading`: the value that stands for a whole run in the summary: "mean" over all updates; "sum" over a rollout's
    updates, averaged over rollouts; "end", after the last update of a rollout, averaged over rollouts; "final", after
    the last update of the run. A `quotient` of two other metrics is the quotient of their means there.
    `within`: the smallest and the largest value that it can have, None where there is none.
    """

    name: str
    definition: str
    when: Literal["gradient", "after", "rollout"]
    reading: Literal["mean", "sum", "end", "final"] = "mean"
    within: tuple[float | None, float | None] = (None, None)
    quotient: tuple[str, str] | None = None


@dataclass(frozen=True)
class Probe:
    """One probe: `measure` makes scalars of an update, `metrics` are those that it may return.

    `once` is what it wants to know of a rollout, made before the rollout's updates.
    """

    measure: Measure
    metrics: tuple[Metric, ...] = ()
    once: Callable[[Environment, Rollout], Any] | None = None


class Probes(Registry):
    """The probes by name."""

    def add(
        self, *metrics: Metric, once: Callable[[Environment, Rollout], Any] | None = None
    ) -> Callable[[Measure], Measure]:
        """Return a decorator that adds a probe under its function's name, with the metrics that it may return.

        A probe leaves out a metric that does not apply to the experiment, and returns NaN where it is undefined. What
        `once` makes of a rollout is in every step of its updates, under the probe's name. Raises ValueError where the
        name of the probe, or of a metric, is taken.
        """

        def decorate(function: Measure) -> Measure:
            others = (probe for name, probe in self._members.items() if name != function.__name__)
            known = {metric.name for probe in others for metric in probe.metrics}
            if taken := {metric.name for metric in metrics} & known:
                raise ValueError(f"another probe measures {', '.join(sorted(taken))} already")
            self._put(function.__name__, Probe(function, metrics, once), function)
            return function

        return decorate

    def metrics(self) -> dict[str, Metric]:
        """Return the metrics of all probes, by their names."""
        return {metric.name: metric for probe in self.members.values() for metric in probe.metrics}

    def declared(self, names: Iterable[str], task_names: Iterable[str] = ()) -> dict[str, Metric]:
        """Return the metrics that the named probes may return; one with <task> in its name once for every task."""
        found: dict[str, Metric] = {}
        for metric in (metric for name in names for metric in self[name].metrics):
            own = [metric]
            if "<task>" in metric.name:
                own = [replace(metric, name=metric.name.replace("<task>", task)) for task in task_names]
            found |= {metric.name: metric for metric in own}
        return found

    def _take_in(self, name: str, loaded: Any) -> None:
        found = self._members.get(name)
        if found is None or found.measure is not loaded:
            raise ValueError("it is no probe of this name: decorate it with PROBES.add")


PROBES = Probes("probe")


def once_per_rollout(environment: Environment, rollout: Rollout, names: Iterable[str]) -> dict[str, Any]:
    """Return what the named probes want to know of a rollout, whatever the update."""
    wanted = {name: PROBES[name].once for name in names}
    return {name: once(environment, rollout) for name, once in wanted.items() if once is not None}


def measure(step: StepContext, names: tuple[str, ...]) -> dict[str, Array]:
    """All metrics of the named probes for one update."""
    return {key: value for name in names for key, value in PROBES[name].measure(step).items()}


def share(flags: Bool[Array, "*A"], mask: Bool[Array, "*A"]) -> Float[Array, ""]:
    """The share of the unmasked entries that are flagged; NaN when there are none."""
    return average(flags.astype(float), mask)


def average(values: Float[Array, "*A"], mask: Bool[Array, "*A"]) -> Float[Array, ""]:
    """The mean over the unmasked entries; NaN when there are none."""
    count = jnp.sum(mask).astype(float)
    return jnp.sum(jnp.where(mask, values, 0.0)) / jnp.where(count > 0, count, jnp.nan)
