"""The loop: known numbers of small bandits, a second implementation in NumPy, and what must not change a run."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import simulator as sim
from simulator.environments.rewards import CountToken
from simulator.probes.base import PROBES, Probe
from tests import by_hand

KEY = jax.random.key(0)
run = jax.jit(sim.simulate)  # experiments that differ in numbers alone share one program
advance = jax.jit(sim.advance, static_argnames="count")


def bandit(optimizer, rewards, completions, epochs, **parts):
    """One prompt whose completions are given; advantages are rewards above their mean, clip widths are 0.2."""
    experiment = sim.Experiment(
        environment=sim.environments.Bandit(rewards=np.array([rewards])),
        policy=sim.policies.Tabular(),
        method=sim.methods.DrGRPO(clip_low=0.2, clip_high=0.2),
        optimizer=optimizer,
        training=sim.Training(num_rollouts=1, group_size=len(completions), epochs=epochs),
        rollouts=sim.rollouts.Fixed(completions=np.array([[[arm] for arm in completions]])),
        record=sim.Record(probes=("ratio", "clip", "update")),
    )
    return replace(experiment, **parts)


def four_arms(optimizer, **parts):
    """Only arm 0 is rewarded, every arm is said twice, forty updates on the one rollout."""
    return bandit(optimizer, [1.0, 0.0, 0.0, 0.0], [0, 0, 1, 1, 2, 2, 3, 3], epochs=40, **parts)


def two_arms(optimizer):
    return bandit(optimizer, [1.0, 0.0], [0, 1], epochs=120)


def walk(every=1, **training):
    """Five sampled rollouts of two prompts with three arms."""
    return sim.Experiment(
        environment=sim.environments.Bandit(rewards=np.array([[1.0, 0.0, 0.5], [0.0, 0.2, 0.9]])),
        policy=sim.policies.Tabular(),
        method=sim.methods.GRPO(),
        optimizer=sim.optimizer("adam", learning_rate=0.1),
        training=sim.Training(**{"num_rollouts": 5, "group_size": 6, **training}),
        record=sim.Record(probes=("ratio",), ratios=sim.Stride(every=every)),
    )


def tree(optimizer, **parts):
    """Five sampled rollouts of two prompts of a tree of three tokens."""
    experiment = sim.Experiment(
        environment=sim.environments.TokenTree(
            vocab_size=3, max_length=3, num_prompts=2, reward=CountToken(token=1), length_cost=0.1
        ),
        policy=sim.policies.Tabular(bias=np.array([-0.5, 0.2, 0.4])),
        method=sim.methods.GRPO(),
        optimizer=optimizer,
        training=sim.Training(num_rollouts=5, group_size=4, epochs=3),
        record=sim.Record(probes=("ratio", "clip", "update"), ratios=sim.Stride()),
    )
    return replace(experiment, **parts)


def assert_same(left, right):
    """Bit for bit."""
    jax.tree.map(np.testing.assert_array_equal, left, right)


# Known numbers


@pytest.mark.parametrize(
    ("name", "keywords", "ratio"),
    [
        ("adam", {"learning_rate": 0.02, "b1": 0.9, "b2": 0.999}, 1.8178),
        ("adam", {"learning_rate": 0.02, "b1": 0.9, "b2": 0.95}, 1.8929),
        ("adam", {"learning_rate": 0.02, "b1": 0.0, "b2": 0.999}, 1.6151),
        ("sgd", {"learning_rate": 0.4}, 1.6160),
        ("lion", {"learning_rate": 0.02, "weight_decay": 0.0}, 2.4911),
    ],
)
def test_the_good_arm_of_four_ends_at_the_known_ratio(name, keywords, ratio):
    found = run(four_arms(sim.optimizer(name, **keywords)), KEY).metrics["ratio/max"][0, -1]
    assert round(found.item(), 4) == ratio


@pytest.mark.parametrize(
    ("name", "keywords", "ratio"),
    [
        ("sgd", {"learning_rate": 0.2}, 1.2415),
        ("adam", {"learning_rate": 0.02, "b1": 0.9}, 1.3919),
        ("adam", {"learning_rate": 0.02, "b1": 0.95}, 1.5236),
        ("adam", {"learning_rate": 0.02, "b1": 0.0}, 1.2147),
    ],
)
def test_the_good_arm_of_two_ends_at_the_known_ratio(name, keywords, ratio):
    found = run(two_arms(sim.optimizer(name, **keywords)), KEY).metrics["ratio/max"][0, -1]
    assert round(found.item(), 4) == ratio


def test_once_the_clip_silences_both_arms_memory_alone_moves_the_ratio():
    trace = run(two_arms(sim.optimizer("adam", learning_rate=0.02, b1=0.9)), KEY)
    silent = trace.metrics["clip/active"][0] == 1
    assert silent[-1] and np.all(trace.metrics["grad/norm"][0][silent] == 0)
    assert np.all(np.diff(trace.metrics["ratio/max"][0])[silent[1:]] > 0)


# The second implementation


@pytest.mark.parametrize(
    ("optimizer", "reference", "kl_coef"),
    [
        (sim.optimizer("sgd", learning_rate=0.5, momentum=0.9), by_hand.SGD(0.5, momentum=0.9), 0.0),
        (sim.optimizer("adam", learning_rate=0.1, b2=0.95), by_hand.Adam(0.1, b2=0.95), 0.0),
        (sim.optimizer("adam", learning_rate=0.1, eps=1e-3), by_hand.Adam(0.1, eps=1e-3), 0.3),
        (
            sim.optimizer("adamw", learning_rate=0.1, weight_decay=0.05, max_grad_norm=0.1),
            by_hand.Adam(0.1, weight_decay=0.05, max_grad_norm=0.1),
            0.0,
        ),
    ],
    ids=["sgd with momentum", "adam", "adam with a penalty", "adamw with a clipped norm"],
)
def test_a_second_implementation_agrees(optimizer, reference, kl_coef):
    method = sim.methods.GRPO(kl=sim.surrogates.KL(coef=kl_coef, estimator="k3") if kl_coef else None)
    trace = run(tree(optimizer, method=method), KEY)
    start = np.tile([-0.5, 0.2, 0.4], (14, 1))
    metrics, logits = by_hand.grpo(
        np.asarray(trace.tokens.tokens), start, reference, epochs=3, clip=0.2, length_cost=0.1, kl_coef=kl_coef
    )
    assert metrics["clip/active"].max() > 0  # or nothing of the clip was tested
    for name, values in metrics.items():
        np.testing.assert_allclose(trace.metrics[name], values, rtol=1e-10, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(trace.params["logits"], logits, rtol=1e-10, atol=1e-12)


def test_the_recorded_log_ratios_are_those_of_the_metrics():
    trace = run(tree(sim.optimizer("adam", learning_rate=0.1, b2=0.95)), KEY)
    ratio = np.where(trace.tokens.mask[:, None], np.exp(trace.tokens.log_ratio), -np.inf)
    np.testing.assert_allclose(ratio.max(axis=(2, 3, 4)), trace.metrics["ratio/max"], rtol=1e-14)
    active = (trace.tokens.clip_active & trace.tokens.mask[:, None]).sum(axis=(2, 3, 4))
    np.testing.assert_allclose(active / trace.tokens.mask.sum(axis=(1, 2, 3))[:, None], trace.metrics["clip/active"])


# Reward scale


def scaled(optimizer, scale):
    """Final logits with rewards × scale, where the clip has nothing to say about it."""
    bandit = sim.environments.Bandit(rewards=np.array([[1.0, 0.0, 0.5, 0.2]]), reward_scale=scale)
    experiment = four_arms(optimizer, environment=bandit, method=sim.methods.DrGRPO(clip_low=0.99, clip_high=1e6))
    return np.asarray(run(experiment, KEY).params["logits"])


@pytest.mark.parametrize("scale", [0.1, 10.0, 100.0])
def test_without_a_deviation_adam_alone_cancels_the_reward_scale(scale):
    adam, sgd = sim.optimizer("adam", learning_rate=0.02, b1=0.9, b2=0.999), sim.optimizer("sgd", learning_rate=0.4)
    np.testing.assert_allclose(scaled(adam, scale), scaled(adam, 1.0), rtol=1e-5)
    assert np.max(np.abs(scaled(sgd, scale) - scaled(sgd, 1.0))) > 0.3


def test_sgds_first_update_is_proportional_to_the_reward_scale():
    experiment = four_arms(sim.optimizer("sgd", learning_rate=0.4))
    tenfold = replace(experiment, environment=replace(experiment.environment, reward_scale=10.0))
    one, ten = (run(each, KEY).metrics["update/norm"][0, 0] for each in (experiment, tenfold))
    np.testing.assert_allclose(ten, 10 * one, rtol=1e-12)


# Stretches


def stretches(experiment, count):
    """The traces of consecutive stretches of `count` rollouts, and the last state."""
    state, traces = sim.init(experiment, KEY), []
    for first in range(0, experiment.training.num_rollouts, count):
        state, trace = advance(experiment, KEY, state, jnp.asarray(first), count)
        traces.append(trace)
    return state, traces


@pytest.fixture(scope="module")
def whole():
    """Five rollouts in one piece, every one recorded."""
    return run(walk(), KEY)


@pytest.mark.long
@pytest.mark.parametrize("count", [2, 3, 7])  # 2 + 2 + 1 and one beyond the end; 3 + 2 and one; 5 and two
def test_stretches_give_the_run_in_one_piece_bit_for_bit(whole, count):
    state, traces = stretches(walk(), count)
    metrics = {name: np.concatenate([trace.metrics[name] for trace in traces])[:5] for name in whole.metrics}
    assert_same(metrics, whole.metrics)
    assert_same(state.params, whole.params)
    tokens = jax.tree.map(lambda *leaves: np.concatenate(leaves)[:5], *[trace.tokens for trace in traces])
    assert_same(tokens, whole.tokens)


@pytest.mark.parametrize(("every", "count"), [(2, 3), (3, 2), (2, 5), (4, 2)])
def test_token_slots_hold_every_nth_rollout(whole, every, count):
    _, traces = stretches(walk(every=every), count)
    for number, trace in enumerate(traces):
        stretch = range(number * count, (number + 1) * count)
        recorded = [rollout for rollout in stretch if rollout % every == 0 and rollout < 5]
        assert trace.tokens.mask.shape[0] == -(-count // every)
        for slot, rollout in enumerate(recorded):
            assert_same(
                jax.tree.map(lambda leaf, slot=slot: leaf[slot], trace.tokens),
                jax.tree.map(lambda leaf, rollout=rollout: leaf[rollout], whole.tokens),
            )


def test_without_a_record_of_ratios_there_are_no_tokens():
    assert run(four_arms(sim.optimizer("sgd", learning_rate=0.4)), KEY).tokens is None


def test_the_same_seed_gives_the_same_run_and_another_seed_does_not(whole):
    assert_same(run(walk(), KEY).params, whole.params)
    assert np.any(run(walk(), jax.random.key(1)).params["logits"] != whole.params["logits"])


def test_every_rollout_draws_new_tokens_and_new_rewards():
    # a policy that does not learn, arms that pay Normal(0, 1)
    noisy = sim.environments.Bandit(rewards=np.zeros((2, 3)), distribution="gaussian")
    experiment = replace(walk(), environment=noisy, optimizer=sim.optimizer("sgd", learning_rate=0.0))
    tokens = run(experiment, KEY).tokens
    for one in range(5):
        for other in range(one):
            assert np.any(tokens.tokens[one] != tokens.tokens[other])
            assert np.all(tokens.rewards[one] != tokens.rewards[other])


# Minibatches


def test_each_completion_takes_part_exactly_once_an_epoch(monkeypatch):
    monkeypatch.setitem(PROBES.members, "who", Probe(lambda step: {"who": step.before.mask.any(axis=-1)}))
    experiment = replace(walk(num_rollouts=3, epochs=2, minibatches=4), record=sim.Record(probes=("who",)))
    who = np.asarray(run(experiment, KEY).metrics["who"])  # [I, K, P, G]
    assert who.shape == (3, 8, 2, 6)
    epochs = who.reshape(3, 2, 4, 12)
    np.testing.assert_array_equal(epochs.sum(axis=2), 1)  # each completion once
    np.testing.assert_array_equal(epochs.sum(axis=3), 3)  # each minibatch 12 / 4 of them
    assert np.any(epochs[:, 0] != epochs[:, 1]) and np.any(epochs[0] != epochs[1])  # dealt anew


def test_one_minibatch_is_the_whole_rollout(monkeypatch):
    monkeypatch.setitem(PROBES.members, "who", Probe(lambda step: {"who": step.before.mask.any(axis=-1)}))
    assert np.all(run(replace(walk(), record=sim.Record(probes=("who",))), KEY).metrics["who"])


# Optimizers


def test_an_optax_object_gives_the_same_as_its_name():
    named = run(four_arms(sim.optimizer("adam", learning_rate=0.02, b2=0.95)), KEY)
    passed = run(four_arms(sim.optimizer(optax.adam(0.02, b2=0.95))), KEY)
    np.testing.assert_allclose(passed.metrics["ratio/max"], named.metrics["ratio/max"], rtol=1e-14)
    np.testing.assert_allclose(passed.params["logits"], named.params["logits"], rtol=1e-13)


def test_the_gradients_norm_is_clipped_before_the_optimizer():
    metrics = run(four_arms(sim.optimizer("sgd", learning_rate=0.4, max_grad_norm=0.05)), KEY).metrics
    expected = 0.4 * np.minimum(metrics["grad/norm"], 0.05)
    np.testing.assert_allclose(metrics["update/norm"], expected, rtol=1e-12, atol=1e-15)
    assert metrics["grad/norm"].min() < 0.05 < metrics["grad/norm"].max()  # it acts, and not always


@pytest.mark.parametrize(
    ("table", "schedule"),
    [
        (
            {"schedule": "cosine_decay_schedule", "init_value": 0.4, "decay_steps": 20},
            optax.cosine_decay_schedule(0.4, decay_steps=20),
        ),
        (
            {"schedule": "linear_schedule", "init_value": 0.1, "end_value": 0.4, "transition_steps": 10},
            optax.linear_schedule(0.1, 0.4, transition_steps=10),
        ),
        (
            {
                "schedule": "exponential_decay",
                "init_value": 0.4,
                "transition_steps": 5,
                "decay_rate": 0.5,
                "staircase": True,
            },
            optax.exponential_decay(0.4, transition_steps=5, decay_rate=0.5, staircase=True),
        ),
    ],
    ids=["cosine", "linear", "exponential"],
)
def test_a_schedule_by_name_is_optaxs_schedule(table, schedule):
    metrics = run(four_arms(sim.optimizer("sgd", learning_rate=table)), KEY).metrics
    # an update of plain SGD is its gradient times the rate, which optax computes in single precision
    rates = np.array([float(schedule(update)) for update in range(40)])
    np.testing.assert_allclose(metrics["update/norm"][0], metrics["grad/norm"][0] * rates, rtol=1e-6, atol=1e-12)


# Precision


def test_the_wrong_precision_is_refused_with_what_to_do():
    experiment = four_arms(
        sim.optimizer("sgd", learning_rate=0.4),
        training=sim.Training(num_rollouts=1, group_size=8, epochs=40, precision="float32"),
    )
    with pytest.raises(ValueError, match="wants float32, jax computes in float64.*jax_enable_x64', False"):
        sim.simulate(experiment, KEY)


def test_single_precision_is_computed_in_single_precision():
    experiment = four_arms(
        sim.optimizer("sgd", learning_rate=0.4),
        training=sim.Training(num_rollouts=1, group_size=8, epochs=40, precision="float32"),
    )
    with jax.enable_x64(False):
        trace = sim.simulate(experiment, jax.random.key(0))
        assert {leaf.dtype.name for leaf in trace.metrics.values()} == {"float32"}
        assert trace.metrics["ratio/max"][0, -1].item() == pytest.approx(1.6160, abs=1e-3)


# That every method runs is a contract (tests/contracts); here with all that can be added to one


def test_a_run_with_minibatches_and_regularisers_stays_finite():
    experiment = tree(
        sim.optimizer("adamw", learning_rate=0.1),
        method=sim.methods.GSPO(kl=sim.surrogates.KL(coef=0.04), entropy=sim.surrogates.Entropy(coef=0.01)),
        training=sim.Training(num_rollouts=5, group_size=4, epochs=2, minibatches=2),
    )
    trace = run(experiment, KEY)
    assert all(np.all(np.isfinite(values)) for values in trace.metrics.values())
    assert np.all(np.isfinite(trace.params["logits"]))
