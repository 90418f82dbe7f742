"""First moments are found in every optax optimizer that has one, however it is wrapped, and nothing else is taken."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import simulator as sim
from simulator.optimizers.registry import NOT_DRIVEN
from simulator.optimizers.signatures import of_optax
from simulator.remedies import first_moments, map_first_moments, reset_first_moments
from simulator.remedies.first_moment import FIRST_MOMENTS
from tests.optimizers.test_catalog import optimizer_table

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Specifying a key")

PARAMS = {"matrix": jnp.linspace(0.5, 1.5, 12).reshape(3, 4), "vector": jnp.array([1.0, -2.0, 3.0])}
GRADS = [jax.tree.map(lambda leaf, k=k: jnp.cos(leaf * k), PARAMS) for k in (1.0, 5.0)]

AT_ZERO = ("weight_decay", "adam_weight_decay", "weight_decay_rate")
WITH_MOMENTUM = ("adafactor", "rmsprop", "sgd")
WITHOUT = {"adadelta", "adagrad", "cocob", "dog", "dowg", "fromage", "madgrad", "noisy_sgd"}
WITHOUT |= {"optimistic_gradient_descent", "polyak_sgd", "rprop", "sign_sgd"}
WITHOUT |= {"schedule_free_adamw", "schedule_free_sgd"}
NAMES = sorted(set(of_optax()) - set(NOT_DRIVEN))
TURNS_ITS_PROJECTOR = "galore"  # and so the projected moment stays

# Odd in the gradients, but no average of past ones that the update follows.
NO_MOMENT = {
    ("ScaleByAdanState", "g"),
    ("ScaleByOptimisticGradientState", "previous_gradient"),
    ("ScaleByRpropState", "prev_updates"),
    ("MadgradState", "s"),
    ("COCOBState", "cumulative_gradients"),
    ("ProdigyState", "grad_sum"),
    ("DAdaptAdamWState", "grad_sum"),
}
SEE_THE_LAST_GRADIENT = {"adan", "optimistic_adam", "optimistic_adam_v2"}  # zero after g ≠ 0 is news to them


def built(name):
    """The optimizer, with momentum where optax has it off and without weight decay."""
    keywords = of_optax()[name].keywords
    table = {key: value for key, value in optimizer_table(name, 0.1).items() if key != "name"}
    table |= {key: 0.0 for key in AT_ZERO if key in keywords}
    table |= {"momentum": 0.9} if name in WITH_MOMENTUM else {}
    return sim.optimizer(name, **table).build()


@functools.cache
def trained():
    """Of every optimizer: states after two updates with the gradients and with their negatives, and the update at
    gradient 0 after the first moment of the former was reset. One program compiles faster than many."""
    return jax.jit(lambda: {name: _trained(name) for name in NAMES})()


def _trained(name):
    optimizer = built(name)

    def states(sign):
        state = optimizer.init(PARAMS)
        for grads in GRADS:
            _, state = optimizer.update(optax.tree.scale(sign, grads), state, PARAMS, value=1.0)
        return state

    plus, minus = states(1.0), states(-1.0)
    if name in WITHOUT:
        return plus, minus, None
    silence = optax.tree.zeros_like(PARAMS)
    return plus, minus, optimizer.update(silence, reset_first_moments(plus), PARAMS, value=1.0)[0]


def fields(state):
    """(class, field, value) of every NamedTuple in a state."""
    if isinstance(state, tuple) and hasattr(state, "_fields"):
        yield from ((type(state).__name__, field, getattr(state, field)) for field in state._fields)
    children = state.values() if isinstance(state, dict) else state if isinstance(state, tuple | list) else ()
    for child in children:
        yield from fields(child)


def is_odd(plus, minus):
    """Whether all arrays of a field turn round with the gradients (Yogi's but for the 1e-6 that it starts from)."""
    pairs = list(zip(jax.tree.leaves(plus), jax.tree.leaves(minus), strict=True))
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in pairs if jnp.ndim(a) > 0 and jnp.size(a) > 0]
    return bool(pairs) and all(np.linalg.norm(a + b) < 1e-4 * np.linalg.norm(a) for a, b in pairs)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {TURNS_ITS_PROJECTOR}))
def test_the_table_holds_exactly_what_turns_round_with_the_gradients(name):
    plus, minus, _ = trained()[name]
    odd = {
        (kind, field)
        for (kind, field, a), (_, _, b) in zip(fields(plus), fields(minus), strict=True)
        if not any(True for _ in fields(a)) and is_odd(a, b)
    }
    kinds = {kind for kind, *_ in fields(plus)}
    assert odd - NO_MOMENT == {(kind, field) for kind in kinds for field in FIRST_MOMENTS.get(kind, ())}
    assert (odd - NO_MOMENT == set()) == (name in WITHOUT)


