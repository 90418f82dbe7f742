"""The loop: rollouts of updates, each update recorded. It knows the parts by their protocols alone.

    simulate(experiment, key) -> Trace

is `init`, then `advance` over all rollouts. `advance` over a few of them at a time gives the same numbers: every
random number is keyed by (key, rollout, consumer), never by a position in a batch.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

from . import exact
from .parts import part
from .probes.base import once_per_rollout
from .rollouts.walking import greedy_rewards
from .surrogates.base import both_of, log_probs_of
from .types import Params, Rollout, Tokens, Trace, at_tokens
from .update import Experiment, RolloutContext, UpdateInput, begin, update

# Who draws random numbers; the position in this list is part of the key.
CONSUMERS = ("init", "tokens", "rewards", "minibatches", "policy", "oracle", "greedy")


@part
class State:
    """All that one rollout hands to the next; `past` are the parameters `[staleness, …]` before it, oldest first.

    `twin` is the state of the memoryless twin, which runs beside it on the same random numbers.
    """

    params: Params
    opt_state: Any
    start_params: Params
    past: Params | None = None
    twin: State | None = None


def _key(key: Array, consumer: str, rollout: int | Array = 0) -> Array:
    """The key of one consumer in one rollout."""
    return jax.random.fold_in(jax.random.fold_in(key, rollout), CONSUMERS.index(consumer))


def init(experiment: Experiment, key: Array) -> State:
    """The state before the first rollout."""
    _check_precision(experiment.training.precision)
    params = _prepared(experiment, key).policy.init(_key(key, "init"), experiment.environment)
    return State(
        params=params,
        opt_state=experiment.optimizer.build().init(params),
        start_params=params,
        past=_repeated(params, experiment.rollouts.staleness),
        twin=init(_twin_of(experiment), key) if experiment.record.twin else None,
    )


def _twin_of(experiment: Any) -> Any:
    """The same experiment with the optimizer's memoryless twin, which records no more than is compared."""
    return replace(experiment, optimizer=experiment.optimizer.memoryless(), record=experiment.record.of_twin())


def _prepared(experiment: Any, key: Array) -> Any:
    """The experiment with what its policy draws once for a run."""
    return replace(experiment, policy=experiment.policy.prepare(_key(key, "policy"), experiment.environment))


def _repeated(params: Params, times: int) -> Params | None:
    return jax.tree.map(lambda leaf: jnp.stack([leaf] * times), params) if times else None


def simulate(experiment: Experiment, key: Array) -> Trace:
    """Run one experiment with one seed.

    Raises ValueError when jax computes in another precision than `experiment.training.precision`.
    """
    num_rollouts = experiment.training.num_rollouts
    state, trace = advance(experiment, key, init(experiment, key), jnp.asarray(0), num_rollouts)
    return Trace(metrics=trace.metrics, tokens=trace.tokens, params=state.params)


