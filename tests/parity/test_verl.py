"""verl's own numbers: its advantages, losses, reductions and penalties are those of the dialect that has its names.

verl.json holds what verl's code gives (its `source` says which code, and how it was run).
"""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import simulator as sim
from simulator.types import Minibatch, Rollout

GOLDEN = json.loads(Path(__file__).with_name("verl.json").read_text())
ADVANTAGES, LOSSES, REDUCTIONS, PENALTIES = (
    GOLDEN[name] for name in ("advantages", "policy_losses", "agg_loss", "kl_penalty")
)

# verl divides these by a count of tokens plus 1e-8; geo_mean does so in an exponent, here of up to 13
ROUGHLY = {"reinforce_plus_plus": 1e-7, "reinforce_plus_plus_baseline": 1e-7, "gdpo": 1e-7}
ROUGHLY |= {"seq-mean-token-mean": 1e-7, "mean over completions": 2e-7}

NOT_CARRIED = {"clip_cov", "kl_cov"}  # losses that look at the covariance of log π and A over the whole batch
CARRIED = [case for case in LOSSES["cases"] if case["loss_mode"] not in NOT_CARRIED]
SUMMED = [case for case in PENALTIES["cases"] if case["kl_penalty"] not in ("abs+", "k2+", "mse+")]


def said(*names):
    """What a test is called: the fields of the case."""
    return lambda case: "-".join(str(case[name]) for name in names)


def close(found, expected, kind, atol=1e-15):
    np.testing.assert_allclose(found, expected, rtol=ROUGHLY.get(kind, 1e-12), atol=atol)


def masked(inputs):
    return np.arange(inputs["max_length"]) < np.array(inputs["lengths"])[:, None]


def minibatch(log_prob, old_log_prob, ref_log_prob, mask, advantages):
    """One group of completions; every token has a row of its own, in which it is the token 0 of two."""
    shape = (1, *mask.shape)
    table = np.zeros((mask.size, 2))
    rows = jnp.arange(mask.size).reshape(shape)
    return Minibatch(
        log_probs=jnp.asarray(table).at[:, 0].set(np.ravel(log_prob)),
        reference_log_probs=jnp.asarray(table).at[:, 0].set(np.ravel(ref_log_prob)),
        behavior_logprobs=jnp.asarray(old_log_prob).reshape(shape),
        rows=rows,
        tokens=jnp.zeros_like(rows),
        mask=jnp.asarray(mask).reshape(shape),
        chosen=jnp.asarray(mask).reshape(shape),
        advantages=jnp.asarray(advantages)[None],
    )


# Advantages


def rollout(sources):
    """The golden inputs: three groups of four completions."""
    inputs, shape = ADVANTAGES["inputs"], (3, 4)
    mask = masked(inputs).reshape(*shape, -1)
    return Rollout(
        states=jnp.zeros(mask.shape, dtype=int),
        tokens=jnp.zeros(mask.shape, dtype=int),
        mask=jnp.asarray(mask),
        chosen=jnp.asarray(mask),
        sources=jnp.moveaxis(jnp.asarray(sources), 0, -1).reshape(*shape, -1),
        greedy=jnp.asarray(inputs["reward_baselines"])[::4],
    )


def test_the_golden_groups_are_four_completions_each_in_their_order():
    assert ADVANTAGES["inputs"]["groups"] == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]


@pytest.mark.parametrize("case", ADVANTAGES["cases"], ids=said("estimator", "options"))
def test_the_advantages_are_verls(case):
    estimator = case["estimator"].removesuffix("_vectorized")  # verl's names for a second way to compute the same
    options = {name: value for name, value in case["options"].items() if name != "gamma"}  # 1: undiscounted
    if options.get("gdpo_reward_weights") is not None:
        options["gdpo_reward_weights"] = np.array(options["gdpo_reward_weights"])
    inputs = ADVANTAGES["inputs"]
    sources = inputs["sources"] if estimator == "gdpo" else [inputs["rewards"]]
    found = sim.dialects.Verl(adv_estimator=estimator, **options).surrogate().advantages(rollout(sources))
    close(found.ravel(), case["advantages"], estimator)


def test_every_estimator_of_the_dialect_is_held_against_verl():
    held = {case["estimator"].removesuffix("_vectorized") for case in ADVANTAGES["cases"]}
    assert held == {
        preset["adv_estimator"] for preset in sim.dialects.Verl.presets.values() if "adv_estimator" in preset
    }


# Losses


