"""What an optimizer carries into the next rollout, against optimizers in NumPy that are reset by hand."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import simulator as sim
from tests import by_hand
from tests.optimizers.test_catalog import DRIVEN, optimizer_table
from tests.small import tables

_rng = np.random.default_rng(3)
PARAMS = {"logits": jnp.asarray(_rng.normal(size=(2, 3)))}
GRADS = _rng.normal(size=(4, 3, 2, 3))  # four rollouts of three updates
STATES = ("keep", "reset", "reset_first_moment", "reset_count")
FALLING = {"schedule": "linear_schedule", "init_value": 1.0, "end_value": 0.0, "transition_steps": 16}


def updates(optimizer, grads=GRADS):
    """What the optimizer makes of each rollout's gradients `[I, K, …]`, the parameters left where they are."""
    chain = optimizer.build()
    state, found = chain.init(PARAMS), []
    for rollout, of_rollout in enumerate(grads):
        state = optimizer.begin_rollout(state, PARAMS, rollout)
        for each in of_rollout:
            update, state = chain.update({"logits": jnp.asarray(each)}, state, PARAMS, value=1.0)
            found.append(update["logits"])
    return np.reshape(found, np.shape(grads))


def adam_by_hand(how, every, rate=lambda count: 0.1):
    """Adam with b1 = 0.9 and b2 = 0.99; `rate` is told of all updates so far."""
    adam, found = by_hand.Adam(1.0, b2=0.99), []
    for rollout, of_rollout in enumerate(GRADS):
        if rollout > 0 and rollout % every == 0:
            adam.m = adam.m if how in ("keep", "reset_count") else 0.0
            adam.v = 0.0 if how == "reset" else adam.v
            adam.count = adam.count if how in ("keep", "reset_first_moment") else 0
        found += [rate(3 * rollout + k) * adam.update(grads, PARAMS["logits"]) for k, grads in enumerate(of_rollout)]
    return np.reshape(found, GRADS.shape)


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("how", STATES)
def test_adam_begins_a_rollout_with_what_it_is_left(how, every):
    optimizer = sim.optimizer(
        "adam", learning_rate=0.1, b2=0.99, state=how, **({} if how == "keep" else {"reset_every": every})
    )
    expected = adam_by_hand(how, every)
    np.testing.assert_allclose(updates(optimizer), expected, rtol=1e-12)
    assert np.all(expected[0] == adam_by_hand("keep", 1)[0])  # nothing happens before the first rollout
    assert (how == "keep") == np.array_equal(expected[2], adam_by_hand("keep", 1)[2])


@pytest.mark.parametrize("how", STATES)
def test_a_learning_rates_schedule_goes_on_counting(how):
    optimizer = sim.optimizer("adam", learning_rate=FALLING, b2=0.99, state=how)
    expected = adam_by_hand(how, 1, rate=lambda count: 1 - count / 16)
    np.testing.assert_allclose(updates(optimizer), expected, rtol=1e-6)  # optax's schedules are in single precision


@pytest.mark.parametrize("how", ["reset", "reset_first_moment"])
def test_heavy_ball_momentum_begins_again(how):
    optimizer = sim.optimizer("sgd", learning_rate=0.1, momentum=0.9, state=how, reset_every=2)
    buffer, expected = 0.0, []
    for rollout, of_rollout in enumerate(GRADS):
        buffer = 0.0 if rollout == 2 else buffer
        for each in of_rollout:
            buffer = 0.9 * buffer + each
            expected.append(-0.1 * buffer)
    np.testing.assert_allclose(updates(optimizer), np.reshape(expected, GRADS.shape), rtol=1e-12)


def test_how_often_is_a_number_that_can_be_swept():
    @jax.jit
    def begun(every, rollout):
        optimizer = replace(sim.optimizer("sgd", learning_rate=0.1, momentum=0.9, state="reset"), reset_every=every)
        state = jax.tree.map(jnp.ones_like, optimizer.build().init(PARAMS))
        return jax.tree.leaves(optimizer.begin_rollout(state, PARAMS, rollout))[0][0, 0]

    kept = [[float(begun(every, rollout)) for rollout in range(5)] for every in (1, 2, 3)]
    assert kept == [[1, 0, 0, 0, 0], [1, 1, 0, 1, 0], [1, 1, 1, 0, 1]]
    assert begun._cache_size() == 1


