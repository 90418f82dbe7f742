"""Memoryless twins: they answer no gradient with no update, and run on the same random numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import simulator as sim
from simulator.environments.rewards import CountToken
from simulator.optimizers.optax_facts import OPTAX
from simulator.remedies import map_first_moments
from tests.optimizers.test_catalog import DRIVEN, optimizer_table
from tests.small import resolved, tables

TWINS = {name: facts.twin for name, facts in OPTAX.items() if facts.twin is not None}
LINEAR = [name for name, facts in OPTAX.items() if facts.linear]

KEY = jax.random.key(0)
run = jax.jit(sim.simulate)

_rng = np.random.default_rng(5)
PARAMS = {"logits": jnp.asarray(_rng.normal(size=(3, 4)))}
GRADS = [{"logits": jnp.asarray(_rng.normal(size=(3, 4)))} for _ in range(3)]
NOTHING = {"logits": jnp.zeros((3, 4))}
TOLD = {"value": 1.0}  # what Momo and Polyak's step size want to know of the loss

WITH_MOMENTUM = {name: {"momentum": 0.9} for name in ("adafactor", "rmsprop", "sgd")}
MORE = {
    "ademamix": {"alpha": 5.0},
    "sgd": {"momentum": 0.9, "nesterov": True},
    "rmsprop": {"momentum": 0.9, "nesterov": True, "centered": True},
    "simplified_ademamix": {"alpha": 0.5},
    "optimistic_gradient_descent": {"alpha": 0.7},
    "lars": {"momentum": 0.9, "nesterov": True},
}
DECAYING = ("adamaxw", "adamw", "lion", "nadamw")  # even when nothing is said of it


def named(name, **keywords):
    """An optimizer with momentum and without decay."""
    decay = {"weight_decay": 0.0} if name in DECAYING else {}
    return sim.optimizer(name, **optimizer_table(name, 0.1) | decay | WITH_MOMENTUM.get(name, {}) | keywords)


def after_gradients(chain):
    """The state that random gradients leave, and the parameters that they lead to."""
    state, params = chain.init(PARAMS), PARAMS
    for grads in GRADS:
        updates, state = chain.update(grads, state, params, **TOLD)
        params = optax.apply_updates(params, updates)
    return state, params


def coasting(optimizer, state=None):
    """What the optimizer makes of no gradient, after random ones."""
    chain = optimizer.build()
    found, params = after_gradients(chain)
    return np.asarray(chain.update(NOTHING, found if state is None else state, params, **TOLD)[0]["logits"])


# What a twin is


def test_the_optimizers_without_a_known_twin_are_these():
    # what they remember is no first moment to be switched off: last gradients, sums over the run, iterates
    assert set(DRIVEN) - set(TWINS) == {
        "adan", "cocob", "dadapt_adamw", "galore", "madgrad", "noisy_sgd", "optimistic_adam", "prodigy", "rprop",
        "schedule_free_adamw", "schedule_free_sgd",
    }  # fmt: skip
    assert set(TWINS) <= set(DRIVEN) and set(LINEAR) <= set(TWINS)


@pytest.mark.parametrize("name", sorted(set(TWINS) - {"fromage"}))
def test_a_twin_answers_no_gradient_with_no_update(name):
    twin = named(name).memoryless()
    np.testing.assert_array_equal(coasting(twin), 0.0)
    state, params = after_gradients(twin.build())
    updates, _ = twin.build().update(GRADS[0], state, params, **TOLD)
    assert np.all(np.isfinite(updates["logits"])) and np.any(updates["logits"] != 0)  # it is no dead optimizer


@pytest.mark.parametrize("name", MORE)
def test_a_twin_of_an_optimizer_with_options_has_no_memory_either(name):
    optimizer = named(name, **MORE[name])
    assert np.any(coasting(optimizer) != 0) and np.all(coasting(optimizer.memoryless()) == 0)


def test_fromage_alone_shrinks_its_parameters_without_a_gradient():
    _, params = after_gradients(named("fromage").build())
    # θ ← θ/√(1 + lr²)
    np.testing.assert_allclose(coasting(named("fromage")), (1 / np.sqrt(1.01) - 1) * params["logits"], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "keywords", "update"),
    [
        ("sgd", {"momentum": 0.9}, lambda g: -0.1 * g),
        ("lion", {"weight_decay": 0.0}, lambda g: -0.1 * np.sign(g)),
        ("signum", {}, lambda g: -0.1 * np.sign(g)),
    ],
)
def test_a_twin_is_what_the_design_says(name, keywords, update):
    twin = sim.optimizer(name, learning_rate=0.1, **keywords).memoryless().build()
    state, params = after_gradients(twin)
    found, _ = twin.update(GRADS[0], state, params)
    np.testing.assert_allclose(found["logits"], update(np.asarray(GRADS[0]["logits"])), rtol=1e-14)


def test_adams_twin_is_rmsprop_with_a_bias_correction():
    twin = sim.optimizer("adam", learning_rate=0.1, b2=0.9).memoryless().build()
    state, params = after_gradients(twin)
    found, _ = twin.update(GRADS[0], state, params)
    v = sum(0.1 * 0.9 ** (3 - k) * np.asarray(g["logits"]) ** 2 for k, g in enumerate([*GRADS, GRADS[0]]))
    expected = -0.1 * GRADS[0]["logits"] / (np.sqrt(v / (1 - 0.9**4)) + 1e-8)
    np.testing.assert_allclose(found["logits"], expected, rtol=1e-12)


def test_a_twin_keeps_everything_else():
    settings = {"max_grad_norm": 0.5, "coupled_weight_decay": 0.1, "state": "reset", "reset_every": 3}
    optimizer = sim.optimizer("adamw", learning_rate=0.1, b2=0.9, eps=1e-5, weight_decay=0.2, **settings)
    twin = optimizer.memoryless()
    assert twin.numbers == {"learning_rate": 0.1, "b1": 0.0, "b2": 0.9, "eps": 1e-5, "weight_decay": 0.2}
    assert {key: getattr(twin, key) for key in settings} == settings


@pytest.mark.parametrize("name", sorted(LINEAR))
def test_what_is_called_linear_coasts_three_times_as_far_on_three_times_the_moment(name):
    optimizer = named(name)
    assert optimizer.linear_memory
    state, _ = after_gradients(optimizer.build())
    tripled = coasting(optimizer, map_first_moments(lambda moment: 3 * moment, state))
    np.testing.assert_allclose(tripled, 3 * coasting(optimizer), rtol=1e-12)
    assert np.all(tripled != 0)


@pytest.mark.parametrize("name", ["adabelief", "adopt", "lamb", "lion", "muon", "novograd", "signum"])
def test_what_is_not_linear_or_untried_is_not_called_so(name):
    assert not named(name).linear_memory


# A twin of one's own


def test_a_table_names_a_twin_which_has_the_settings_and_the_learning_rate_of_its_optimizer():
    own = {"name": "sgd", "learning_rate": 0.3, "max_grad_norm": 0.5, "momentum": 0.9}
    shared = sim.load(tables(optimizer=own | {"twin": {"name": "rmsprop", "decay": 0.5}})).points[0]
    twin = shared.experiment.optimizer.memoryless()
    assert (twin.name, twin.numbers, twin.max_grad_norm) == ("rmsprop", {"learning_rate": 0.3, "decay": 0.5}, 0.5)
    said = sim.load(tables(optimizer=own | {"twin": {"name": "sgd", "learning_rate": 0.1, "max_grad_norm": 2.0}}))
    twin = said.points[0].experiment.optimizer.memoryless()
    assert (twin.numbers, twin.max_grad_norm) == ({"learning_rate": 0.1}, 2.0)


def test_a_twin_that_is_written_down_is_in_the_record_of_a_run():
    own = {"name": "adam", "learning_rate": 0.3, "twin": {"name": "sgd"}}
    (point,) = resolved(sim.load(tables(optimizer=own)))
    assert point["optimizer"]["twin"]["name"] == "sgd"
    assert point["optimizer"]["twin"]["learning_rate"] == 0.3


def test_python_takes_a_twin_of_any_kind():
    named_twin = sim.optimizer("adan", learning_rate=0.1, twin=sim.optimizer("sgd", learning_rate=0.1))
    assert named_twin.memoryless().name == "sgd"
    with_object = sim.optimizer("adan", learning_rate=0.1, twin=optax.sgd(0.1))
    np.testing.assert_array_equal(coasting(with_object.memoryless()), 0.0)
    both_objects = sim.optimizer(optax.adam(0.1), twin=optax.adam(0.1, b1=0.0))
    np.testing.assert_array_equal(coasting(both_objects.memoryless()), 0.0)
    assert sim.optimizer(optax.adam(0.1)).memoryless() is None


@pytest.mark.parametrize("name", ["adan", "prodigy", "schedule_free_sgd"])
def test_a_twin_that_nobody_knows_is_asked_for(name):
    with pytest.raises(sim.ScenarioError) as refusal:
        sim.load(tables(optimizer={"name": name, "learning_rate": 0.1}, record={"twin": True}))
    assert refusal.value.problems == [
        ("record.twin", f"the memoryless twin of {name} is not known; name one: twin = {{ name = … }} in [optimizer]")
    ]
    own = {"name": name, "learning_rate": 0.1, "twin": {"name": "sgd"}}
    assert len(sim.load(tables(optimizer=own, record={"twin": True})).points) == 1


@pytest.mark.parametrize(
    ("twin", "key", "words"),
    [
        ("sgd", "twin", "must be a table like this one, got 'sgd' (a string)"),
        ({"name": "sdg"}, "twin.name", "there is no optimizer 'sdg'; did you mean 'sgd'?"),
        ({"momentum": 0.9}, "twin.name", "is required: the name of an optax optimizer"),
        ({"name": "sgd", "momentm": 0.9}, "twin.momentm", "sgd has no parameter 'momentm'; did you mean 'momentum'?"),
        ({"name": "sgd", "state": "rset"}, "twin.state", "did you mean 'reset'?"),
    ],
)
def test_a_twin_that_cannot_be_built_is_refused(twin, key, words):
    with pytest.raises(sim.ScenarioError) as refusal:
        sim.load(tables(optimizer={"name": "adam", "learning_rate": 0.1, "twin": twin}))
    ((where, sentence),) = refusal.value.problems
    assert where == f"optimizer.{key}" and sentence.endswith(words)


# On the same random numbers

PROBES = ("ratio", "drift", "kl", "exact_return", "twin")


def sampled(optimizer, **record):
    """Three sampled rollouts of a token tree, whose later rollouts depend on what the updates did."""
    return sim.Experiment(
        environment=sim.environments.TokenTree(vocab_size=3, max_length=2, reward=CountToken(token=1)),
        policy=sim.policies.Tabular(),
        method=sim.methods.DrGRPO(clip_low=0.2, clip_high=0.2),
        optimizer=optimizer,
        training=sim.Training(num_rollouts=3, group_size=6, epochs=2, minibatches=2),
        record=sim.Record(probes=PROBES, ratios=sim.Stride(), **record),
    )


@pytest.fixture(scope="module")
def beside():
    """Adam with its twin beside it; Adam alone; the twin alone."""
    adam, twin = (sim.optimizer("adam", learning_rate=0.3, max_grad_norm=0.3, b1=b1) for b1 in (0.9, 0.0))
    return [jax.device_get(run(each, KEY)) for each in (sampled(adam, twin=True), sampled(adam), sampled(twin))]


COMPARED = ("ratio/max", "drift/excess_mean", "drift/excess_max", "kl/behavior_exact", "return/exact")


@pytest.mark.long
@pytest.mark.parametrize("name", COMPARED)
def test_the_twin_beside_a_run_is_the_twin_alone(beside, name):
    both, _, alone = beside
    np.testing.assert_allclose(both.metrics[f"twin/{name}"], alone.metrics[name], rtol=1e-12, atol=1e-14)
    assert np.any(np.abs(both.metrics[name] - alone.metrics[name]) > 1e-3)  # and not the run


def test_both_see_the_same_completions_until_they_part_ways(beside):
    first, _, second = (trace.tokens.tokens for trace in beside)
    np.testing.assert_array_equal(first[0], second[0])
    assert np.any(first != second)


def test_what_memory_caused_is_the_difference(beside):
    both, _, alone = beside
    for over, name in (("drift/over_twin", "drift/excess_max"), ("drift/over_twin_mean", "drift/excess_mean")):
        difference = both.metrics[name] - alone.metrics[name]
        np.testing.assert_allclose(both.metrics[over], difference, rtol=1e-12, atol=1e-14)
        assert np.any(difference != 0)


def test_a_twin_changes_nothing_in_its_run(beside):
    both, own, _ = beside
    extra = {f"twin/{name}" for name in COMPARED} | {"drift/over_twin", "drift/over_twin_mean"}
    assert set(both.metrics) - set(own.metrics) == extra
    for name, values in own.metrics.items():
        np.testing.assert_allclose(both.metrics[name], values, rtol=1e-12, atol=1e-14, err_msg=name)
    np.testing.assert_array_equal(both.tokens.tokens, own.tokens.tokens)


def test_an_optimizer_without_memory_is_its_own_twin():
    sgd = sim.optimizer("sgd", learning_rate=0.5)
    assert jax.tree.structure(sgd.memoryless()) == jax.tree.structure(sgd)
    assert jax.tree.leaves(sgd.memoryless()) == jax.tree.leaves(sgd)


@pytest.mark.parametrize("setting", [{"state": "reset_first_moment"}, {"remedies": [{"kind": "mask_momentum"}]}])
def test_a_twin_without_a_first_moment_has_nothing_done_to_it(setting):
    twin = sim.optimizer("sgd", learning_rate=0.1, momentum=0.9, **setting).memoryless()
    begun = twin.begin_rollout(twin.build().init(PARAMS), PARAMS, 1)
    updates, _ = twin.build().update(GRADS[0], begun, PARAMS, clipped_away=NOTHING)
    np.testing.assert_allclose(updates["logits"], -0.1 * GRADS[0]["logits"], rtol=1e-14)
