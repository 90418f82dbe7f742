"""Updates taken apart: against optax called by hand, Adam in NumPy, finite differences, and the four arms' numbers."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

import simulator as sim
from simulator.execution.compute import Chunk
from simulator.optimizers.attribution import Attribution, attribute, old_momentum
from simulator.optimizers.registry import OPTIMIZERS
from simulator.probes.attribution import attribution
from simulator.storage.tables import ratios_table
from simulator.surrogates.base import log_probs_of, pullback, pushforward
from simulator.surrogates.gates import Clip, Difference, TwoSidedClip
from simulator.surrogates.log_ratios import ClippedSequence, Sequence
from tests.optimizers.test_catalog import DRIVEN, imported, optimizer_table
from tests.policies.by_differences import WORLD, noisy
from tests.probes.steps import SURROGATE, in_minibatch, step_of

KEY = jax.random.key(0)
run = jax.jit(sim.simulate)
CAUSES = ("crossing", "coasted", "coupled", "decayed", "curved")

_rng = np.random.default_rng(11)
PARAMS = {"logits": jnp.asarray(_rng.normal(size=(3, 4)))}
GRADS = [{"logits": jnp.asarray(_rng.normal(size=(3, 4)))} for _ in range(6)]
NOTHING = {"logits": jnp.zeros((3, 4))}
TOLD = {"value": 1.0}  # what Momo and Polyak's step size want to know of the loss

# The parts of an update, the optimizers driven by hand

OFF_BY_DEFAULT = ("adafactor", "rmsprop", "sgd")
DECAYS = ("weight_decay", "weight_decay_rate", "adam_weight_decay")


def table(name, decay):
    """An optimizer with momentum, and with this much decay where it has any."""
    found = optimizer_table(name, 0.1) | {key: decay for key in DECAYS if key in OPTIMIZERS[name].keywords}
    return found | ({"momentum": 0.9} if name in OFF_BY_DEFAULT else {})


def driven(optimizer, grads=GRADS, start=None):
    """The parts of an update by the last of the gradients, the update, and what the optimizer had before it."""
    chain, params = optimizer.build(), PARAMS if start is None else start
    state = chain.init(params)
    for each in grads[:-1]:
        updates, state = chain.update(each, state, params, **TOLD)
        params = optax.apply_updates(params, updates)
    updates, _ = chain.update(grads[-1], state, params, **TOLD)
    parts, _ = attribute(optimizer, grads[-1], state, params, TOLD, updates, None)
    return parts, updates, state, params


def of(tree):
    return 0.0 if tree is None else np.asarray(tree["logits"])


@pytest.mark.long
@pytest.mark.parametrize("name", DRIVEN)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Specifying a key")
def test_the_parts_of_an_update_are_optaxs_own_and_add_up(name):
    parts, updates, state, params = driven(sim.optimizer(name, **table(name, 0.1)), GRADS[:4])
    total, size = of(parts.coasting) + of(parts.fresh) + of(parts.decay), np.max(np.abs(of(updates)))
    np.testing.assert_allclose(total, of(updates), rtol=0, atol=1e-15 * size)
    # the same optimizer built without decay, told of no gradient, and of this one
    bare = optax.with_extra_args_support(imported(OPTIMIZERS[name])(**table(name, 0.0)))
    coasting, undecayed = (of(bare.update(grads, state, params, **TOLD)[0]) for grads in (NOTHING, GRADS[3]))
    np.testing.assert_array_equal(of(parts.coasting), coasting)
    np.testing.assert_allclose(of(parts.fresh), undecayed - coasting, rtol=0, atol=1e-15 * size)
    np.testing.assert_array_equal(of(parts.decay), of(updates) - undecayed if parts.decay is not None else 0.0)
    assert (parts.decay is not None) == any(key in OPTIMIZERS[name].keywords for key in DECAYS)


@pytest.mark.parametrize("name", ["adamw", "adamaxw", "nadamw", "lion"])
def test_decoupled_decay_is_that_much_of_the_parameters(name):
    parts, _, _, params = driven(sim.optimizer(name, learning_rate=0.1, weight_decay=0.3))
    np.testing.assert_allclose(of(parts.decay), -0.1 * 0.3 * of(params), rtol=1e-13)


def test_optaxs_own_default_of_a_decay_is_seen():
    # adamw decays by 1e-4 when nothing is said of it
    parts, _, _, params = driven(sim.optimizer("adamw", learning_rate=0.1))
    np.testing.assert_allclose(of(parts.decay), -0.1 * 1e-4 * of(params), rtol=1e-9)
    assert driven(sim.optimizer("adam", learning_rate=0.1))[0].decay is None


def test_a_decay_that_follows_a_schedule_is_taken_apart():
    falling = {"schedule": "linear_schedule", "init_value": 0.5, "end_value": 0.0, "transition_steps": 10}
    parts, _, _, params = driven(sim.optimizer("adamw", learning_rate=0.1, weight_decay=falling), GRADS[:4])
    np.testing.assert_allclose(of(parts.decay), -0.1 * (0.5 * 0.7) * of(params), rtol=1e-6)  # in single precision


def test_coupled_decay_is_this_updates_alone():
    # b = Σ μ^k (g + wd θ): of the older ones' decay the buffer knows nothing any more
    optimizer = sim.optimizer("sgd", learning_rate=0.1, momentum=0.9, coupled_weight_decay=0.3)
    parts, _, state, params = driven(optimizer)
    np.testing.assert_allclose(of(parts.decay), -0.1 * 0.3 * of(params), rtol=1e-13)
    np.testing.assert_allclose(of(parts.fresh), -0.1 * of(GRADS[-1]), rtol=1e-13)


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "sign_sgd", "adagrad", "adadelta", "adafactor"])
def test_without_momentum_nothing_coasts(name):
    parts, updates, *_ = driven(sim.optimizer(name, learning_rate=0.1))
    np.testing.assert_array_equal(of(parts.coasting), 0.0)
    np.testing.assert_array_equal(of(parts.fresh), of(updates))


def adam_by_hand(m, v, count):
    """−lr m̂/(√v̂ + eps), at a learning rate of 0.1, b1 = 0.9 and b2 = 0.99."""
    return -0.1 * (m / (1 - 0.9**count)) / (np.sqrt(v / (1 - 0.99**count)) + 1e-8)


def test_adam_coasts_on_what_its_moments_make_of_no_gradient():
    optimizer = sim.optimizer("adam", learning_rate=0.1, b1=0.9, b2=0.99, max_grad_norm=0.5)
    parts, *_ = driven(optimizer)
    m = v = 0.0
    for grads in GRADS[:-1]:
        g = of(grads) * min(1.0, 0.5 / np.linalg.norm(of(grads)))
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
    np.testing.assert_allclose(of(parts.coasting), adam_by_hand(0.9 * m, 0.99 * v, len(GRADS)), rtol=1e-12)


def test_an_object_coasts_with_its_decay_in_it():
    # nobody knows what an object decays by
    parts, *_ = driven(sim.optimizer(optax.adamw(0.1, weight_decay=0.3)))
    named, *_ = driven(sim.optimizer("adamw", learning_rate=0.1, weight_decay=0.3))
    assert parts.decay is None and parts.earlier is None
    np.testing.assert_allclose(of(parts.coasting), of(named.coasting) + of(named.decay), rtol=1e-12)


# What earlier rollouts left


def through_two_rollouts(optimizer):
    """(coasting, earlier) of three updates in a first rollout and three in a second."""
    chain = optimizer.build()
    state, found = chain.init(PARAMS), []
    for rollout in range(2):
        old = old_momentum(optimizer, state)
        for grads in GRADS[3 * rollout : 3 * rollout + 3]:
            updates, after = chain.update(grads, state, PARAMS)
            parts, old = attribute(optimizer, grads, state, PARAMS, {}, updates, old)
            found.append((of(parts.coasting), of(parts.earlier)))
            state = after
    return found


def test_adams_momentum_is_divided_by_the_rollout_that_its_gradients_came_from():
    found = through_two_rollouts(sim.optimizer("adam", learning_rate=0.1, b1=0.9, b2=0.99))
    older = newer = v = 0.0
    for index, (grads, (coasting, earlier)) in enumerate(zip(GRADS, found, strict=True)):
        if index == 3:
            older, newer = newer, 0.0
        scale = adam_by_hand(1.0, 0.99 * v, index + 1)
        np.testing.assert_allclose(earlier, 0.9 * older * scale, rtol=1e-12, atol=1e-18)
        np.testing.assert_allclose(coasting - earlier, 0.9 * newer * scale, rtol=1e-12, atol=1e-17)
        g = of(grads)
        older, newer, v = 0.9 * older, 0.9 * newer + 0.1 * g, 0.99 * v + 0.01 * g**2
    assert np.all(found[5][1] != 0)


@pytest.mark.parametrize("nesterov", [False, True])
def test_heavy_ball_momentum_of_earlier_rollouts_dies_by_its_own_power(nesterov):
    optimizer = sim.optimizer("sgd", learning_rate=0.1, momentum=0.8, nesterov=nesterov)
    first, second, third = (of(grads) for grads in GRADS[:3])
    buffer = 0.8**2 * first + 0.8 * second + third  # after the first rollout
    for update, (_, earlier) in enumerate(through_two_rollouts(optimizer)):
        power = update - 2 + nesterov
        expected = 0.0 if update < 3 else -0.1 * 0.8**power * buffer
        np.testing.assert_allclose(earlier, expected, rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize(
    ("name", "keywords"),
    [
        ("sgd", {}),  # has none
        ("lion", {}),  # goes by its sign
        ("muon", {}),  # by its matrix sign
        ("adabelief", {}),  # divides by what it differs from
        ("adam", {"remedies": [{"kind": "skip_when_clipped"}]}),  # may do anything
    ],
)
def test_what_is_not_linear_in_a_first_moment_is_not_divided(name, keywords):
    optimizer = sim.optimizer(name, learning_rate=0.1, **keywords)
    assert old_momentum(optimizer, optimizer.build().init(PARAMS)) is None


# Carried to the log-probabilities


@pytest.fixture(scope="module", params=["low_rank", "transformer"])
def spoken(request):
    """What a direction of the parameters does to the log-probabilities, and what a push on these does to them."""
    policy = sim.POLICIES.members[request.param]().prepare(jax.random.key(1), WORLD)
    params = noisy(policy.init(KEY, WORLD))
    said = sim.rollouts.Sampled().walk(KEY, WORLD, policy, params, 4)
    flat, unravel = ravel_pytree(params)
    direction = unravel(jax.random.normal(jax.random.key(2), flat.shape, flat.dtype))

    @jax.jit
    def carried():
        along = jax.vmap(lambda size: log_probs_of(policy, optax.tree.add_scale(params, size, direction), said))
        here, log_probs, there = along(jnp.array([-1e-6, 0.0, 1e-6]))
        push = jax.random.normal(jax.random.key(4), log_probs.shape)
        forth = pushforward(policy, params, said, log_probs)(direction)
        back = pullback(policy, params, said, log_probs)(push)
        return forth, (there - here) / 2e-6, jnp.sum(push * forth), optax.tree.vdot(back, direction)

    return carried()


@pytest.mark.long
def test_a_step_is_carried_to_the_log_probabilities_as_they_change(spoken):
    forth, by_differences, *_ = spoken
    np.testing.assert_allclose(forth, by_differences, rtol=1e-6, atol=1e-8)


def test_carrying_a_step_and_carrying_a_push_back_are_transposes(spoken):
    *_, along_the_push, along_the_step = spoken
    np.testing.assert_allclose(along_the_push, along_the_step, rtol=1e-12)


# The excess by its causes, token by token

LOW, HIGH = np.log(0.8), np.log(1.2)
ADVANTAGES = [[1.0, -1.0]]
BEFORE = np.array([[[1.3, 1.1, 1.0], [0.7, 1.3, 1.0]]])  # the first of each is beyond its bound
AFTER = np.array([[[1.5, 1.25, 1.1], [0.6, 0.9, 0.75]]])
PARTS = {"coasting": 0.06, "fresh": 0.03, "decay": -0.01}


def taken_apart(surrogate=SURROGATE, before=BEFORE, after=AFTER, advantages=ADVANTAGES, parts=None, **others):
    """A step whose parts each add what `parts` says to every log-probability."""
    parts = PARTS if parts is None else parts
    made = {name: {"row": jnp.asarray(value)} for name, value in parts.items()}
    return step_of(
        after,
        advantages,
        surrogate=surrogate,
        before=before,
        attribution=Attribution(**({"decay": None, "earlier": None} | made)),
        pushforward=lambda step: jnp.full((after.size, 1), step["row"]),
        **others,
    )


def drifts(step):
    return {name.removeprefix("drift/"): float(value) for name, value in attribution(step).items() if "drift" in name}


def test_the_excess_of_silenced_tokens_is_divided_and_the_rest_crossed_the_bound():
    found = drifts(taken_apart())
    # silenced: the first token, outwards from 1.3 to 1.5, and the fourth, outwards from 0.7 to 0.6
    silent = (np.log(1.5 / 1.3) + np.log(0.7 / 0.6)) / 6
    crossed = (np.log(1.25) - HIGH + LOW - np.log(0.75)) / 6
    # every log-probability goes up: outwards for the first, inwards for the fourth, and nothing on the whole
    expected = {"silent": silent, "crossing": crossed, "coasted": 0.0, "coupled": 0.0, "decayed": 0.0, "curved": silent}
    assert found == pytest.approx(expected | {"coasting": 0.0}, abs=1e-15)


def test_what_a_part_carries_is_counted_outwards_and_over_all_tokens():
    both_good = drifts(taken_apart(advantages=[[1.0, 1.0]], parts=PARTS | {"earlier": 0.02}))
    silent = (np.log(1.5 / 1.3) + np.log(0.9 / 1.3)) / 6  # the first token and the fifth
    parts = {"coasted": 2 * 0.06 / 6, "coupled": 2 * 0.03 / 6, "decayed": -2 * 0.01 / 6, "earlier": 2 * 0.02 / 6}
    assert {name: both_good[name] for name in parts} == pytest.approx(parts, rel=1e-12)
    assert both_good["coasting"] == pytest.approx(0.02 / silent, rel=1e-12)
    assert both_good["curved"] == pytest.approx(silent - 0.16 / 6, rel=1e-12)


def test_a_token_beyond_its_bound_is_silent_in_every_minibatch():
    # momentum moves it while the other completion's gradient is taken
    whole, half = taken_apart(), in_minibatch(taken_apart(), [[False, True]])
    assert drifts(half) == pytest.approx(drifts(whole), rel=1e-12)


@pytest.mark.parametrize("gate", [Clip(dual=3.0), TwoSidedClip()], ids=["dual", "two-sided"])
def test_what_is_silenced_on_the_other_side_has_no_excess_to_add_to(gate):
    # the bad completion's token is far above, where the bounds of bad completions are not
    before, after = np.array([[[1.0], [3.5]]]), np.array([[[1.0], [4.5]]])
    found = drifts(taken_apart(replace(SURROGATE, gate=gate), before, after))
    assert np.isnan(found.pop("coasting")) and set(found.values()) == {0.0}


def test_a_sequences_change_is_that_of_its_mean():
    # ratios 1.5 and 1.2 are a sequence ratio of √1.8 > 1.2: both tokens are silenced, and share what they add
    before, after = np.array([[[1.5, 1.2]]]), np.array([[[1.8, 1.1]]])
    surrogate = replace(SURROGATE, level=Sequence())
    found = drifts(taken_apart(surrogate, before, after, [[1.0]]))
    expected = {
        "silent": np.log(1.8 * 1.1 / 1.8) / 2,
        "coasted": 0.06,
        "coupled": 0.03,
        "decayed": -0.01,
        "crossing": 0,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_where_the_level_clips_tokens_their_own_ratios_count():
    before, after = np.array([[[1.5, 1.0]]]), np.array([[[1.8, 1.1]]])
    level = ClippedSequence(clip_low=0.2, clip_high=0.2)
    found = drifts(taken_apart(replace(SURROGATE, level=level), before, after, [[1.0]]))
    expected = {"silent": np.log(1.8 / 1.5) / 2, "coasted": 0.06 / 2, "crossing": 0.0}
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_a_trust_region_of_probabilities_has_no_excess_but_silent_tokens():
    # from 0.1 to 0.35: more than 0.2 away
    before, after = np.array([[[3.5]]]), np.array([[[3.6]]])
    found = drifts(taken_apart(replace(SURROGATE, gate=Difference()), before, after, [[1.0]]))
    assert "crossing" not in found
    assert found["silent"] == pytest.approx(np.log(3.6 / 3.5)) and found["coasted"] == pytest.approx(0.06)


def test_norms_are_of_the_parts():
    found = attribution(taken_apart(parts=PARTS | {"earlier": -0.02}))
    norms = {"coasting_norm": 0.06, "fresh_norm": 0.03, "decay_norm": 0.01, "earlier_norm": 0.02}
    assert {name: float(found[f"update/{name}"]) for name in norms} == pytest.approx(norms)
    assert "update/decay_norm" not in attribution(taken_apart(parts={"coasting": 0.1, "fresh": 0.1}))


# In a run

METHODS = {
    "token": sim.methods.DrGRPO(clip_low=0.2, clip_high=0.2),
    "sequence": sim.methods.GSPO(clip_low=0.1, clip_high=0.1),
    "whole sequence": sim.methods.GCPO(clip_low=0.2, clip_high=0.2),
    "clipped sequence": sim.methods.GMPO(clip_low=0.2, clip_high=0.2),
}


def tree(method, last_rate=1.0, **changes):
    """Two rollouts of two epochs in two minibatches; the first update is larger than all others."""
    rates = {"schedule": "linear_schedule", "init_value": 4.0, "end_value": last_rate, "transition_steps": 1}
    experiment = sim.Experiment(
        environment=WORLD,
        policy=sim.policies.Tabular(),
        method=method,
        optimizer=sim.optimizer("sgd", learning_rate=rates, momentum=0.9, coupled_weight_decay=0.05),
        training=sim.Training(num_rollouts=2, group_size=4, epochs=2, minibatches=2),
        record=sim.Record(probes=("drift", "attribution"), ratios=sim.Stride()),
    )
    return replace(experiment, **changes)


@pytest.fixture(scope="module", params=METHODS)
def halved(request):
    """The same run with steps of h and of h/2 after the first one, which one program makes."""
    return [jax.device_get(run(tree(METHODS[request.param], h), KEY)) for h in (1.0, 0.5)]


@pytest.mark.long
def test_the_causes_add_up_to_the_excess_at_the_end_of_a_rollout(halved):
    for trace in halved:
        total = sum(trace.metrics[f"drift/{cause}"] for cause in CAUSES)
        excess = trace.metrics["drift/excess_mean"]
        np.testing.assert_allclose(np.cumsum(total, axis=1), excess, rtol=1e-12, atol=1e-15)
        assert np.all(excess[:, -1] > 0)
        for cause in CAUSES:
            assert np.any(trace.metrics[f"drift/{cause}"] != 0), cause


def test_what_the_first_order_leaves_out_is_quadratic_in_the_step(halved):
    whole, half = (trace.metrics["drift/curved"][0, 1] for trace in halved)
    assert whole / half == pytest.approx(4.0, rel=0.05)
    for name in ("coasted", "coupled", "decayed"):
        whole, half = (trace.metrics[f"drift/{name}"][0, 1] for trace in halved)
        assert whole == pytest.approx(2 * half, rel=1e-6), name  # a schedule is in single precision


def test_a_first_rollout_has_no_earlier_one(halved):
    norms = halved[0].metrics
    np.testing.assert_array_equal(norms["update/earlier_norm"][0], 0.0)
    assert norms["update/coasting_norm"][0, 0] == 0.0
    # a second one's first update coasts on nothing else, and then ever less of it is left: 0.9^k
    np.testing.assert_allclose(norms["update/earlier_norm"][1, 0], norms["update/coasting_norm"][1, 0], rtol=1e-12)
    decay = norms["update/earlier_norm"][1] / norms["update/earlier_norm"][1, 0]
    np.testing.assert_allclose(decay, 0.9 ** np.arange(4), rtol=1e-6)


def test_a_method_without_a_clip_has_norms_and_nothing_to_say_of_silence():
    metrics = jax.eval_shape(sim.simulate, tree(sim.methods.CISPO()), KEY).metrics
    assert "update/coasting_norm" in metrics and not [name for name in metrics if name.startswith("drift/")]


def test_without_the_probe_no_update_is_taken_apart():
    trace = jax.eval_shape(
        sim.simulate, tree(sim.methods.DrGRPO(), record=sim.Record(probes=("ratio",), ratios=sim.Stride())), KEY
    )
    assert trace.tokens.coasting is None
    assert not [name for name in trace.metrics if name.startswith(("drift/", "update/"))]


# The four arms: only arm 0 is rewarded, every arm is said twice, forty updates on the one rollout


@pytest.fixture(scope="module")
def four_arms():
    experiment = sim.Experiment(
        environment=sim.environments.Bandit(rewards=np.array([[1.0, 0.0, 0.0, 0.0]])),
        policy=sim.policies.Tabular(),
        method=sim.methods.DrGRPO(clip_low=0.2, clip_high=0.2),
        optimizer=sim.optimizer("adamw", learning_rate=0.02, weight_decay=0.0),
        training=sim.Training(num_rollouts=1, group_size=8, epochs=40),
        rollouts=sim.rollouts.Fixed(completions=np.array([[[arm] for arm in (0, 0, 1, 1, 2, 2, 3, 3)]])),
        record=sim.Record(probes=("ratio", "drift", "attribution", "twin"), ratios=sim.Stride(), twin=True),
    )
    return run(experiment, KEY)


def changes(trace):
    """What each update did to each completion's log-ratio `[K, G]`."""
    log_ratio = np.asarray(trace.tokens.log_ratio)[0, :, 0, :, 0]
    return np.diff(log_ratio, axis=0, prepend=0.0)


