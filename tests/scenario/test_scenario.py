"""A scenario file becomes experiments, or a message that says where it is wrong and what is allowed."""

import copy

import numpy as np
import pytest

import simulator as sim
from simulator.environments.token_tree import TokenTree
from simulator.scenario.shipped import shipped_scenarios
from tests import fresh
from tests.small import resolved, tables

BANDIT = {"kind": "bandit", "rewards": [[1.0, 0.5, 0.0]]}
TREE = {"kind": "token_tree", "vocab_size": 3, "max_length": 3, "reward": {"rule": "count", "token": 1}}
TRAINING = {"num_rollouts": 2, "group_size": 4}
ADAM = {"name": "adam", "learning_rate": 0.1}

TOML = """
title    = "A small question"
question = "How small?"

[environment]
kind    = "bandit"
rewards = [[1.0, 0.5, 0.0]]

[method]
name = "grpo"
kl   = { coef = 0.04 }

[[optimizer]]
name          = "adam"
learning_rate = { log_range = [1e-3, 1e-1], num = 3 }

[[optimizer]]
name          = "sgd"
learning_rate = { schedule = "cosine_decay_schedule", init_value = 0.4, decay_steps = 100 }

[training]
num_rollouts = 2
group_size   = 4
seeds        = 8
"""


def load(**changes):
    return sim.load(tables(**changes))


def refusals(**changes):
    """{dotted key: sentence} of what is wrong."""
    with pytest.raises(sim.ScenarioError) as refusal:
        load(**changes)
    return dict(refusal.value.problems)


def without(key):
    return {name: table for name, table in tables().items() if name != key}


# What a file becomes


def test_a_file_becomes_the_experiments_that_it_stands_for(tmp_path):
    (tmp_path / "small.toml").write_text(TOML)
    scenario = sim.load(tmp_path / "small.toml")
    assert scenario.name == "small" and scenario.heading.question == "How small?"
    assert len(scenario.points) == 4
    experiment = scenario.points[0].experiment
    assert isinstance(experiment.environment, sim.environments.Bandit) and isinstance(
        experiment.policy, sim.policies.Tabular
    )
    assert isinstance(experiment.rollouts, sim.rollouts.Sampled)
    np.testing.assert_array_equal(experiment.environment.rewards, [[1.0, 0.5, 0.0]])
    assert (experiment.method.kl.coef, experiment.method.kl.estimator) == (0.04, "k3")
    assert (experiment.training.seeds, experiment.training.epochs) == (8, 1)


def test_what_is_left_out_has_its_default():
    method = load(method={"name": "gspo"}).points[0].experiment.method
    assert (method.clip_low, method.clip_high, method.kl) == (3e-4, 4e-4, None)


def test_a_tree_has_its_reward_rule_inside():
    environment = load(environment=TREE).points[0].experiment.environment
    assert isinstance(environment, TokenTree)
    assert (environment.reward.rule, environment.reward.token, environment.num_prompts) == ("count", 1, 1)


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_shipped_scenario_loads_by_its_name(name):
    assert sim.load(name).name == name


# Axes and comparisons


def test_axes_and_variants_cross():
    scenario = load(
        method=[{"name": "grpo", "clip_high": {"values": [0.2, 0.3]}}, {"name": "cispo"}],
        optimizer={"name": "adam", "learning_rate": {"values": [0.1, 0.2]}},
    )
    assert [point.values for point in scenario.points] == [
        {"method": "grpo", "method.clip_high": 0.2, "optimizer.learning_rate": 0.1},
        {"method": "grpo", "method.clip_high": 0.2, "optimizer.learning_rate": 0.2},
        {"method": "grpo", "method.clip_high": 0.3, "optimizer.learning_rate": 0.1},
        {"method": "grpo", "method.clip_high": 0.3, "optimizer.learning_rate": 0.2},
        {"method": "cispo", "optimizer.learning_rate": 0.1},
        {"method": "cispo", "optimizer.learning_rate": 0.2},
    ]
    found = [(point.experiment.method.name, point.experiment.optimizer.numbers) for point in scenario.points]
    assert found[1] == ("grpo", {"learning_rate": 0.2}) and found[4] == ("cispo", {"learning_rate": 0.1})
    assert [point.experiment.method.clip_high for point in scenario.points[:4]] == [0.2, 0.2, 0.3, 0.3]


