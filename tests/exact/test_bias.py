"""The comparison of two gradients, on vectors that can be checked in the head."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import simulator as sim
from simulator.advantages import GroupMean
from simulator.environments.length_trap import LengthTrap
from simulator.exact import Enumerated, Moments, Truth, bias_metrics
from tests.exact.worlds import UNEVEN, Spelled, compiled, logits, paid

pytestmark = pytest.mark.usefixtures("strict_promotion")


def compared(mean, truth, variance=1.0, first_mean=(0.0, 0.0), first_truth=(0.0, 0.0), first_variance=0.0):
    """The metrics of gradients with two parameters, in a tree of two leaves."""

    def tree(values):
        return {"a": jnp.array(values[:1]), "b": jnp.array(values[1:])}

    moments = Moments(
        mean=tree(mean),
        variance=jnp.asarray(variance),
        first_mean=tree(first_mean),
        first_variance=jnp.asarray(first_variance),
    )
    found = bias_metrics(moments, Truth(grads=tree(truth), first=tree(first_truth)))
    return {name: float(value) for name, value in found.items()}


def measured(environment, method, table, precision="float64", **others):
    """What the enumeration says of a method at a table of logits."""
    with jax.enable_x64(precision == "float64"):
        measure = partial(Enumerated().measure, jax.random.key(0))
        found = compiled(measure, environment, method, jnp.asarray(table, dtype=precision), **others)
        assert {value.dtype.name for value in found.values()} == {precision}
        return {name: float(value) for name, value in found.items()}


def test_size_and_direction_are_told_apart():
    # E[g] = (6, 3) beside the truth (0, 5): 3/5 of it along the truth, 6 across
    found = compared((6.0, 3.0), (0.0, 5.0), variance=9.0)
    assert found == pytest.approx(
        {
            "bias/cos_true": 3 / np.hypot(6, 3),
            "bias/scale": 3 / 5,
            "bias/norm": 6.0,
            "bias/std": 3.0,
            "bias/true_norm": 5.0,
            "prefix/expected_bias": 0.0,
            "prefix/std": 0.0,
        },
        rel=1e-14,
    )


@pytest.mark.parametrize("scale", [2.0, 1e-3, -1.0])
def test_a_multiple_of_the_truth_has_no_bias(scale):
    found = compared((3.0 * scale, 4.0 * scale), (3.0, 4.0))
    assert found["bias/scale"] == pytest.approx(scale)
    assert found["bias/cos_true"] == pytest.approx(np.sign(scale))
    assert found["bias/norm"] == pytest.approx(0.0, abs=1e-15)


def test_the_prefix_is_held_against_its_own_truth_at_the_scale_of_the_whole():
    # the whole is twice the truth; through the first token twice (1, 0) is expected, and (2, 3) is found
    found = compared((6.0, 8.0), (3.0, 4.0), first_mean=(2.0, 3.0), first_truth=(1.0, 0.0), first_variance=4.0)
    assert found["prefix/expected_bias"] == pytest.approx(3.0)
    assert found["prefix/std"] == pytest.approx(2.0)


@pytest.mark.parametrize("truth", [(0.0, 0.0), (1e-17, -3e-17)])
def test_a_truth_of_nothing_but_rounding_has_no_direction_and_all_is_bias(truth):
    found = compared((3.0, 4.0), truth)
    assert np.isnan(found["bias/cos_true"]) and np.isnan(found["bias/scale"])
    assert found["bias/norm"] == pytest.approx(5.0, rel=1e-14)
    assert found["bias/true_norm"] < 1e-16


def test_a_small_truth_is_no_rounding():
    # ‖truth‖ is a millionth of a typical gradient, and in the direction of the mean
    found = compared((3e-6, 4e-6), (3e-6, 4e-6), variance=25.0)
    assert found["bias/cos_true"] == pytest.approx(1.0) and found["bias/scale"] == pytest.approx(1.0)


def test_a_variance_that_rounding_made_negative_is_none():
    assert compared((3.0, 4.0), (3.0, 4.0), variance=-1e-18)["bias/std"] == 0.0


def test_a_method_that_makes_no_gradient_has_no_direction():
    found = compared((0.0, 0.0), (3.0, 4.0), variance=0.0)
    assert np.isnan(found["bias/cos_true"])
    assert (found["bias/scale"], found["bias/norm"]) == (0.0, 0.0)


# Truths that are zero for a reason, worked out by the oracle


@pytest.mark.parametrize(
    "method", [sim.methods.GRPO(), sim.methods.DrGRPO(), sim.methods.Reinforce()], ids=lambda m: m.name
)
@pytest.mark.parametrize("pays", [(0.1, 0.7), (1e3 + 0.1, 1e-3)])
def test_where_all_completions_are_worth_the_same_there_is_no_direction(method, pays):
    world = Spelled(
        said=tuple(
            tuple((text, paid(reward)) for text, _ in pairs) for reward, pairs in zip(pays, UNEVEN.said, strict=True)
        ),
        certain=UNEVEN.certain,
    )
    found = measured(world, method, logits(world, 0))
    assert np.isnan(found["bias/cos_true"]) and np.isnan(found["bias/scale"])
    assert found["bias/true_norm"] == 0.0
    assert found["bias/norm"] < 1e-12 * max(pays)
    assert method.name == "reinforce" or found["bias/std"] < 1e-12 * max(pays)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_truth_that_is_rounding_beside_the_gradients_noise_has_no_direction(precision):
    # both arms pay 0.66 on average, but 0.1 · 0.3 + 0.9 · 0.7 and 0.7 · 0.6 + 0.3 · 0.8 are rounded differently
    arms = (((0,), ((0.1, (0.3,)), (0.9, (0.7,)))), ((1,), ((0.7, (0.6,)), (0.3, (0.8,)))))
    found = measured(Spelled(said=(arms,)), sim.methods.DrGRPO(), [[0.3, -0.4]], precision)
    assert 0 < found["bias/true_norm"] < 1e-6
    assert np.isnan(found["bias/cos_true"]) and np.isnan(found["bias/scale"])
    assert found["bias/norm"] < 1e-6 and found["bias/std"] > 0.01


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_the_bias_that_lengths_put_on_a_first_token_is_found_in_either_precision(precision):
    # formulas A.3: true gradient 0 at the root, expected (0.00253, −0.00253) with weights 1/(G L)
    world, point = LengthTrap(short=10, long=40), sim.methods.GRPO().surrogate()
    table = np.zeros((world.num_states, 2))
    table[0] = np.log([0.9, 0.1])
    found = measured(world, replace(point, advantage=GroupMean()), table, precision, group_size=4)
    assert found["prefix/expected_bias"] == pytest.approx(0.00253125 * np.sqrt(2), rel=1e-4)
    assert 0 < found["bias/cos_true"] < 1
