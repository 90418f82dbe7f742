"""The loop: rollouts of updates, each update recorded. It knows the parts by their protocols alone.

    simulate(experiment, key) -> Trace

is `init`, then `advance` over all rollouts. `advance` over a few of them at a time gives the same numbers: every
random number is keyed by (key, rollout, consumer), never by a position in a batch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jaxtyping import Bool, Int

from simulator import exact
from simulator.attribution import attribute, old_momentum
from simulator.environments.base import Environment
from simulator.methods.base import Method
from simulator.parts import part
from simulator.policies.base import Policy
from simulator.probes.base import measure
from simulator.rollouts.walking import greedy_rewards
from simulator.step_context import StepContext
from simulator.surrogates.base import log_probs_of, pullback, pushforward
from simulator.surrogates.signals import signals
from simulator.types import Minibatch, Params, Rollout, Tokens, Trace

# Who draws random numbers; the position in this list is part of the key.
CONSUMERS = ("init", "tokens", "rewards", "minibatches", "policy", "oracle", "greedy")


@runtime_checkable
class Experiment(Protocol):
    """What the loop reads of an experiment (simulator/experiment.py has the class)."""

    environment: Environment
    policy: Policy
    method: Method
    optimizer: Any
    rollouts: Any
    training: Any
    record: Any


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


def _twin_of(experiment: Experiment) -> Experiment:
    """The same experiment with the optimizer's memoryless twin, which records no more than is compared."""
    return replace(experiment, optimizer=experiment.optimizer.memoryless(), record=experiment.record.of_twin())


def _prepared(experiment: Experiment, key: Array) -> Experiment:
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
    environment, policy, training, record = (
        experiment.environment, experiment.policy, experiment.training, experiment.record
    )  # fmt: skip
    surrogate = experiment.method.surrogate()
    optimizer = experiment.optimizer.build()

    behavior_params = state.params if state.past is None else jax.tree.map(lambda leaf: leaf[0], state.past)
    rollout = _sample(experiment, key, behavior_params, index)
    advantages = surrogate.advantages(rollout)
    rows = policy.rows(rollout)
    start = log_probs_of(policy, state.params, rollout)
    behavior_logprobs = rollout.behavior_logprobs
    if behavior_logprobs is None:
        behavior = start if state.past is None else log_probs_of(policy, behavior_params, rollout)
        behavior_logprobs = behavior[rows, rollout.tokens]
    behavior_logprobs = jnp.where(rollout.mask & rollout.chosen, behavior_logprobs, 0.0)
    reference = log_probs_of(policy, state.start_params, rollout)
    if listed is not None:
        listed = exact.rewarded(listed, environment, index)
        anchors = [
            exact.completion_logprobs(policy, params, listed) for params in (behavior_params, state.start_params)
        ]
    listed_behavior, listed_reference = (None, None) if listed is None else anchors
    bias = {} if record.oracle is None else _bias(experiment, key, state, behavior_params, index, listed)

    def update(carry, this):
        params, opt_state, log_probs, old = carry
        number, takes_part, beside = this
        batch = Minibatch(
            log_probs=log_probs,
            reference_log_probs=reference,
            behavior_logprobs=behavior_logprobs,
            rows=rows,
            tokens=rollout.tokens,
            mask=rollout.mask & takes_part[..., None],
            chosen=rollout.chosen,
            advantages=advantages,
        )
        through = pullback(policy, params, rollout, log_probs)
        push = surrogate.token_push(batch)
        grads = through(surrogate.row_push(batch, push))
        loss_grads = optax.tree.scale(-1.0, grads)
        told = {"value": -surrogate.objective(batch)} | signals(
            experiment.optimizer.signals, surrogate, batch, rollout.mask, through, number, len(minibatches)
        )
        updates, next_state = optimizer.update(loss_grads, opt_state, params, **told)
        attribution = None
        if record.attributed:
            attribution, old = attribute(experiment.optimizer, loss_grads, opt_state, params, told, updates, old)
        updated = optax.apply_updates(params, updates)
        log_probs = log_probs_of(policy, updated, rollout)
        step = StepContext(
            environment=environment,
            policy=policy,
            surrogate=surrogate,
            rollout=rollout,
            before=batch,
            push=push,
            grads=grads,
            updates=updates,
            start_params=state.start_params,
            params=updated,
            log_probs=log_probs,
            listed=listed,
            listed_behavior=listed_behavior,
            listed_reference=listed_reference,
            bias=bias,
            pullback=through,
            pushforward=pushforward(policy, params, rollout, batch.log_probs),
            attribution=attribution,
            twin=beside,
        )
        coasted = step.carried["coasting"] if record.attributed and record.token_stride else None
        ratios = (step.after.log_ratio, surrogate.silenced(batch), coasted)
        return (updated, next_state, log_probs, old), (measure(step, record.active_probes), ratios)

    minibatches = _minibatches(_key(key, "minibatches", index), training, advantages.shape)
    opt_state = experiment.optimizer.begin_rollout(state.opt_state, state.params, index)
    old = old_momentum(experiment.optimizer, opt_state) if record.attributed else None
    carry = (state.params, opt_state, start, old)
    these = (jnp.arange(len(minibatches)), minibatches, twin)
    (params, opt_state, *_), (metrics, (log_ratio, clip_active, coasting)) = jax.lax.scan(update, carry, these)
    tokens = Tokens(
        tokens=rollout.tokens,
        mask=rollout.mask,
        rewards=rollout.rewards,
        advantages=advantages,
        log_ratio=log_ratio,
        clip_active=clip_active,
        coasting=coasting,
    )
    past = None if state.past is None else jax.tree.map(_pushed, state.past, state.params)
    return State(params=params, opt_state=opt_state, start_params=state.start_params, past=past), metrics, tokens


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


def _minibatches(key: Array, training: Any, shape: tuple[int, int]) -> Bool[Array, "K P G"]:
    """Which completions take part in each update: every epoch goes through all of them once, in random order."""
    if training.minibatches == 1:
        return jnp.ones((training.epochs, *shape), dtype=bool)
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
            f"jax.config.update('jax_enable_x64', {precision == 'float64'}) first, or use simulator.run"
        )