def test_an_axis_may_stand_inside_a_nested_table():
    scenario = load(method={"name": "grpo", "kl": {"coef": {"values": [0.0, 0.1]}}}, optimizer=ADAM)
    assert [point.values for point in scenario.points] == [{"method.kl.coef": 0.0}, {"method.kl.coef": 0.1}]
    assert [point.experiment.method.kl.coef for point in scenario.points] == [0.0, 0.1]


def test_an_axis_may_go_over_structure():
    scenario = load(training={**TRAINING, "epochs": {"values": [1, 4]}}, optimizer=ADAM)
    assert [point.experiment.training.epochs for point in scenario.points] == [1, 4]
    assert [point.values for point in scenario.points] == [{"training.epochs": 1}, {"training.epochs": 4}]


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ({"range": [0.1, 0.3], "num": 3}, [0.1, 0.2, 0.3]),
        ({"log_range": [0.01, 1.0], "num": 3}, [0.01, 0.1, 1.0]),
    ],
)
def test_a_range_of_numbers_is_an_axis(form, values):
    scenario = load(optimizer={"name": "sgd", "learning_rate": form})
    found = [point.values["optimizer.learning_rate"] for point in scenario.points]
    np.testing.assert_allclose(found, values, rtol=1e-14)


def test_variants_of_one_name_are_numbered_and_labels_are_kept():
    variants = [ADAM, {**ADAM, "b1": 0.0}, {**ADAM, "label": "mine"}, {"name": "sgd", "learning_rate": 0.1}]
    labels = [point.values["optimizer"] for point in load(optimizer=variants).points]
    assert labels == ["adam 1", "adam 2", "mine", "sgd"]


def test_one_variant_needs_no_label():
    assert load(optimizer=[ADAM]).points[0].values == {}


