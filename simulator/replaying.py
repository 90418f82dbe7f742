"""What would this method and this optimizer have done on the same rollouts?

A scenario with `[environment] kind = "recorded"` gets its completions from a file (simulator/rollouts/files.py) and
makes its updates on them: nothing is sampled, and the policy does not decide what is said next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import loop
from .errors import ScenarioError
from .experiment import Experiment
from .lazy import jax, jnp
from .rollouts.files import RolloutFile, read_rollouts
from .scenario.load import Scenario, load
from .scenario.toml_files import read
from .types import Params, Trace


def replay(
    experiment: Experiment,
    rollouts: str | Path | Mapping[str, Any] | RolloutFile,
    params: Params | None = None,
    seed: int = 0,
) -> tuple[Params, Trace]:
    """Make an experiment's updates on recorded rollouts; returns the parameters after the last, and the trace.

    `experiment` has a `RecordedEnvironment`, whose sizes are filled in, and as many rollouts as it says. `rollouts` is
    a file or its arrays by name (docs/replay.md). `params`, `{"logits": [V, V]}` of a table, are those that training
    starts from and that the KL is measured against; left out, the file's `initial_logits`, or the policy's own.
    Raises ScenarioError.
    """
    recorded = rollouts if isinstance(rollouts, RolloutFile) else read_rollouts(rollouts)
    experiment, problems = _finished(experiment, replace(recorded, origin=""))  # another file is no other program
    if problems := problems or list(experiment.problems()):
        raise ScenarioError("replay", problems)
    with jax.enable_x64(experiment.training.precision == "float64"):
        key = jax.random.key(seed)
        state = loop.init(experiment, key)
        if params is not None:
            start = _like(state.params, params)
            state = replace(state, params=start, start_params=start, opt_state=experiment.optimizer.build().init(start))
        count = experiment.training.num_rollouts
        state, trace = _advance(experiment, key, state, jnp.asarray(0), count)
        return jax.device_get(state.params), jax.device_get(trace)


def _like(own: Params, given: Any) -> Params:
    """The given parameters, which must have the names and shapes of the policy's own."""
    given = dict(given) if isinstance(given, Mapping) else given  # an open .npz file is a mapping, and no pytree
    shapes = [jax.tree.map(jnp.shape, jax.tree.map(jnp.asarray, params)) for params in (own, given)]
    if shapes[0] != shapes[1]:
        raise ScenarioError("replay", [("params", f"must be {shapes[0]}, got {shapes[1]}")])
    return jax.tree.map(jnp.asarray, given)


def load_replay(
    source: str | Path | dict, rollouts: RolloutFile, overrides: Iterable[tuple[str, Any]] = ()
) -> Scenario:
    """A scenario whose points train on recorded rollouts. Raises ScenarioError."""
    _, _, tables = read(source)
    return load(source, [*_defaults(tables, rollouts), *overrides], finish=lambda point: _finished(point, rollouts))


def _defaults(tables: dict, rollouts: RolloutFile) -> Iterator[tuple[str, Any]]:
    """What the file says and the scenario does not have to."""
    training = tables.get("training")
    if isinstance(training, dict) and "num_rollouts" not in training:
        yield "training.num_rollouts", rollouts.shape[0]


def _finished(experiment: Experiment, rollouts: RolloutFile) -> tuple[Experiment, list[tuple[str, str]]]:
    """A point with its rollouts, and what is wrong with it."""
    if problems := list(_misfits(experiment, rollouts)):
        return experiment, problems
    return _with_rollouts(experiment, rollouts), []


def _misfits(experiment: Experiment, rollouts: RolloutFile) -> Iterator[tuple[str, str]]:
    """Why an experiment cannot be made on these rollouts: (dotted key, sentence)."""
    environment, training, policy = experiment.environment, experiment.training, experiment.policy
    if getattr(environment, "complete", True):
        yield "environment.kind", f"recorded rollouts need the environment 'recorded', not {environment.kind!r}"
        return
    in_file, batch, length = rollouts.shape
    if training.num_rollouts > in_file:
        yield "training.num_rollouts", f"{training.num_rollouts}, but the file has {in_file} rollouts"
    if experiment.rollouts.kind != "sampled":
        yield (
            "rollouts.kind",
            f"the completions are the file's: leave out [rollouts], which has {experiment.rollouts.kind!r}",
        )
    elif experiment.rollouts.staleness:
        yield "rollouts.staleness", "recorded rollouts were said by whoever recorded them: give their behavior_logprobs"
    yield from (("training.group_size", sentence) for _, sentence in rollouts.group_problems(training.group_size))
    sizes = {"num_prompts": batch // training.group_size, "max_length": length}
    for name, size in sizes.items():
        if getattr(environment, name) not in (None, size):
            yield f"environment.{name}", f"{getattr(environment, name)}, but the file has {size}"
    table = rollouts.initial_logits
    if table is not None and not hasattr(policy, "initial_logits"):
        yield "policy.kind", f"the file's initial_logits are those of a 'tabular' policy, not of {policy.kind!r}"
    elif table is not None and policy.initial_logits is not None:
        yield "policy.initial_logits", "the file has initial_logits too: leave out one of them"
    elif table is not None and environment.vocab_size not in (None, len(table)):
        yield (
            "environment.vocab_size",
            f"{environment.vocab_size}, but the file's initial_logits have {len(table)} rows",
        )
    elif table is None and (own := getattr(policy, "initial_logits", None)) is not None:
        if rollouts.largest_token >= len(own):
            yield "policy.initial_logits", f"{len(own)} rows, but the file has token {rollouts.largest_token}"
    elif environment.vocab_size is not None and rollouts.largest_token >= environment.vocab_size:
        yield "environment.vocab_size", f"{environment.vocab_size}, but the file has token {rollouts.largest_token}"


def _with_rollouts(experiment: Experiment, rollouts: RolloutFile) -> Experiment:
    group_size, table = experiment.training.group_size, rollouts.initial_logits
    _, batch, length = rollouts.shape
    sources = rollouts.arrays["rewards"].shape[-1] if "rewards" in rollouts.arrays else 1
    own = getattr(experiment.policy, "initial_logits", None) if table is None else table
    known = experiment.environment.vocab_size or (rollouts.largest_token + 1 if own is None else len(own))
    environment = replace(
        experiment.environment,
        vocab_size=known,
        num_prompts=batch // group_size,
        max_length=length,
        num_sources=sources,
    )
    policy = experiment.policy if table is None else replace(experiment.policy, initial_logits=table)
    return replace(experiment, environment=environment, policy=policy, rollouts=rollouts.recorded(group_size))


def _advance(experiment: Experiment, key: Any, state: loop.State, first: Any, count: int) -> tuple[loop.State, Trace]:
    return jax.jit(loop.advance, static_argnames="count")(experiment, key, state, first, count)