@pytest.mark.parametrize(
    ("name", "keywords"),
    [("adamw", {"weight_decay": FALLING}), ("ademamix", {"alpha": FALLING})],
)
def test_every_schedule_goes_on_counting(name, keywords):
    optimizer = sim.optimizer(name, learning_rate=0.1, state="reset", **keywords)
    value = {key: optax.linear_schedule(1.0, 0.0, 16)(3) for key in keywords}  # at the second rollout's first update
    constant = sim.optimizer(name, learning_rate=0.1, **{key: float(number) for key, number in value.items()})
    first = updates(constant, GRADS[1:2])[0, 0]
    np.testing.assert_allclose(updates(optimizer, GRADS[:2])[1, 0], first, rtol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Specifying a key")
def test_any_optimizer_can_be_reset_inside_a_loop():
    told = {"clipped_away": PARAMS, "update": 0, "num_updates": 3, "max_log_ratio": 0.0, "value": 1.0}
    remedies = [{"kind": "brake"}, {"kind": "stop_at", "ratio": 1.5}, {"kind": "reposition"}]
    for name in DRIVEN:
        optimizer = sim.optimizer(name, state="reset", remedies=remedies, **optimizer_table(name))
        chain = optimizer.build()

        def two(params, optimizer=optimizer, chain=chain):
            _, state = chain.update(PARAMS, chain.init(params), params, **told)
            return state, optimizer.begin_rollout(state, params, jnp.asarray(1))

        before, after = jax.eval_shape(two, PARAMS)
        assert jax.tree.structure(before) == jax.tree.structure(after), name
        assert jax.tree.leaves(before) == jax.tree.leaves(after), name  # shapes and types


def test_what_a_state_begins_from_are_the_parameters_of_the_day():
    optimizer = sim.optimizer("schedule_free_sgd", learning_rate=0.1, state="reset")
    state = optimizer.build().init(PARAMS)
    moved = optax.tree.add(PARAMS, PARAMS)
    np.testing.assert_array_equal(optimizer.begin_rollout(state, moved, 1).z["logits"], moved["logits"])


def bandit_by_hand(adam, every):
    """Three rollouts of two updates on an arm each, without a clip: the final logits."""
    rewards, arms, logits = np.array([1.0, 0.5, 0.0]), np.array([0, 1, 2, 2]), np.zeros(3)
    advantages = rewards[arms] - rewards[arms].mean()
    for rollout in range(3):
        if rollout > 0 and rollout % every == 0:
            adam.m, adam.v, adam.count = 0.0, 0.0, 0
        behavior = by_hand.log_softmax(logits)
        for _ in range(2):
            log_probs = by_hand.log_softmax(logits)
            push = np.exp(log_probs - behavior)[arms] * advantages / 4
            ascent = sum(p * (np.eye(3)[arm] - np.exp(log_probs)) for p, arm in zip(push, arms, strict=True))
            logits = logits + adam.update(-ascent, logits)
    return logits


def test_a_run_resets_at_the_beginning_of_every_so_many_rollouts():
    run = jax.jit(lambda experiment, key: sim.simulate(experiment, key))  # with a cache of its own
    ends = []
    for every in (1, 2, 3):
        experiment = sim.Experiment(
            environment=sim.environments.Bandit(rewards=np.array([[1.0, 0.5, 0.0]])),
            policy=sim.policies.Tabular(),
            method=sim.methods.DrGRPO(clip_low=0.99, clip_high=100.0),
            optimizer=sim.optimizer("adam", learning_rate=0.1, state="reset", reset_every=every),
            training=sim.Training(num_rollouts=3, group_size=4, epochs=2),
            rollouts=sim.rollouts.Fixed(completions=np.array([[[0], [1], [2], [2]]])),
            record=sim.Record(probes=("ratio",)),
        )
        ends.append(run(experiment, jax.random.key(0)).params["logits"][0])
        np.testing.assert_allclose(ends[-1], bandit_by_hand(by_hand.Adam(0.1), every), rtol=1e-10)
    assert np.all(ends[0] != ends[1]) and np.all(ends[1] != ends[2])
    assert run._cache_size() == 1


# What is refused


def refusals(**optimizer):
    """{dotted key: sentence} of what is wrong."""
    with pytest.raises(sim.ScenarioError) as refusal:
        sim.load(tables(optimizer={"learning_rate": 0.1} | optimizer))
    return dict(refusal.value.problems)


@pytest.mark.parametrize(
    ("settings", "key", "sentence"),
    [
        (
            {"state": "rset"},
            "state",
            "must be 'keep', 'reset', 'reset_first_moment' or 'reset_count', got 'rset'; did you mean 'reset'?",
        ),
        ({"reset_every": 2}, "reset_every", "belongs to state, which keeps all"),
        ({"state": "reset", "reset_every": 0}, "reset_every", "must be >= 1, got 0"),
        ({"state": "reset", "reset_every": 1.5}, "reset_every", "must be an integer, got 1.5 (a float)"),
        ({"remedies": [{"kind": "brak"}]}, "remedies[0]", "unknown kind 'brak'; did you mean 'brake'?"),
        ({"remedies": {"kind": "brake"}}, "remedies", "must be an array, got a table"),
        ({"remedies": ["brake"]}, "remedies[0]", "must be a table, got 'brake' (a string)"),
        (
            {"remedies": [{"kind": "brake", "strenght": 1.0}]},
            "remedies[0].strenght",
            "unknown key; did you mean 'strength'?",
        ),
        ({"remedies": [{"kind": "stop_at"}]}, "remedies[0].ratio", "a bound is required: ratio, kl, or both"),
    ],
)
def test_a_typo_is_answered_with_what_is_allowed(settings, key, sentence):
    assert refusals(name="adam", **settings) == {f"optimizer.{key}": sentence}


@pytest.mark.parametrize(
    ("name", "settings", "key"),
    [
        ("sgd", {"state": "reset_first_moment"}, "state"),
        ("adagrad", {"state": "reset_first_moment"}, "state"),
        ("sgd", {"momentum": 0.9, "state": "reset_count"}, "state"),
        ("rmsprop", {"remedies": [{"kind": "brake"}, {"kind": "mask_momentum"}]}, "remedies[1].kind"),
    ],
)
def test_where_there_is_nothing_to_reset_or_to_mask_it_is_refused(name, settings, key):
    assert name in refusals(name=name, **settings)[f"optimizer.{key}"]


def test_rmsprops_bias_correction_has_a_count_that_can_be_reset():
    optimizer = sim.optimizer("rmsprop", learning_rate=0.1, decay=0.9, bias_correction=True, state="reset_count")
    first = updates(optimizer)[1, 0]
    v = sum(0.1 * 0.9 ** (3 - k) * grads**2 for k, grads in enumerate(GRADS[:2].reshape(-1, 2, 3)[:4]))
    np.testing.assert_allclose(first, -0.1 * GRADS[1, 0] / np.sqrt(v / (1 - 0.9) + 1e-8), rtol=1e-12)
