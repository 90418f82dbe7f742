"""What remedies are told: gradients by jax's autodiff of objectives written by hand, the rest with a pencil."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import simulator as sim
from simulator.advantages import GroupMean
from simulator.surrogates.base import Surrogate, softmax_pullback
from simulator.surrogates.gates import Clip, Difference, Ratio, TwoSidedClip
from simulator.surrogates.log_ratios import ClippedSequence, Token
from simulator.surrogates.reductions import SequenceMean
from simulator.surrogates.signals import signals
from tests.probes.steps import SURROGATE, step_of
from tests.surrogates.batches import (
    BEHAVIOR_LOGITS,
    LENGTHS,
    LOGITS,
    MASK,
    REWARDS,
    ROWS,
    TOKENS,
    log_softmax,
    minibatch,
)

L = np.maximum(LENGTHS, 1)[..., None]
A = (REWARDS - REWARDS.mean(axis=1, keepdims=True))[..., None]
BEHAVIOR = log_softmax(BEHAVIOR_LOGITS)[ROWS, TOKENS]
PART = np.array([[True, True, False, True], [False, True, True, False]])  # the completions of a minibatch


def told(surrogate, batch, *names, rollout_mask=None, update=0):
    """The named signals, with logits for parameters."""
    mask = batch.mask if rollout_mask is None else rollout_mask

    def through(push):
        return {"logits": softmax_pullback(batch.log_probs, push)}

    return signals(names, surrogate, batch, jnp.asarray(mask), through, jnp.asarray(update), 8)


# What the clip took away. An objective is a sum over completions of what it says of (log ρ, log π), with a clip and
# without it; W is 1/B for completions that take part.


def per_token(objective):
    return lambda log_ratio, logp, mask: jnp.sum(mask * objective(jnp.exp(log_ratio)) / L, axis=-1)


def clipped(ratio, low=0.2, high=0.2):
    return jnp.minimum(ratio * A, jnp.clip(ratio, 1 - low, 1 + high) * A)


def with_dual(ratio):
    return jnp.where(A < 0, jnp.maximum(clipped(ratio), 1.3 * A), clipped(ratio))


def of_sequences(objective, power):
    """The objective of Π ρ, or of its L-th root."""

    def value(log_ratio, logp, mask):
        return objective(jnp.exp(jnp.sum(mask * log_ratio, axis=-1, keepdims=True) * power))[..., 0]

    return value


def geometric(limited):
    return lambda log_ratio, logp, mask: (A * jnp.exp(jnp.sum(mask * limited(log_ratio), axis=-1, keepdims=True) / L))[
        ..., 0
    ]


def of_probabilities(radius, cap=np.inf):
    def value(log_ratio, logp, mask):
        now, before = jnp.exp(logp), jnp.exp(logp - log_ratio)
        inside = jnp.where(A > 0, now - before <= radius, before - now <= radius)
        return jnp.sum(
            mask * jax.lax.stop_gradient(inside * jnp.minimum(jnp.exp(log_ratio), cap) * A) * logp / L, axis=-1
        )

    return value


def surrogate(**factors):
    return Surrogate(
        **{"advantage": GroupMean(), "level": Token(), "gate": Clip(), "reduction": SequenceMean()} | factors
    )


CASES = {
    "token": (surrogate(), per_token(clipped), per_token(lambda ratio: ratio * A)),
    "dual": (surrogate(gate=Clip(dual=1.3)), per_token(with_dual), per_token(lambda ratio: ratio * A)),
    "two-sided": (
        surrogate(gate=TwoSidedClip()),
        per_token(lambda ratio: jnp.clip(ratio, 0.8, 1.2) * A),
        per_token(lambda ratio: ratio * A),
    ),
    "gspo": (
        sim.methods.GSPO(clip_low=0.1, clip_high=0.1).surrogate(),
        of_sequences(lambda ratio: clipped(ratio, 0.1, 0.1), 1 / L),
        of_sequences(lambda ratio: ratio * A, 1 / L),
    ),
    "gcpo": (sim.methods.GCPO().surrogate(), of_sequences(clipped, 1.0), of_sequences(lambda ratio: ratio * A, 1.0)),
    "dppo": (
        surrogate(gate=Difference(low=0.05, high=0.05, cap=1e3)),
        of_probabilities(0.05),
        of_probabilities(np.inf),
    ),
    "dppo, capped": (
        surrogate(gate=Difference(low=0.05, high=0.05, cap=1.1)),
        of_probabilities(0.05, 1.1),
        of_probabilities(np.inf, 1.1),
    ),
    "gmpo": (
        surrogate(level=ClippedSequence(clip_low=0.2, clip_high=0.2), gate=Ratio()),
        geometric(lambda x: jnp.where(A > 0, jnp.minimum(x, 0.2), jnp.maximum(x, -0.2))),
        geometric(lambda x: x),
    ),
}


@pytest.mark.parametrize("part", [np.ones_like(PART), PART], ids=["whole", "minibatch"])
@pytest.mark.parametrize("name", CASES)
def test_what_the_clip_took_away_is_the_gradient_without_it_minus_the_gradient(name, part):
    point, with_clip, without_clip = CASES[name]
    mask = MASK & part[..., None]
    takes_part = mask.any(axis=-1)

    @jax.jit
    @jax.grad
    def difference(logits):
        logp = jnp.where(mask, jax.nn.log_softmax(logits)[ROWS, TOKENS], 0.0)
        log_ratio = jnp.where(mask, logp - BEHAVIOR, 0.0)
        losses = [
            -jnp.sum(takes_part * of(log_ratio, logp, mask)) / takes_part.sum() for of in (without_clip, with_clip)
        ]
        return losses[0] - losses[1]

    batch = replace(minibatch(A[..., 0]), mask=jnp.asarray(mask))
    found = told(point, batch, "clipped_away")["clipped_away"]["logits"]
    expected = difference(jnp.asarray(LOGITS))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)
    assert np.max(np.abs(expected)) > 1e-3  # or nothing was clipped


@pytest.mark.parametrize("method", [sim.methods.CISPO(), sim.methods.Reinforce()], ids=["cispo", "reinforce"])
def test_nothing_is_taken_away_where_nothing_is_clipped(method):
    found = told(method.surrogate(), minibatch(A[..., 0]), "clipped_away", "clip_active")
    np.testing.assert_array_equal(found["clipped_away"]["logits"], 0.0)
    assert found["clip_active"] == 0.0


# The rest

RATIOS = np.array([[[1.3, 1.0], [0.7, 1.5]]])
ADVANTAGES = [[1.0, -1.0]]


def test_the_share_of_silenced_tokens_is_the_minibatchs():
    batch = step_of(RATIOS, ADVANTAGES).before
    assert told(SURROGATE, batch, "clip_active")["clip_active"] == pytest.approx(2 / 4)  # 1.3 pushed up, 0.7 down
    one = replace(batch, mask=batch.mask & jnp.array([[[True], [False]]]))
    assert told(SURROGATE, one, "clip_active")["clip_active"] == pytest.approx(1 / 2)


def test_distances_are_the_whole_rollouts():
    batch = step_of(RATIOS, ADVANTAGES).before
    one = replace(batch, mask=batch.mask & jnp.array([[[True], [False]]]))
    for each in (batch, one):
        found = told(SURROGATE, each, "max_log_ratio", "kl", rollout_mask=batch.mask)
        assert found["max_log_ratio"] == pytest.approx(np.log(1.5), rel=1e-12)
        # ρ − 1 − log ρ of 1.3, 1, 0.7 and 1.5
        by_hand = (0.3 - np.log(1.3) + 0.0 - 0.3 - np.log(0.7) + 0.5 - np.log(1.5)) / 4
        assert found["kl"] == pytest.approx(by_hand, rel=1e-12)


def test_a_ratio_may_be_as_far_below_one_as_above():
    batch = step_of([[[1.3], [0.5]]], ADVANTAGES).before
    assert told(SURROGATE, batch, "max_log_ratio")["max_log_ratio"] == pytest.approx(np.log(2.0), rel=1e-12)


def test_only_what_is_asked_for_is_told():
    batch = step_of(RATIOS, ADVANTAGES).before
    assert told(SURROGATE, batch) == {}
    assert told(SURROGATE, batch, "update", "num_updates", update=3) == {"update": 3, "num_updates": 8}


# In a run


def listening():
    """Plain SGD whose state is what it was told last."""
    heard = {"clip_active": 0.0, "max_log_ratio": 0.0, "kl": 0.0, "update": 0.0, "num_updates": 0.0}

    def init(params):
        return jax.tree.map(jnp.asarray, heard | {"clipped_away": jax.tree.map(jnp.zeros_like, params)})

    def update(grads, state, params=None, **extra):
        now = jax.tree.map(lambda new, old: jnp.asarray(new, old.dtype), {key: extra[key] for key in state}, state)
        return optax.tree.scale(-1.0, grads), now

    return optax.GradientTransformationExtraArgs(init, update)


def test_the_loop_tells_an_optimizer_what_its_remedies_want_to_know():
    # remedies with numbers that leave everything as it is, but for their signals
    kinds = [
        {"kind": "brake", "strength": 0.0},
        {"kind": "skip_when_clipped"},
        {"kind": "stop_at", "ratio": 1e9, "kl": 1e9},
    ]
    optimizer = sim.optimizer(listening(), remedies=[*kinds, {"kind": "reposition", "interpolation": 1.0}])
    assert set(optimizer.signals) == set(listening().init({}))
    experiment = sim.Experiment(
        environment=sim.environments.Bandit(rewards=np.array([[1.0, 0.0, 0.0, 0.0]])),
        policy=sim.policies.Tabular(),
        method=sim.methods.DrGRPO(clip_low=0.2, clip_high=0.2),
        optimizer=optimizer,
        training=sim.Training(num_rollouts=1, group_size=8, epochs=3, minibatches=2),
        rollouts=sim.rollouts.Fixed(completions=np.array([[[arm] for arm in (0, 0, 1, 1, 2, 2, 3, 3)]])),
        record=sim.Record(probes=("ratio", "clip", "kl"), ratios=sim.Stride()),
    )
    key = jax.random.key(1)

    @jax.jit
    def told_last():
        state, trace = sim.advance(experiment, key, sim.init(experiment, key), jnp.asarray(0), 1)
        return optax.tree.get(state.opt_state, "inner_state", filtering=lambda _, v: isinstance(v, dict)), trace

    heard, trace = told_last()
    log_ratio = np.asarray(trace.tokens.log_ratio[0, -2])  # where the last update found the ratios
    assert float(heard["clip_active"]) == trace.metrics["clip/active"][0, -1] > 0
    assert float(heard["max_log_ratio"]) == pytest.approx(np.max(np.abs(log_ratio)), rel=1e-12)
    assert float(heard["kl"]) == pytest.approx(np.mean(np.exp(log_ratio) - 1 - log_ratio), rel=1e-12)
    assert (float(heard["update"]), float(heard["num_updates"])) == (5.0, 6.0)
    assert np.any(heard["clipped_away"]["logits"] != 0)