# What is refused


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"enviroment": {}}, "enviroment", ["unknown", "'environment'"]),
        ({"title": 3}, "title", ["string"]),
        ({"training": {**TRAINING, "seed_count": 3}}, "training.seed_count", ["unknown key", "'seed"]),
        ({"training": {**TRAINING, "epochs": "four"}}, "training.epochs", ["integer", "'four' (a string)"]),
        ({"training": {**TRAINING, "epochs": True}}, "training.epochs", ["integer", "boolean"]),
        ({"training": {**TRAINING, "epochs": 1.0}}, "training.epochs", ["integer"]),
        ({"training": {**TRAINING, "epochs": 0}}, "training.epochs", [">= 1", "got 0"]),
        ({"training": {"num_rollouts": 2}}, "training.group_size", ["required"]),
        ({"training": {**TRAINING, "precision": "float16"}}, "training.precision", ["float64", "float32"]),
        ({"training": [TRAINING, 3]}, "training[1]", ["table"]),
        ({"environment": {"kind": "bandits"}}, "environment.kind", ["unknown environment", "'bandit'"]),
        ({"environment": {"rewards": [[1.0, 0.0]]}}, "environment.kind", ["required", "bandit"]),
        ({"environment": {"kind": "bandit"}}, "environment.rewards", ["required"]),
        ({"environment": {**BANDIT, "std": -1.0}}, "environment.std", [">= 0", "-1.0"]),
        ({"environment": {**BANDIT, "rewards": [[1.0, 0.0], [1.0]]}}, "environment.rewards", ["rows differ in length"]),
        ({"environment": {**BANDIT, "rewards": [[1.0]]}}, "environment.rewards", ["two arms"]),
        ({"environment": {**BANDIT, "rewards": [["a", 0.0]]}}, "environment.rewards[0][0]", ["number", "'a'"]),
        ({"environment": {**TREE, "max_length": 0}}, "environment.max_length", [">= 1"]),
        ({"environment": {**TREE, "reward": {"rule": "matches"}}}, "environment.reward", ["'match'"]),
        (
            {"environment": {**TREE, "reward": {"rule": "count", "tokens": 1}}},
            "environment.reward.tokens",
            ["unknown key", "'token'"],
        ),
        ({"environment": {**TREE, "reward": {"rule": "count", "token": 9}}}, "environment.reward", ["0 to 2"]),
        ({"environment": {**BANDIT, "rewards": []}}, "environment.rewards", ["at least 1"]),
        ({"policy": {"kind": "table"}}, "policy.kind", ["'tabular'"]),
        ({"policy": {"kind": "tabular", "bias": [1.0]}}, "policy.bias", ["1 numbers for a vocabulary of 3"]),
        ({"method": {"name": "grpoo"}}, "method.name", ["unknown method", "'grpo'"]),
        ({"method": {"name": "grpo", "clip_hihg": 0.2}}, "method.clip_hihg", ["'clip_high'"]),
        ({"method": {"name": "grpo", "clip_low": 1.0}}, "method.clip_low", ["< 1"]),
        ({"method": {"name": "grpo", "ddof": 2}}, "method.ddof", ["<= 1"]),
        ({"method": {"name": "grpo", "eps": float("nan")}}, "method.eps", ["finite"]),
        ({"method": {"name": "grpo", "kl": {"coeff": 0.1}}}, "method.kl.coeff", ["unknown key", "'coef'"]),
        ({"method": {"name": "grpo", "kl": {"coef": 0.1, "estimator": "k4"}}}, "method.kl.estimator", ["'k3'"]),
        ({"optimizer": {"name": "adamv"}}, "optimizer.name", ["no optimizer 'adamv'", "'adam"]),
        ({"optimizer": {"name": "lbfgs"}}, "optimizer.name", ["line search"]),
        ({"optimizer": {"learning_rate": 0.1}}, "optimizer.name", ["required"]),
        ({"optimizer": {"name": "adam"}}, "optimizer.learning_rate", ["required by adam"]),
        ({"optimizer": {**ADAM, "beta1": 0.9}}, "optimizer.beta1", ["no parameter 'beta1'", "'b1'"]),
        ({"optimizer": {**ADAM, "b1": 1.0}}, "optimizer.b1", ["< 1"]),
        ({"optimizer": {**ADAM, "b1": "0.9"}}, "optimizer.b1", ["number", "'0.9' (a string)"]),
        ({"optimizer": {**ADAM, "nesterov": 1}}, "optimizer.nesterov", ["true or false"]),
        ({"optimizer": {**ADAM, "mu_dtype": "float32"}}, "optimizer.mu_dtype", ["cannot be written"]),
        ({"optimizer": {**ADAM, "learning_rate": -0.1}}, "optimizer.learning_rate", [">= 0"]),
        ({"optimizer": {**ADAM, "learning_rate": 10**400}}, "optimizer.learning_rate", ["finite number"]),
        ({"optimizer": {"name": "prodigy", "betas": [0.9]}}, "optimizer.betas", ["array of 2 numbers"]),
        ({"optimizer": {"name": "galore", "learning_rate": 0.1, "rank": 0}}, "optimizer.rank", [">= 1"]),
        ({"optimizer": {**ADAM, "max_grad_norm": 0}}, "optimizer.max_grad_norm", ["> 0"]),
        (
            {"optimizer": {"name": "adam", "learning_rate": {"schedule": "cosine_decay"}}},
            "optimizer.learning_rate.schedule",
            ["no schedule 'cosine_decay'", "'cosine_decay_schedule'"],
        ),
        (
            {"optimizer": {"name": "adam", "learning_rate": {"schedule": ["linear_schedule"]}}},
            "optimizer.learning_rate.schedule",
            ["no schedule"],
        ),
        (
            {
                "optimizer": {
                    "name": "sgd",
                    "learning_rate": {"schedule": "cosine_decay_schedule", "init_value": 0.1, "decay_steps": 0},
                }
            },
            "optimizer.learning_rate.decay_steps",
            [">= 1"],
        ),
        (
            {"optimizer": {"name": "adam", "learning_rate": {"schedule": "cosine_decay_schedule", "init_value": 0.1}}},
            "optimizer.learning_rate.decay_steps",
            ["required"],
        ),
        (
            {"optimizer": {**ADAM, "b1": {"schedule": "constant_schedule", "value": 0.9}}},
            "optimizer.b1",
            ["takes a number, no schedule"],
        ),
        ({"training": {**TRAINING, "group_size": 1}}, "training.group_size", ["group of one", "at least 2"]),
        ({"training": {**TRAINING, "minibatches": 3}}, "training.minibatches", ["3 does not divide the 4 completions"]),
        ({"optimizer": {**ADAM, "b1": {"values": []}}}, "optimizer.b1", ["at least one value"]),
        ({"optimizer": {**ADAM, "b1": {"range": [0.0, 0.9]}}}, "optimizer.b1", ["range = [a, b], num = n"]),
        ({"optimizer": {**ADAM, "b1": {"log_range": [0.0, 0.9], "num": 2}}}, "optimizer.b1", ["positive"]),
        ({"optimizer": {**ADAM, "b1": {"range": [0.0, 0.9], "num": 0}}}, "optimizer.b1", [">= 1"]),
        ({"optimizer": {**ADAM, "b1": {"values": [0.9, 1.5]}}}, "optimizer.b1", ["< 1", "1.5"]),
        ({"training": {**TRAINING, "seeds": {"values": [1, 2]}}}, "training.seeds", ["cannot be an axis"]),
        ({"training": {**TRAINING, "seed": {"values": [1, 2]}}}, "training.seed", ["cannot be an axis"]),
        ({"training": {**TRAINING, "seed": 2**32}}, "training.seed", ["must be <"]),
        ({"optimizer": []}, "optimizer", ["without a table"]),
        ({"record": {"probes": []}}, "record.probes", ["at least 1"]),
        ({"record": {"probes": ["ratios"]}}, "record.probes", ["'ratios'"]),
        ({"record": {"ratios": {"every": 0}}}, "record.ratios.every", [">= 1"]),
    ],
)
def test_bad_input_is_refused_with_its_key_and_what_is_allowed(changes, key, words):
    found = refusals(**changes)
    assert key in found, found
    for word in words:
        assert word in found[key], found[key]


