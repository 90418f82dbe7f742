"""One update, from the pushes on a minibatch's tokens to what the probes see of it.

pushes ─► gradient ─► optimizer ─► parameters ─► log-probabilities
                          └─► its parts
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import optax
from jax import Array
from jaxtyping import Bool, Float, Int

from .environments.base import Environment
from .exact import Listed
from .methods.base import Method
from .optimizers.attribution import attribute, old_momentum
from .parts import part
from .policies.base import Policy
from .probes.base import measure
from .probes.context import StepContext
from .surrogates.base import both_of, pullback, pushforward
from .surrogates.signals import signals
from .types import Minibatch, Params, Rollout, at_tokens, materialize


@runtime_checkable
class Experiment(Protocol):
    """What the loop reads of an experiment (simulator/experiment.py has the class)."""

    @property
    def environment(self) -> Environment: ...

    @property
    def policy(self) -> Policy: ...

    @property
    def method(self) -> Method: ...

    @property
    def optimizer(self) -> Any: ...

    @property
    def rollouts(self) -> Any: ...

    @property
    def training(self) -> Any: ...

    @property
    def record(self) -> Any: ...


@dataclass(frozen=True)
class RolloutContext:
    """What all updates of one rollout share.

    `listed` are all completions, None where they are too many, with their log-probabilities under the behavior policy
    and the reference; `bias` is what the oracle found, `once` what probes made of the rollout.
    """

    experiment: Experiment
    rollout: Rollout
    advantages: Float[Array, "P G"]
    rows: Int[Array, "P G T"]
    behavior_logprobs: Float[Array, "P G T"]
    reference_log_probs: Float[Array, "R V"]
    start_params: Params
    listed: Listed | None
    listed_behavior: Float[Array, "P C"] | None
    listed_reference: Float[Array, "P C"] | None
    bias: dict[str, Array]
    once: dict[str, Any]

    def token_logprobs(self, log_probs: Float[Array, "R V"]) -> Float[Array, "P G T"]:
        """The tokens' entries of a policy's log-probabilities."""
        return materialize(at_tokens(log_probs, self.rows, self.rollout.tokens))

    def minibatch(self, state: UpdateState, takes_part: Bool[Array, "P G"] | None) -> Minibatch:
        """The completions that take part, None for all, under the policy that an update finds."""
        rollout = self.rollout
        return Minibatch(
            log_probs=state.log_probs,
            reference_log_probs=self.reference_log_probs,
            behavior_logprobs=self.behavior_logprobs,
            rows=self.rows,
            tokens=rollout.tokens,
            mask=rollout.mask if takes_part is None else rollout.mask & takes_part[..., None],
            chosen=rollout.chosen,
            advantages=self.advantages,
            token_logprobs=state.token_logprobs,
        )


@part
class UpdateState:
    """What one update hands to the next.

    `probs` are π where `log_probs` are log π, `token_logprobs` the tokens' entries of the latter; `old_momentum` is
    what is left of the momentum that the rollout began with.
    """

    params: Params
    opt_state: Any
    log_probs: Float[Array, "R V"]
    probs: Float[Array, "R V"]
    token_logprobs: Float[Array, "P G T"]
    old_momentum: Params | None


@part
class UpdateInput:
    """Which update it is: its number, the completions that take part, the metrics of the twin's same update.

    All of them take part where `takes_part` is None.
    """

    number: Int[Array, "*K"]
    takes_part: Bool[Array, "*K P G"] | None
    twin: dict[str, Array] | None


@part
class TokenRecord:
    """What is kept of one update's tokens."""

    log_ratio: Float[Array, "P G T"]
    clip_active: Bool[Array, "P G T"]
    coasting: Float[Array, "P G T"] | None


def begin(
    context: RolloutContext, params: Params, opt_state: Any, log_probs: Float[Array, "R V"], probs: Float[Array, "R V"]
) -> UpdateState:
    """What a rollout's first update finds, the optimizer's state already as the rollout begins with it."""
    experiment = context.experiment
    old = old_momentum(experiment.optimizer, opt_state) if experiment.record.attributed else None
    return UpdateState(
        params=params,
        opt_state=opt_state,
        log_probs=log_probs,
        probs=probs,
        token_logprobs=context.token_logprobs(log_probs),
        old_momentum=old,
    )


def update(
    context: RolloutContext, state: UpdateState, given: UpdateInput
) -> tuple[UpdateState, tuple[dict[str, Array], TokenRecord]]:
    """Make one update: what the next one finds, and what is recorded of this one."""
    experiment, rollout, params = context.experiment, context.rollout, state.params
    policy, optimizer, record = experiment.policy, experiment.optimizer, experiment.record
    surrogate = experiment.method.surrogate()

    batch = context.minibatch(state, given.takes_part)
    backward = pullback(policy, params, rollout, batch.log_probs, state.probs)
    grads = backward(surrogate.row_push(batch, surrogate.token_push(batch)))

    loss_grads, num_updates = optax.tree.scale(-1.0, grads), experiment.training.updates_per_rollout
    extra_args = signals(optimizer.signals, surrogate, batch, rollout.mask, backward, given.number, num_updates)
    extra_args["value"] = -surrogate.objective(batch)
    updates, opt_state = optimizer.build().update(loss_grads, state.opt_state, params, **extra_args)
    attribution, old = None, state.old_momentum
    if record.attributed:
        attribution, old = attribute(optimizer, loss_grads, state.opt_state, params, extra_args, updates, old)

    updated = optax.apply_updates(params, updates)
    log_probs, probs = both_of(policy, updated, rollout)
    token_logprobs = context.token_logprobs(log_probs)
    step = StepContext(
        environment=experiment.environment,
        policy=policy,
        surrogate=surrogate,
        rollout=rollout,
        before=batch,
        grads=grads,
        updates=updates,
        start_params=context.start_params,
        params=updated,
        log_probs=log_probs,
        token_logprobs=token_logprobs,
        listed=context.listed,
        listed_behavior=context.listed_behavior,
        listed_reference=context.listed_reference,
        bias=context.bias,
        once=context.once,
        pullback=backward,
        pushforward=pushforward(policy, params, rollout, batch.log_probs),
        attribution=attribution,
        twin=given.twin,
    )
    recorded = TokenRecord(
        log_ratio=step.after.log_ratio,
        clip_active=surrogate.silenced(batch),
        coasting=step.carried["coasting"] if record.attributed and record.token_stride else None,
    )
    after = UpdateState(
        params=updated,
        opt_state=opt_state,
        log_probs=log_probs,
        probs=probs,
        token_logprobs=token_logprobs,
        old_momentum=old,
    )
    return after, (measure(step, record.active_probes), recorded)