def test_memory_caused_little_of_the_excess_of_the_four_arms(four_arms):
    own, twins, over = (
        four_arms.metrics[name][0, -1].item()
        for name in ("drift/excess_max", "twin/drift/excess_max", "drift/over_twin")
    )
    # log(1.8178 / 1.2), log(1.6151 / 1.2): the known ratios of Adam with and without b1
    assert (round(own, 3), round(twins, 3), round(over, 3)) == (0.415, 0.297, 0.118)
    assert over == pytest.approx(np.log(1.817773 / 1.615116), abs=1e-6)
    assert round(over / own, 2) == 0.28


def test_nearly_all_that_moves_the_silenced_arms_is_momentum_nevertheless(four_arms):
    # what the twin's bad arms do by their gradient, momentum does first
    coasted, silent = (four_arms.metrics[f"drift/{name}"].sum().item() for name in ("coasted", "silent"))
    assert round(coasted / silent, 3) == 0.973
    active, coasting = (
        np.asarray(leaf)[0, :, 0, :, 0] for leaf in (four_arms.tokens.clip_active, four_arms.tokens.coasting)
    )
    good = active[:, 0]
    assert round(coasting[good, 0].sum() / changes(four_arms)[good, 0].sum(), 3) == 0.958


def test_the_recorded_coasting_is_the_whole_change_once_every_arm_is_silent(four_arms):
    active, coasting = (
        np.asarray(leaf)[0, :, 0, :, 0] for leaf in (four_arms.tokens.clip_active, four_arms.tokens.coasting)
    )
    silent = active.all(axis=1)
    assert silent.sum() > 10
    moved = changes(four_arms)[silent]
    # to first order: updates of 1e-3 to 1e-2 leave out their squares
    np.testing.assert_allclose(coasting[silent], moved, rtol=0.02, atol=1e-4)
    np.testing.assert_allclose(four_arms.metrics["update/fresh_norm"][0][silent], 0.0, atol=1e-15)


def test_the_table_of_ratios_has_a_column_for_what_coasted_where_that_is_known(four_arms):
    def written(trace):
        lane = jax.tree.map(lambda leaf: np.asarray(leaf)[None], replace(trace, params={}))
        zero = np.array([0])
        return ratios_table(
            Chunk(points=zero, seeds=zero, rollouts=zero, recorded_rollouts=zero, trace=lane)
        ).to_pandas()

    full = written(four_arms)
    of_the_first = [tokens[0] for tokens in full.sort_values("update")["coasting"]]
    np.testing.assert_allclose(of_the_first, four_arms.tokens.coasting[0, :, 0, 0, 0], rtol=1e-6, atol=1e-12)
    assert "coasting" not in written(replace(four_arms, tokens=replace(four_arms.tokens, coasting=None)))