@pytest.mark.parametrize(
    ("completions", "words"),
    [
        ([[[0], [1]]], ["2 completions per prompt", "group_size = 4"]),
        ([[[0]] * 4, [[1]] * 4], ["2 groups for 1 prompts"]),
        ([[[0], [1], [2], [3]]], ["vocabulary 0 to 2"]),
        ([[[0], [1], [2], [1, 1]]], ["2 tokens", "longest has 1"]),
        ([[[0], [1], [2], [-1]]], [">= 0"]),
        ([[[0], [1], [2], []]], ["at least 1"]),
    ],
)
def test_fixed_completions_that_do_not_fit_are_refused(completions, words):
    found = refusals(rollouts={"kind": "fixed", "completions": completions}, training=TRAINING)
    assert all(any(word in sentence for sentence in found.values()) for word in words), found


def test_groups_of_different_size_are_refused():
    two_prompts = {"kind": "bandit", "rewards": [[1.0, 0.0], [0.0, 1.0]]}
    found = refusals(environment=two_prompts, rollouts={"kind": "fixed", "completions": [[[0], [1]], [[0]]]})
    assert "same number of completions" in found["rollouts.completions"]


@pytest.mark.parametrize("family", ["environment", "method", "optimizer", "training"])
def test_a_part_without_a_default_is_required(family):
    with pytest.raises(sim.ScenarioError, match=f"{family}: is required"):
        sim.load(without(family))


