"""Sampled batches against the enumeration of all: estimates within their errors, errors as large as the spread.

Seeds were written down before anything was looked at.
"""

from dataclasses import replace
from functools import cache

import jax
import numpy as np
import pytest

import simulator as sim
from simulator.environments.bandit import Bandit
from simulator.environments.rewards import CountToken
from simulator.environments.token_tree import TokenTree
from simulator.exact import Enumerated, MonteCarlo
from tests.exact.worlds import CHANCE, UNEVEN, Spelled, logits, situation

TREE = TokenTree(vocab_size=3, max_length=3, reward=CountToken(token=1), length_cost=0.3)
# name -> (world, method, policy's seed, behavior's seed, completions per prompt)
CASES = {
    "grpo": (CHANCE, sim.methods.GRPO(), 11, None, 3),
    "dr_grpo": (TREE, sim.methods.DrGRPO(), 13, None, 3),
    "gspo off-policy": (CHANCE, sim.methods.GSPO(), 14, 24, 2),
}
NORMS = ("bias/norm", "prefix/expected_bias")


@cache
def measured(case, oracle, listed, keys):
    """What an oracle finds with each of some keys; completions cannot be listed if not `listed`."""
    world, method, seed, behind, size = CASES[case] if isinstance(case, str) else case

    def measure(key):
        behavior = None if behind is None else logits(world, behind)
        asked = situation(world, method, logits(world, seed), behavior, group_size=size)
        return oracle.measure(key, asked if listed else replace(asked, listed=None))

    found = jax.jit(jax.vmap(measure))(jax.random.split(jax.random.key(7), keys))
    return {name: np.asarray(values) for name, values in found.items()}


ENUMERATED, MANY, FEW = Enumerated(), MonteCarlo(batches=2048), MonteCarlo(batches=64)


@pytest.mark.long
@pytest.mark.parametrize("listed", [True, False], ids=["exact truth", "sampled truth"])
@pytest.mark.parametrize("case", CASES)
def test_it_agrees_with_the_enumeration_within_four_standard_errors(case, listed):
    exact, found = measured(case, ENUMERATED, True, 1), measured(case, MANY, listed, 1)
    assert set(found) == {name + ending for name in exact for ending in ("", "_se")}
    for name, (value,) in exact.items():
        error = found[f"{name}_se"][0]
        np.testing.assert_allclose(found[name], value, rtol=0, atol=4 * error + 1e-12, err_msg=name)
        assert error < 0.3 * max(value, exact["bias/std"][0])  # or it would agree with anything


@pytest.mark.long
@pytest.mark.parametrize("listed", [True, False], ids=["exact truth", "sampled truth"])
def test_the_standard_errors_are_the_spread_over_many_keys(listed):
    found = measured("grpo", FEW, listed, 400)
    for name in ("bias/cos_true", "bias/scale", "bias/std", "prefix/std", "bias/true_norm"):
        spread, error = np.std(found[name]), np.sqrt(np.mean(found[f"{name}_se"] ** 2))
        np.testing.assert_allclose(error, spread, rtol=0.3, atol=1e-12, err_msg=name)
    for name in NORMS:  # those are of a vector, of which the norm is one direction
        assert np.std(found[name]) <= 1.3 * np.sqrt(np.mean(found[f"{name}_se"] ** 2))


@pytest.mark.parametrize("listed", [True, False], ids=["exact truth", "sampled truth"])
def test_the_mean_over_many_keys_is_the_enumeration(listed):
    # what is wrong on average does not go away by asking again
    exact, found = measured("grpo", ENUMERATED, True, 1), measured("grpo", FEW, listed, 400)
    for name, (value,) in exact.items():
        error = np.sqrt(np.mean(found[f"{name}_se"] ** 2))
        np.testing.assert_allclose(np.mean(found[name]), value, rtol=0, atol=0.3 * error + 1e-12, err_msg=name)


# A method whose mean gradient is the truth, where noise is as large as the truth: RLOO on arms that pay N(mean, 1)
NOISY = Bandit(rewards=np.random.default_rng(16).uniform(size=(16, 8)), distribution="gaussian")


def test_noise_is_not_taken_for_bias():
    found = measured((NOISY, sim.methods.RLOO(), 17, None, 4), FEW, True, 100)
    noise = np.mean(found["bias/std"]) / np.sqrt(64)
    assert noise > 0.4 * found["bias/true_norm"][0]  # ‖E[g]‖² would be over by a sixth
    off = 1 - found["bias/cos_true"]
    assert np.all(off >= 0) and np.mean(off) < 0.5 * np.mean(found["bias/cos_true_se"])
    assert np.mean(found["bias/scale"]) == pytest.approx(1.0, abs=0.05)
    assert np.mean(found["bias/norm"]) < 0.3 * noise