def advance(experiment: Experiment, key: Array, state: State, first: Int[Array, ""], count: int) -> tuple[State, Trace]:
    """Go through the rollouts first … first + count − 1; those beyond `num_rollouts` leave the state as it is.

    Returns the state and the trace `[count, K]`. Per-token traces come in ⌈count / every⌉ slots: the first holds the
    first recorded rollout of the stretch, and a slot is zeros where the stretch has no recorded rollout for it.
    """
    experiment = _prepared(experiment, key)
    training, every = experiment.training, experiment.record.token_stride
    slots = 0 if every is None else -(-count // every)
    listed = exact.list_completions(experiment.environment) if exact.enumerable(experiment.environment) else None

    def one(carry, index):
        state, recorded = carry
        twin, beside = None, None
        if experiment.record.twin:
            twin, beside, _ = _rollout(_twin_of(experiment), key, state.twin, index, listed)
        after, metrics, tokens = _rollout(experiment, key, state, index, listed, beside)
        after = replace(after, twin=twin)
        after = jax.tree.map(lambda new, old: jnp.where(index < training.num_rollouts, new, old), after, state)
        if every is not None:
            slot = jnp.where(index % every == 0, index // every - -(-first // every), slots)  # the last one is refuse
            recorded = jax.tree.map(lambda all, new: all.at[slot].set(new), recorded, tokens)
        return (after, recorded), metrics

    blank = None if every is None else _blank(experiment, slots + 1)
    (state, recorded), metrics = jax.lax.scan(one, (state, blank), first + jnp.arange(count))
    tokens = jax.tree.map(lambda leaf: leaf[:slots], recorded)
    return state, Trace(metrics=metrics, tokens=tokens, params=state.params)


def _blank(experiment: Experiment, slots: int) -> Tokens:
    """Room for the per-token traces of so many rollouts."""
    environment, training = experiment.environment, experiment.training
    group = (slots, environment.num_prompts, training.group_size)
    each = (*group, environment.max_length)
    every = (slots, training.epochs * training.minibatches, *each[1:])
    return Tokens(
        tokens=jnp.zeros(each, environment.start().dtype),
        mask=jnp.zeros(each, bool),
        rewards=jnp.zeros(group),
        advantages=jnp.zeros(group),
        log_ratio=jnp.zeros(every),
        clip_active=jnp.zeros(every, bool),
        coasting=jnp.zeros(every) if experiment.record.attributed else None,
    )


def _rollout(
    experiment: Experiment,
    key: Array,
    state: State,
    index: Int[Array, ""],
    listed: exact.Listed | None,
    twin: dict[str, Array] | None = None,
) -> tuple[State, dict[str, Array], Tokens]:
    """Sample one rollout and make all its updates.

    `listed` are all completions, where they are few enough; `twin` the metrics `[K]` of the twin's same updates.
    """
    context, *tables = _rollout_context(experiment, key, state, index, listed)
    minibatches = _minibatches(_key(key, "minibatches", index), experiment.training, context.advantages.shape)  # type: ignore[arg-type]
    opt_state = experiment.optimizer.begin_rollout(state.opt_state, state.params, index)
    inputs = UpdateInput(number=jnp.arange(experiment.training.updates_per_rollout), takes_part=minibatches, twin=twin)
    last, (metrics, recorded) = jax.lax.scan(
        partial(update, context), begin(context, state.params, opt_state, *tables), inputs
    )
    tokens = Tokens(
        tokens=context.rollout.tokens,
        mask=context.rollout.mask,
        rewards=context.rollout.rewards,
        advantages=context.advantages,
        log_ratio=recorded.log_ratio,
        clip_active=recorded.clip_active,
        coasting=recorded.coasting,
    )
    past = None if state.past is None else jax.tree.map(_pushed, state.past, state.params)
    after = State(params=last.params, opt_state=last.opt_state, start_params=state.start_params, past=past)
    return after, metrics, tokens


def _rollout_context(
    experiment: Experiment, key: Array, state: State, index: Int[Array, ""], listed: exact.Listed | None
) -> tuple[RolloutContext, Float[Array, "R V"], Float[Array, "R V"]]:
    """One rollout, sampled, with all that its updates share; and log π and π that they begin with."""
    policy = experiment.policy
    behavior_params = state.params if state.past is None else jax.tree.map(lambda leaf: leaf[0], state.past)
    rollout = _sample(experiment, key, behavior_params, index)
    rows, (log_probs, probs) = policy.rows(rollout), both_of(policy, state.params, rollout)
    behavior_logprobs = rollout.behavior_logprobs
    if behavior_logprobs is None:
        behavior = log_probs if state.past is None else log_probs_of(policy, behavior_params, rollout)
        behavior_logprobs = at_tokens(behavior, rows, rollout.tokens)
    anchors = [None, None]
    if listed is not None:
        listed = exact.rewarded(listed, experiment.environment, index)
        anchors = [
            exact.completion_logprobs(policy, params, listed)  # type: ignore[misc]
            for params in (behavior_params, state.start_params)  # type: ignore[misc]
        ]
    bias = {}
    if experiment.record.oracle is not None:
        bias = _bias(experiment, key, state, behavior_params, index, listed)
    context = RolloutContext(
        experiment=experiment,
        rollout=rollout,
        advantages=experiment.method.surrogate().advantages(rollout),
        rows=rows,
        behavior_logprobs=jnp.where(rollout.mask & rollout.chosen, behavior_logprobs, 0.0),
        reference_log_probs=log_probs_of(policy, state.start_params, rollout),
        start_params=state.start_params,
        listed=listed,
        listed_behavior=anchors[0],
        listed_reference=anchors[1],
        bias=bias,
        once=once_per_rollout(experiment.environment, rollout, experiment.record.active_probes),
    )
    return context, log_probs, probs


def _pushed(past: Array, newest: Array) -> Array:
    """The oldest goes, the newest comes."""
    return jnp.concatenate([past[1:], newest[None]])


def _bias(
    experiment: Experiment,
    key: Array,
    state: State,
    behavior_params: Params,
    index: Int[Array, ""],
    listed: exact.Listed | None,
) -> dict[str, Array]:
    """What the oracle says of the gradient that this rollout's first update takes, before it is sampled."""
    situation = exact.Situation(
        environment=experiment.environment,
        policy=experiment.policy,
        surrogate=experiment.method.surrogate(),
        rollouts=experiment.rollouts,
        group_size=experiment.training.group_size,
        rollout=index,
        params=state.params,
        behavior=behavior_params,
        listed=listed,
    )
    return experiment.record.oracle.measure(_key(key, "oracle", index), situation)


def _sample(experiment: Experiment, key: Array, params: Params, index: Int[Array, ""]) -> Rollout:
    environment, policy = experiment.environment, experiment.policy
    keys = _key(key, "tokens", index), _key(key, "rewards", index)
    rollout = experiment.rollouts.draw(keys, environment, policy, params, experiment.training.group_size, index)
    if "greedy" not in experiment.method.surrogate().advantage.reads:
        return rollout
    return replace(rollout, greedy=greedy_rewards(_key(key, "greedy", index), environment, policy, params, index))


def _minibatches(key: Array, training: Any, shape: tuple[int, int]) -> Bool[Array, "K P G"] | None:
    """Which completions take part in each update: every epoch goes through all of them once, in random order.

    None where that is all of them, every time.
    """
    if training.minibatches == 1:
        return None
    size = shape[0] * shape[1]
    deal = jnp.arange(size) % training.minibatches
    dealt = jax.vmap(lambda key: jax.random.permutation(key, deal))(jax.random.split(key, training.epochs))
    parts = dealt[:, None, :] == jnp.arange(training.minibatches)[None, :, None]
    return parts.reshape(training.epochs * training.minibatches, *shape)


def _check_precision(precision: str) -> None:
    computed = jnp.zeros(()).dtype.name
    if computed != precision:
        raise ValueError(
            f"the experiment wants {precision}, jax computes in {computed}: call "
            f"jax.config.update('jax_enable_x64', {precision == 'float64'}) first, or use ratiodrift.run"
        )