@pytest.mark.parametrize("family", ["title", "question"])
def test_a_scenario_is_a_question(family):
    with pytest.raises(sim.ScenarioError, match=f"{family}: is required"):
        sim.load(without(family))


def test_reinforce_is_content_with_a_group_of_one():
    assert load(method={"name": "reinforce"}, training={**TRAINING, "group_size": 1}).points


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"environment": {**BANDIT, "rewards": [["a", 0.0]]}}, "environment.rewards[0][0]"),
        ({"environment": {**TREE, "reward": {"rule": "match", "target": [-1]}}}, "environment.reward.target[0]"),
        ({"rollouts": {"kind": "fixed", "completions": [[[0.5]]]}}, "rollouts.completions[0][0][0]"),
    ],
)
def test_one_mistake_is_told_once(changes, key):
    assert list(refusals(**changes)) == [key]


def test_every_problem_is_told_at_once():
    found = refusals(
        method={"name": "grpo", "clip_hihg": 0.2}, optimizer={**ADAM, "beta1": 0.9, "learning_rate": "high"}, foo=1
    )
    assert sorted(found) == ["foo", "method.clip_hihg", "optimizer.beta1", "optimizer.learning_rate"]


def test_a_message_names_the_file_and_the_place_in_an_array(tmp_path):
    (tmp_path / "momentum.toml").write_text(TOML.replace('name          = "sgd"', 'name = "sgd"\nbeta1 = 0.9'))
    with pytest.raises(sim.ScenarioError) as refusal:
        sim.load(tmp_path / "momentum.toml")
    assert str(refusal.value).startswith("momentum.toml: optimizer[1].beta1: sgd has no parameter 'beta1'")
    assert refusal.value.file == "momentum.toml"


def test_a_message_has_one_line_a_problem():
    with pytest.raises(sim.ScenarioError) as refusal:
        load(optimizer={**ADAM, "beta1": 0.9, "beta2": 0.9})
    assert len(str(refusal.value).splitlines()) == len(refusal.value.problems) == 2


@pytest.mark.parametrize("text", ["title = ", "a = 1\nb = [1,\n", 'title = "no end\n', "[training\n"])
def test_what_is_not_toml_is_refused_with_line_and_column(tmp_path, text):
    (tmp_path / "broken.toml").write_text(text)
    with pytest.raises(sim.ScenarioError, match=r"broken\.toml: not TOML: .*line \d+, column \d+"):
        sim.load(tmp_path / "broken.toml")


def test_what_is_not_text_is_refused(tmp_path):
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(sim.ScenarioError, match=r"binary\.toml: cannot be read"):
        sim.load(tmp_path / "binary.toml")


def test_a_missing_file_points_to_the_nearest_shipped_scenario():
    with pytest.raises(sim.ScenarioError, match="momentum_overshot: no such file.*'momentum_overshoot'"):
        sim.load("momentum_overshot")


# Overrides


def test_an_override_goes_in_before_anything_is_checked():
    overrides = [("training.seeds", 9), ("optimizer.learning_rate", 0.5), ("method.kl", {"coef": 0.1})]
    scenario = sim.load(tables(), overrides)
    experiment = scenario.points[0].experiment
    assert (experiment.training.seeds, experiment.optimizer.numbers["learning_rate"]) == (9, 0.5)
    assert experiment.method.kl.coef == 0.1


def test_an_override_of_an_array_sets_every_variant():
    variants = [ADAM, {"name": "lion", "learning_rate": 0.3}]
    scenario = sim.load(tables(optimizer=variants), [("optimizer.b1", 0.5)])
    assert [point.experiment.optimizer.numbers["b1"] for point in scenario.points] == [0.5, 0.5]