@pytest.mark.long
def test_noise_is_not_taken_for_truth():
    # GRPO, whose own gradients are not those that the truth is estimated with
    case = (NOISY, sim.methods.GRPO(), 17, None, 4)
    known, sampled = measured(case, MonteCarlo(batches=16384), True, 1), measured(case, FEW, False, 100)
    assert np.mean(sampled["bias/true_norm_se"]) > 0.05 * known["bias/true_norm"][0]
    for name in ("bias/true_norm", "bias/scale", "bias/cos_true"):
        error = 0.5 * np.mean(sampled[f"{name}_se"]) + 4 * known[f"{name}_se"][0]
        assert np.mean(sampled[name]) == pytest.approx(known[name][0], abs=error), name


def test_the_error_of_the_prefixs_bias_knows_that_of_the_scale():
    # the first token is all but certain and pays well, the second is not and pays little, the rest is noise: what the
    # scale is not known of weighs more than the noise of the first token's own gradient
    def pays(first, second):
        mean = 12.5 * (first == 0) + 0.5 * (second == 0)
        return ((0.5, (mean - 30.0,)), (0.5, (mean + 30.0,)))

    world = Spelled(said=(tuple(((a, b), pays(a, b)) for a in (0, 1) for b in (0, 1)),))

    def measure(key):
        table = np.zeros((3, 2))
        table[0] = np.log([0.99, 0.01])
        return FEW.measure(key, situation(world, sim.methods.RLOO(), table, group_size=4))

    found = jax.jit(jax.vmap(measure))(jax.random.split(jax.random.key(8), 400))
    spread = np.sqrt(np.mean(found["prefix/expected_bias"] ** 2))  # the truth is that there is none
    assert spread < 1.3 * np.sqrt(np.mean(found["prefix/expected_bias_se"] ** 2))


@pytest.mark.long
def test_a_group_of_one_is_measured_too():
    found = measured((UNEVEN, sim.methods.Reinforce(), 18, None, 1), MANY, False, 1)
    exact = measured((UNEVEN, sim.methods.Reinforce(), 18, None, 1), ENUMERATED, True, 1)
    for name in ("bias/scale", "bias/true_norm", "bias/std"):
        np.testing.assert_allclose(found[name], exact[name], atol=4 * found[f"{name}_se"][0], err_msg=name)


# Beside a run


def run(oracle, probes=("bias", "reward", "update", "ratio"), learning_rate=0.1, **training):
    experiment = sim.Experiment(
        environment=TREE,
        policy=sim.policies.Tabular(bias=np.array([-0.5, 0.2, 0.4])),
        method=sim.methods.GRPO(),
        optimizer=sim.optimizer("adam", learning_rate=learning_rate),
        training=sim.Training(**{"num_rollouts": 3, "group_size": 3, "epochs": 2, **training}),
        record=sim.Record(probes=probes, oracle=oracle),
    )
    return jax.jit(sim.simulate)(experiment, jax.random.key(0))


@pytest.fixture(scope="module")
def watched():
    return run(FEW)


@pytest.mark.parametrize("oracle", [None, ENUMERATED], ids=["none", "enumerated"])
def test_the_run_is_the_same_whoever_watches(watched, oracle):
    trace = run(oracle)
    for name in trace.metrics.keys() & watched.metrics.keys():
        if not name.startswith(("bias/", "prefix/")):
            np.testing.assert_array_equal(trace.metrics[name], watched.metrics[name], err_msg=name)
    np.testing.assert_array_equal(trace.params["logits"], watched.params["logits"])


@pytest.mark.long
@pytest.mark.parametrize(
    "changes",
    [{"probes": ("bias",), "learning_rate": 1.0}, {"epochs": 1, "num_rollouts": 1, "minibatches": 3}],
    ids=repr,
)
def test_what_is_found_of_the_first_rollout_is_the_same_in_every_run(watched, changes):
    other = run(FEW, **changes).metrics
    for name in [name for name in watched.metrics if name.startswith("bias/")]:
        np.testing.assert_allclose(other[name][0, 0], watched.metrics[name][0, 0], rtol=1e-12, atol=1e-15, err_msg=name)


def test_every_rollout_is_measured_with_batches_of_its_own():
    still = run(FEW, learning_rate=0.0).metrics  # a policy that stays where it is
    assert len(np.unique(still["bias/scale"][:, 0])) == 3
    np.testing.assert_array_equal(still["bias/scale"][:, 0], still["bias/scale"][:, 1])