@pytest.mark.parametrize("name", sorted(set(NAMES) - WITHOUT - SEE_THE_LAST_GRADIENT))
def test_without_its_first_moment_an_optimizer_does_not_coast(name):
    *_, coasting = trained()[name]
    assert all(not np.any(leaf) for leaf in jax.tree.leaves(coasting))


@pytest.mark.parametrize("name", sorted(WITHOUT))
def test_an_optimizer_without_first_moment_is_refused(name):
    with pytest.raises(ValueError, match="no first moment in an optimizer state of [A-Zn]"):
        first_moments(jax.eval_shape(built(name).init, PARAMS))


def test_the_refusal_names_the_classes_of_the_state():
    state = optax.chain(optax.scale_by_rms(), optax.scale_by_schedule(optax.constant_schedule(1.0))).init(PARAMS)
    with pytest.raises(ValueError, match="of ScaleByRmsState, ScaleByScheduleState$"):
        reset_first_moments(state)


def test_sm3_calls_its_momentum_nu():
    _, state = optax.sm3(0.1, momentum=0.5).update(jnp.array([2.0]), optax.sm3(0.1, momentum=0.5).init(jnp.ones(1)))
    (moment,) = first_moments(state)
    np.testing.assert_allclose(moment, [0.5], rtol=1e-6)  # (1 − 0.5) · 2 / √(2²)


WRAPPED = {
    "chain": optax.chain(optax.clip_by_global_norm(1.0), optax.chain(optax.scale_by_adam(), optax.scale(-1.0))),
    "inject_hyperparams": optax.inject_hyperparams(optax.adam)(learning_rate=0.1),
    "named_chain": optax.named_chain(("a", optax.scale_by_adam()), ("b", optax.scale(-1.0))),
    "conditionally_mask": optax.conditionally_mask(optax.adam(0.1), lambda step: step < 9),
    "MultiSteps": optax.MultiSteps(optax.adam(0.1), every_k_schedule=1),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_first_moment_is_found_and_set_through_wrappers(name):
    optimizer = WRAPPED[name]
    _, state = optimizer.update(GRADS[0], optimizer.init(PARAMS), PARAMS)
    doubled = map_first_moments(lambda moment, factor: moment * factor, state, optax.tree.full_like(PARAMS, 2.0))
    (before,), (after,) = first_moments(state), first_moments(doubled)
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(2 * a, b), before, after)
    assert jax.tree.structure(doubled) == jax.tree.structure(state)
    changed = jax.tree.map(lambda a, b: bool(np.any(a != b)), state, doubled)
    assert sum(jax.tree.leaves(changed)) == 2  # the matrix and the vector of one moment


def test_each_part_of_a_partition_keeps_its_own_first_moment():
    groups = {"moving": optax.sgd(0.1, momentum=0.9), "adam": optax.adam(0.1)}
    optimizer = optax.partition(groups, {"matrix": "moving", "vector": "adam"})
    _, state = optimizer.update(GRADS[0], optimizer.init(PARAMS), PARAMS)
    factors = {"matrix": jnp.full((3, 4), 3.0), "vector": jnp.array([1.0, 0.0, 1.0])}
    moments = first_moments(map_first_moments(jnp.multiply, state, factors))
    (matrix,) = (m["matrix"] for m in moments if not isinstance(m["matrix"], optax.MaskedNode))
    (vector,) = (m["vector"] for m in moments if not isinstance(m["vector"], optax.MaskedNode))
    np.testing.assert_allclose(matrix, 3 * GRADS[0]["matrix"])
    np.testing.assert_allclose(vector, 0.1 * GRADS[0]["vector"] * jnp.array([1, 0, 1]))


def test_dtypes_are_kept():
    optimizer = optax.adam(0.1, mu_dtype=jnp.bfloat16)
    _, state = optimizer.update(GRADS[0], optimizer.init(PARAMS), PARAMS)
    for changed in (reset_first_moments(state), map_first_moments(lambda moment: 0.5, state)):
        assert jax.tree.map(jnp.shape, changed) == jax.tree.map(jnp.shape, state)
        assert [leaf.dtype for leaf in jax.tree.leaves(changed)] == [leaf.dtype for leaf in jax.tree.leaves(state)]


def test_a_moment_in_another_space_than_the_parameters_is_refused():
    state = optax.contrib.galore(0.1, rank=2).init(PARAMS)
    with pytest.raises(ValueError, match=r"a first moment of shape \(3, 2\) meets a tree of shape \(3, 4\)"):
        map_first_moments(jnp.multiply, state, PARAMS)