def test_an_override_is_checked_like_the_file():
    with pytest.raises(sim.ScenarioError, match="training.epochs: must be >= 1"):
        sim.load(tables(), [("training.epochs", 0)])
    with pytest.raises(sim.ScenarioError, match="title.x"):
        sim.load(tables(), [("title.x", 0)])


# The digest


def numbers(table, path=()):
    """The place of every number of a table."""
    entries = table.items() if isinstance(table, dict) else enumerate(table) if isinstance(table, list) else ()
    for key, value in entries:
        if type(value) in (int, float):
            yield (*path, key)
        yield from numbers(value, (*path, key))


FULL = tables(
    environment={**BANDIT, "distribution": "gaussian", "std": 0.5, "reward_scale": 2.0},
    policy={"kind": "tabular", "bias": [0.0, 0.1, 0.2]},
    method={"name": "grpo", "clip_low": 0.2, "kl": {"coef": 0.1}},
    optimizer=[
        {"name": "adam", "learning_rate": {"values": [0.01, 0.1]}, "eps": 1e-8, "max_grad_norm": 1.0},
        {
            "name": "sgd",
            "learning_rate": {
                "schedule": "linear_schedule",
                "init_value": 0.1,
                "end_value": 0.2,
                "transition_steps": 7,
            },
        },
    ],
    training={**TRAINING, "epochs": 2, "minibatches": 2, "seeds": 3, "seed": 5},
    record={"ratios": {"every": 2}},
    claim=[{"says": "It is small.", "metric": "ratio/max", "predicted": 1.5, "tolerance": 0.1}],
)


def test_the_digest_is_eight_characters_and_the_same_in_every_process():
    digest = sim.load(FULL).digest()
    assert len(digest) == 8 and int(digest, 16) >= 0
    elsewhere = fresh.python(f"import simulator; print(simulator.load({FULL!r}).digest())")
    assert elsewhere.strip() == digest


ASKED = {family: table for family, table in FULL.items() if family != "claim"}


@pytest.mark.parametrize("place", list(numbers(ASKED)), ids=lambda place: ".".join(map(str, place)))
def test_the_digest_changes_with_any_number(place):
    changed = copy.deepcopy(FULL)
    table = changed
    for step in place[:-1]:
        table = table[step]
    table[place[-1]] = 2 * table[place[-1]] or 0.3  # still in range: four minibatches divide four completions
    assert sim.load(changed).digest() != sim.load(FULL).digest()


def test_the_digest_does_not_depend_on_the_order_of_keys():
    def backwards(table):
        if isinstance(table, dict):
            return {key: backwards(value) for key, value in reversed(table.items())}
        return [backwards(value) for value in table] if isinstance(table, list) else table

    assert sim.load(backwards(FULL)).digest() == sim.load(FULL).digest()


def test_the_digest_sees_what_a_default_is_but_not_whether_it_was_written():
    assert load(method={"name": "grpo"}).digest() == load(method={"name": "grpo", "clip_low": 0.2}).digest()
    assert load(method={"name": "grpo"}).digest() != load(method={"name": "grpo", "clip_low": 0.3}).digest()
    assert load(optimizer=ADAM).digest() == load(optimizer={**ADAM, "b1": 0.9}).digest()


def test_a_resolved_point_has_every_default_filled_in():
    (point,) = resolved(load(optimizer=ADAM))
    assert point["method"]["clip_low"] == 0.2
    assert (point["optimizer"]["b1"], point["optimizer"]["eps"]) == (0.9, 1e-8)
    assert point["training"]["precision"] == "float64"


def test_a_value_of_neither_type_is_refused_under_its_own_key():
    claim = {"says": "So it is", "metric": "ratio/max", "predicted": [1.0], "tolerance": 0.1}
    found = refusals(claim=[claim])
    assert list(found) == ["claim[0].predicted"]