def loss_of(case):
    """The surrogate and the minibatch of one golden loss."""
    modes = {} if case["loss_mode"] in ("gspo", "sapo", "geo_mean") else {"loss_agg_mode": case["loss_agg_mode"]}
    inputs = LOSSES["inputs"][case["inputs"]]
    log_prob, old = inputs["log_prob"], inputs["old_log_prob"]
    batch = minibatch(log_prob, old, old, masked(inputs), inputs["advantages"])
    return sim.dialects.Verl(loss_mode=case["loss_mode"], **case["options"], **modes).surrogate(), batch


def rounding(case):
    """What a loss may differ by: dppo's weight goes on falling where verl holds it at e^−20."""
    return np.exp(-20.0) * 25 * 3 / 30 if case["loss_mode"].startswith("dppo") else 1e-15  # |log π|, |A|, 30 tokens


@pytest.mark.parametrize("case", CARRIED, ids=said("loss_mode", "options", "inputs"))
def test_the_gradient_of_the_loss_is_verls(case):
    surrogate, batch = loss_of(case)
    close(-surrogate.token_push(batch)[0], case["gradient"], case["loss_agg_mode"], atol=rounding(case))


@pytest.mark.parametrize("case", CARRIED, ids=said("loss_mode", "options", "inputs"))
def test_the_value_of_the_loss_is_verls(case):
    surrogate, batch = loss_of(case)
    found = -surrogate.objective(batch)
    if case["loss_mode"] == "dro":  # A log π in verl, A log ρ here: apart by what no gradient sees
        behavior = np.where(batch.mask, batch.behavior_logprobs, 0.0)
        found -= np.sum(np.asarray(surrogate.weights(batch)) * np.asarray(batch.advantages)[..., None] * behavior)
    close(found, case["loss"], case["loss_agg_mode"], atol=rounding(case))


@pytest.mark.parametrize(
    "case", [case for case in CARRIED if case["loss_mode"] in ("vanilla", "gspo")], ids=said("loss_mode", "inputs")
)
def test_the_tokens_that_are_clipped_are_verls(case):
    surrogate, batch = loss_of(case)
    low, high, dual = (np.mean(flags[batch.mask]) for flags in surrogate.clipped(batch))
    np.testing.assert_allclose(low + high, case["metrics"]["pg_clipfrac"], rtol=1e-7)
    np.testing.assert_allclose(dual, case["metrics"]["pg_clipfrac_lower"], rtol=1e-7)


def test_the_losses_that_are_not_carried_are_two():
    every, modes = {case["loss_mode"] for case in LOSSES["cases"]}, sim.dialects.Verl.presets.values()
    assert every - {case["loss_mode"] for case in CARRIED} == NOT_CARRIED
    assert every - NOT_CARRIED == {"vanilla"} | {preset["loss_mode"] for preset in modes if "loss_mode" in preset}


# Reductions


@pytest.mark.parametrize("case", REDUCTIONS["cases"], ids=said("loss_agg_mode", "options"))
def test_the_weights_of_the_tokens_are_verls(case):
    inputs = REDUCTIONS["inputs"]
    reduction = sim.dialects.Verl(loss_agg_mode=case["loss_agg_mode"], **case["options"]).surrogate().reduction
    weights = reduction(jnp.asarray(masked(inputs))[None])[0]
    close(weights, case["gradient"], case["loss_agg_mode"])
    close(np.sum(weights * np.array(inputs["loss_mat"])), case["loss"], case["loss_agg_mode"])


# Penalties


@pytest.mark.parametrize("case", SUMMED, ids=said("kl_penalty"))
def test_the_penalty_and_its_gradient_are_verls(case):
    log_prob, reference = (np.array(PENALTIES["inputs"][name])[:, None] for name in ("log_prob", "ref_log_prob"))
    batch = minibatch(log_prob, log_prob, reference, np.ones(log_prob.shape, dtype=bool), np.zeros(len(log_prob)))
    kl = sim.dialects.Verl(use_kl_loss=True, kl_loss_coef=1.0, kl_loss_type=case["kl_penalty"]).surrogate().kl

    def penalty(weights, log_probs):
        seen = Minibatch(**{**vars(batch), "log_probs": log_probs})
        return -kl.bonus(seen, weights, weights)

    # linear in the weights, so that its slope in them is each token's value
    values, gradient = jax.grad(penalty, argnums=(0, 1))(jnp.ones(batch.mask.shape), batch.log_probs)
    close(values.ravel(), case["value"], case["kl_penalty"])
    close(gradient[:, 0], case["gradient"], case["kl_penalty"], atol=1e-15)


def test_the_penalties_that_are_not_carried_have_no_gradient_of_their_own():
    # verl writes any name with a "+": the value as it is, the gradient k2's
    left = {case["kl_penalty"] for case in PENALTIES["cases"]} - {case["kl_penalty"] for case in SUMMED}
    assert left == {"abs+", "k2+", "mse+"}
