"""Dialects: what an option of a trainer does, where its name says something else, and what is said about it."""

import ast
import inspect
import textwrap

import jax.numpy as jnp
import numpy as np
import pytest
from jsonschema import Draft202012Validator

import simulator as sim
from simulator.dialects.base import Dialect
from simulator.scenario.json_schema import scenario_schema
from simulator.surrogates.base import Surrogate
from simulator.surrogates.reductions import TokenSum
from tests.small import resolved, tables
from tests.surrogates.batches import (
    BEHAVIOR_LOGITS,
    LENGTHS,
    LOGITS,
    MASK,
    REFERENCE_LOGITS,
    REWARDS,
    ROWS,
    TOKENS,
    log_softmax,
    minibatch,
    rollout,
)

TRAINING = {"num_rollouts": 2, "group_size": 4}
ADAM = {"name": "adam", "learning_rate": 0.1}

# What a name leaves for its user to say
REQUIRED = {("verl", "dro"): {"dro_beta": 0.5}}
PRESETS = [(dialect, name) for dialect, cls in sim.DIALECTS.members.items() for name in cls.presets]

RATIOS = [0.01, 0.5, 0.79, 0.81, 1.0, 1.19, 1.21, 2.0, 2.9, 3.1, 50.0]


def load(*variants):
    return sim.load(tables(method=list(variants), optimizer=ADAM, training=TRAINING))


def method(**table):
    """The one method of a scenario."""
    (point,) = load(table).points
    return point.experiment.method


def refusals(**table):
    """{key: sentence} of what is wrong with a method's table."""
    with pytest.raises(sim.ScenarioError) as refusal:
        load(table)
    return {key.removeprefix("method[0].").removeprefix("method."): text for key, text in refusal.value.problems}


def pushes(surrogate, advantage, ratios=RATIOS):
    """The score weights of tokens at these ratios, which the behavior policy says with probability 0.01."""
    log_ratio = jnp.log(jnp.array(ratios))[None, None]
    return surrogate.gate.score_weight(log_ratio, log_ratio + jnp.log(0.01), jnp.full((1, 1, 1), advantage))[0, 0]


def mean_of_tokens(values):
    return np.sum(values, axis=-1, keepdims=True) / np.maximum(LENGTHS, 1)[..., None]


def advantages(surrogate, rewards):
    return surrogate.advantage(jnp.asarray(rewards, dtype=float))


# Names


@pytest.mark.parametrize(("dialect", "name"), PRESETS)
def test_every_name_of_a_dialect_is_a_point_of_the_product(dialect, name):
    made = method(dialect=dialect, name=name, **REQUIRED.get((dialect, name), {}))
    assert isinstance(made, Dialect) and isinstance(made.surrogate(), Surrogate)
    assert (made.dialect, made.name) == (dialect, name)


@pytest.mark.parametrize(("dialect", "name"), PRESETS)
def test_a_name_is_no_more_than_its_options(dialect, name):
    options = sim.DIALECTS.members[dialect].presets[name] | REQUIRED.get((dialect, name), {})
    named = load({"dialect": dialect, "name": name, **REQUIRED.get((dialect, name), {})})
    spelt = load({"dialect": dialect, **options})
    (named,), (spelt,) = resolved(named), resolved(spelt)
    assert named["surrogate"] == spelt["surrogate"]


@pytest.mark.parametrize("dialect", sim.DIALECTS.members)
def test_a_dialect_without_a_name_has_its_defaults(dialect):
    assert isinstance(method(dialect=dialect).surrogate(), Surrogate)


def test_the_paper_is_the_plain_method():
    plain, paper = load({"name": "grpo"}), load({"dialect": "paper", "name": "grpo"})
    assert isinstance(paper.points[0].experiment.method, sim.METHODS.members["grpo"])
    assert paper.digest() == plain.digest()


def test_two_dialects_of_one_name_are_two_variants():
    points = load({"name": "grpo"}, {"dialect": "trl", "name": "grpo"}, {"dialect": "verl", "name": "grpo"}).points
    assert [point.values["method"] for point in points] == ["grpo", "trl grpo", "verl grpo"]


def test_two_variants_of_one_dialect_are_numbered():
    points = load({"dialect": "trl", "delta": 2.0}, {"dialect": "trl"}).points
    assert [point.values["method"] for point in points] == ["trl 1", "trl 2"]


def test_an_option_of_a_dialect_may_be_an_axis():
    points = load({"dialect": "trl", "epsilon": {"values": [0.1, 0.3]}}).points
    assert [point.values for point in points] == [{"method.epsilon": 0.1}, {"method.epsilon": 0.3}]
    assert [point.experiment.method.surrogate().gate.clip_low for point in points] == [0.1, 0.3]


def test_a_number_of_a_name_may_be_another():
    assert method(dialect="verl", name="dapo").surrogate().gate.clip_high == 0.28
    assert method(dialect="verl", name="dapo", clip_ratio_high=0.4).surrogate().gate.clip_high == 0.4


@pytest.mark.parametrize(
    ("table", "key", "words"),
    [
        ({"dialect": "trll"}, "dialect", ["unknown dialect 'trll'", "'trl'"]),
        ({"dialect": ["trl"]}, "dialect", ["unknown dialect"]),
        ({"dialect": "trl", "name": ["grpo"]}, "name", ["trl has no method"]),
        ({"dialect": "trl", "name": "grppo"}, "name", ["trl has no method 'grppo'", "'grpo'"]),
        ({"dialect": "trl", "name": "remax"}, "name", ["trl has no method 'remax'"]),
        ({"dialect": "trl", "epsilon_hihg": 0.3}, "epsilon_hihg", ["unknown key", "'epsilon_high'"]),
        ({"dialect": "verl", "clip_ratio_hihg": 0.3}, "clip_ratio_hihg", ["unknown key", "'clip_ratio_high'"]),
        ({"dialect": "openrlhf", "eps_clip_hihg": 0.3}, "eps_clip_hihg", ["unknown key", "'eps_clip_high'"]),
        ({"dialect": "torchrl", "clip_epsilon_hihg": 0.3}, "clip_epsilon_hihg", ["unknown key", "'clip_epsilon_high'"]),
        ({"dialect": "trl", "cap": 0.2}, "cap", ["unknown key"]),  # the paper's word, not the trainer's
        ({"dialect": "trl", "loss_type": "gpro"}, "loss_type", ["'grpo'"]),
        ({"dialect": "verl", "loss_mode": "clip_cov"}, "loss_mode", ["'vanilla'"]),
        ({"dialect": "verl", "clip_ratio_c": 0.9}, "clip_ratio_c", ["> 1"]),
    ],
)
def test_what_a_dialect_does_not_know_is_refused(table, key, words):
    found = refusals(**table)
    assert list(found) == [key]
    for word in words:
        assert word in found[key], found[key]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"dialect": "trl", "name": "dr_grpo", "loss_type": "grpo"}, "loss_type"),
        ({"dialect": "trl", "name": "gspo", "importance_sampling_level": "token"}, "importance_sampling_level"),
        ({"dialect": "verl", "name": "dr_grpo", "norm_adv_by_std_in_grpo": True}, "norm_adv_by_std_in_grpo"),
        ({"dialect": "openrlhf", "name": "gspo", "policy_loss_type": "ppo"}, "policy_loss_type"),
        ({"dialect": "torchrl", "name": "cispo", "loss": "GRPOLoss"}, "loss"),
    ],
)
def test_an_option_that_contradicts_the_name_is_refused(table, key):
    found = refusals(**table)
    assert list(found) == [key] and "leave out the name" in found[key]
    said = {**table, key: sim.DIALECTS.members[table["dialect"]].presets[table["name"]][key]}
    assert method(**said).name == table["name"]  # said twice, but the same


@pytest.mark.parametrize("dialect", sim.DIALECTS.members)
def test_a_group_of_one_is_refused_in_every_dialect(dialect):
    with pytest.raises(sim.ScenarioError, match=f"{dialect}.*needs at least 2"):
        sim.load(tables(method={"dialect": dialect}, training={**TRAINING, "group_size": 1}))


# What is said about options

# (table, the key that is warned about, words of the sentence)
WARNINGS = [
    ({"dialect": "trl", "name": "cispo"}, "epsilon_high", ["epsilon = 0.2", "5.0"]),
    ({"dialect": "trl", "name": "bnpo"}, "loss_type", ["mean over the tokens", "not the Beta normalisation"]),
    ({"dialect": "trl", "loss_type": "luspo"}, "importance_sampling_level", ["'sequence'"]),
    (
        {"dialect": "trl", "name": "dapo", "importance_sampling_level": "sequence"},
        "importance_sampling_level",
        ["by their length", "GSPO has 'grpo'"],
    ),
    (
        {"dialect": "trl", "name": "vespo", "importance_sampling_level": "sequence"},
        "importance_sampling_level",
        ["not read by VESPO"],
    ),
    ({"dialect": "trl", "name": "gdpo", "scale_rewards": "batch"}, "scale_rewards", ["not read"]),
    ({"dialect": "verl", "name": "dppo_tv"}, "clip_ratio_c", ["at 3", "20"]),
    ({"dialect": "verl", "name": "cispo"}, "clip_ratio_high", ["[0.8, 1.2]", "no lower bound"]),
    ({"dialect": "verl", "name": "dr_grpo"}, "loss_agg_mode", ["number of completions", "before 2026"]),
    (
        {"dialect": "verl", "name": "gspo", "loss_agg_mode": "token-sum"},
        "loss_agg_mode",
        ["not read by loss_mode 'gspo'"],
    ),
    ({"dialect": "verl", "name": "gdpo"}, "adv_estimator", ["whitens over tokens", "TRL whitens over completions"]),
    ({"dialect": "openrlhf", "name": "dr_grpo"}, "estimator", ["leaves out the deviation", "1/(all tokens)"]),
    ({"dialect": "openrlhf", "use_loss": True}, "kl_estimator", ["mean zero", "k2 or k3"]),
    ({"dialect": "torchrl", "name": "cispo"}, "loss", ["there is none", "both signs"]),
    ({"dialect": "torchrl", "loss": "DAPO"}, "clip_epsilon_high", ["wider upper bound", "0.28"]),
]
PROBLEMS = [
    ({"dialect": "trl", "delta": 1.2}, "delta", ["1.2 is not above 1 + epsilon_high = 1.2"]),
    ({"dialect": "trl", "reward_weights": [2.0]}, "reward_weights", ["scale them in the environment"]),
    ({"dialect": "verl", "name": "dro"}, "dro_beta", ["required", "no default"]),
    ({"dialect": "verl", "clip_ratio_low": 1.0}, "clip_ratio_low", ["must be < 1", "'vanilla'"]),
    ({"dialect": "verl", "clip_ratio_c": 1.2}, "clip_ratio_c", ["1.2 is not above 1 + clip_ratio_high = 1.2"]),
    ({"dialect": "openrlhf", "dual_clip": 1.2}, "dual_clip", ["1.2 is not above 1 + eps_clip_high = 1.2"]),
    ({"dialect": "verl", "gdpo_reward_weights": [2.0]}, "gdpo_reward_weights", ["'gdpo' alone, not by 'grpo'"]),
    (
        {"dialect": "verl", "name": "gdpo", "norm_adv_by_std_in_grpo": False},
        "norm_adv_by_std_in_grpo",
        ["not simulated for gdpo"],
    ),
    ({"dialect": "openrlhf", "no_std_norm": True}, "no_std_norm", ["estimator 'dr_grpo'"]),
]
# The same options with what silences the sentence
QUIET = [
    {"dialect": "trl", "name": "cispo", "epsilon_high": 5.0},
    {"dialect": "trl", "name": "dapo"},
    {"dialect": "trl", "name": "luspo"},
    {"dialect": "trl", "name": "vespo"},
    {"dialect": "trl", "name": "gdpo"},
    {"dialect": "trl", "name": "gdpo", "reward_weights": [2.0]},
    {"dialect": "trl", "delta": 1.3},
    {"dialect": "verl", "name": "dppo_tv", "clip_ratio_c": 20.0},
    {"dialect": "verl", "name": "cispo", "clip_ratio_high": 4.0},
    {"dialect": "verl", "name": "gspo"},
    {"dialect": "verl", "name": "dro", "dro_beta": 0.5},
    {"dialect": "openrlhf", "name": "dr_grpo", "policy_loss_type": "gspo"},
    {"dialect": "openrlhf", "use_loss": True, "kl_estimator": "k2"},
    {"dialect": "torchrl", "name": "dapo"},
    {"dialect": "torchrl", "name": "grpo"},
]


@pytest.mark.parametrize(("table", "key", "words"), WARNINGS)
def test_an_option_that_means_something_else_is_told(table, key, words):
    found = dict(load(table).warnings)
    assert f"method.{key}" in found
    for word in words:
        assert word in found[f"method.{key}"], found


@pytest.mark.parametrize(("table", "key", "words"), PROBLEMS)
def test_options_that_do_not_go_together_are_refused(table, key, words):
    found = refusals(**table)
    assert list(found) == [key]
    for word in words:
        assert word in found[key], found[key]


@pytest.mark.parametrize("table", QUIET, ids=lambda table: "-".join(map(str, table.values())))
def test_nothing_is_told_where_nothing_surprises(table):
    assert load(table).warnings == []


def test_a_warning_is_given_once_however_many_points_have_it():
    assert (
        len(load({"dialect": "trl", "name": "cispo"}, {"dialect": "trl", "name": "cispo", "beta": 0.1}).warnings) == 1
    )


def test_a_plain_method_warns_of_nothing():
    assert load({"name": "cispo"}).warnings == []


@pytest.mark.parametrize(("said", "cases"), [("warnings", WARNINGS), ("problems", PROBLEMS)])
@pytest.mark.parametrize("dialect", sim.DIALECTS.members)
def test_every_sentence_of_a_dialect_is_reached(dialect, said, cases):
    source = textwrap.dedent(inspect.getsource(getattr(sim.DIALECTS.members[dialect], said)))
    sentences = sum(isinstance(node, ast.Yield) for node in ast.walk(ast.parse(source)))
    assert len([table for table, _, _ in cases if table["dialect"] == dialect]) == sentences


# TRL


def test_trls_cispo_holds_every_weight_at_a_fifth_when_epsilon_high_is_unset():
    # the cap is epsilon itself, not 1 + epsilon: a token at ratio 1 weighs 0.2
    gate = method(dialect="trl", name="cispo").surrogate()
    np.testing.assert_allclose(pushes(gate, -2.0, [0.1, 0.2, 1.0, 9.0]), [-0.2, -0.4, -0.4, -0.4], rtol=1e-14)


def test_trls_cispo_is_the_papers_when_epsilon_high_is_set():
    gate = method(dialect="trl", name="cispo", epsilon_high=5.0).surrogate()
    np.testing.assert_allclose(pushes(gate, -2.0, [0.1, 1.0, 4.0, 9.0]), [-0.2, -2.0, -8.0, -10.0], rtol=1e-14)


def test_trls_bnpo_is_a_token_mean_under_a_z_score():
    surrogate = method(dialect="trl", name="bnpo").surrogate()
    np.testing.assert_allclose(surrogate.reduction(jnp.asarray(MASK)), MASK / 19, rtol=1e-14)  # 19 tokens
    found = advantages(surrogate, [[0.0, 1.0]])
    np.testing.assert_allclose(found, [[-0.5 / (0.5**0.5 + 1e-4), 0.5 / (0.5**0.5 + 1e-4)]], rtol=1e-14)


def test_trls_entropy_is_a_token_mean_whatever_the_loss():
    for name in ("grpo", "dr_grpo", "dapo"):
        assert method(dialect="trl", name=name, entropy_coef=0.1).surrogate().entropy.weights == "token_mean"


def test_trls_penalty_is_weighted_by_the_ratio_unless_it_is_told_not_to():
    assert method(dialect="trl", beta=0.1).surrogate().kl.weighted
    assert not method(dialect="trl", beta=0.1, use_bias_correction_kl=False).surrogate().kl.weighted
    assert method(dialect="trl").surrogate().kl is None


@pytest.mark.parametrize(
    ("name", "reduction", "level"),
    [
        ("dapo", 1 / 19, lambda log_ratio: log_ratio),  # 19 tokens
        ("gspo", 1 / (7 * np.maximum(LENGTHS, 1)[..., None]), mean_of_tokens),
        ("vespo", 1 / 19, lambda log_ratio: log_ratio),  # whose own weight is of the whole completion
    ],
)
def test_trls_penalty_is_weighted_by_the_ratio_of_the_importance_sampling_level(name, reduction, level):
    plain, penalized = (method(dialect="trl", name=name, **given).surrogate() for given in ({}, {"beta": 0.3}))
    batch = minibatch(np.zeros(LENGTHS.shape))
    now, before, reference = (
        log_softmax(logits)[ROWS, TOKENS] for logits in (LOGITS, BEHAVIOR_LOGITS, REFERENCE_LOGITS)
    )
    distance, ratio = now - reference, np.exp(level(np.where(MASK, now - before, 0.0)))
    expected = -0.3 * np.sum(MASK * reduction * ratio * (np.exp(-distance) - 1 + distance))
    np.testing.assert_allclose(penalized.objective(batch) - plain.objective(batch), expected, rtol=1e-12)


def test_trls_clip_is_symmetric_unless_epsilon_high_is_set():
    for options, high in (({"epsilon": 0.3}, 0.3), ({"epsilon": 0.3, "epsilon_high": 0.4}, 0.4)):
        gate = method(dialect="trl", **options).surrogate().gate
        assert (gate.clip_low, gate.clip_high) == (0.3, high)


# verl


def test_verls_bound_on_bad_completions_is_on_unless_it_is_moved():
    surrogate = method(dialect="verl", name="grpo").surrogate()
    np.testing.assert_allclose(pushes(surrogate, -1.0, [2.9, 3.1]), [-2.9, 0.0], rtol=1e-14)
    moved = method(dialect="verl", name="grpo", clip_ratio_c=10.0).surrogate()
    np.testing.assert_allclose(pushes(moved, -1.0, [2.9, 3.1, 10.1]), [-2.9, -3.1, 0.0], rtol=1e-14)
    paper = method(name="grpo").surrogate()
    np.testing.assert_allclose(pushes(paper, -1.0, [2.9, 3.1, 10.1]), [-2.9, -3.1, -10.1], rtol=1e-14)


@pytest.mark.parametrize("name", ["dppo_tv", "dppo_kl"])
def test_verls_bound_truncates_the_weight_of_dppo(name):
    # tokens of probability 0.01: a factor of 6 moves them by 0.05, within every radius
    surrogate = method(dialect="verl", name=name).surrogate()
    np.testing.assert_allclose(pushes(surrogate, 1.0, [2.0, 4.0, 6.0]), [2.0, 3.0, 3.0], rtol=1e-14)
    wide = method(dialect="verl", name=name, clip_ratio_c=20.0).surrogate()
    np.testing.assert_allclose(pushes(wide, 1.0, [2.0, 4.0, 6.0]), [2.0, 4.0, 6.0], rtol=1e-14)


def test_verls_sum_norm_divides_by_the_completions_today_and_did_not_before():
    # T = 4, seven completions with tokens: today 1 / (7 · 4) a token, until 2026 it was 1 / 4
    today = method(dialect="verl", name="dr_grpo").surrogate().reduction(jnp.asarray(MASK))
    np.testing.assert_allclose(today, MASK / 28, rtol=1e-14)
    np.testing.assert_allclose(TokenSum(divisor=4.0)(jnp.asarray(MASK)), MASK / 4, rtol=1e-14)
    scaled = method(dialect="verl", name="dr_grpo", loss_scale_factor=10.0).surrogate().reduction(jnp.asarray(MASK))
    np.testing.assert_allclose(scaled, MASK / 70, rtol=1e-14)


def test_verls_cispo_has_a_floor_under_the_weight():
    surrogate = method(dialect="verl", name="cispo").surrogate()
    np.testing.assert_allclose(pushes(surrogate, 1.0, [0.1, 1.0, 9.0]), [0.8, 1.0, 1.2], rtol=1e-14)


@pytest.mark.parametrize("width", [1.0, 10.0])
def test_verls_cispo_can_do_without_the_floor(width):
    # as verl's own example does: clip_ratio_low = 10
    surrogate = method(dialect="verl", name="cispo", clip_ratio_low=width, clip_ratio_high=0.2).surrogate()
    np.testing.assert_allclose(pushes(surrogate, 1.0, [0.01, 1.0, 9.0]), [0.01, 1.0, 1.2], rtol=1e-13)


def test_the_whitening_of_gdpo_counts_tokens_in_verl_and_completions_in_trl():
    scores = []  # one source: z-scores of each group, by the two deviations' floors
    for floor in (1e-6, 1e-4):
        centred = REWARDS - REWARDS.mean(axis=1, keepdims=True)
        scores.append(centred / (REWARDS.std(axis=1, ddof=1, keepdims=True) + floor))
    by_token, by_completion = (np.repeat(scores[0].ravel(), LENGTHS.ravel()), scores[1])
    verl = (scores[0] - by_token.mean()) / np.sqrt(by_token.var(ddof=1) + 1e-8)
    trl = (scores[1] - by_completion.mean()) / (by_completion.std(ddof=1) + 1e-4)
    found = {name: method(dialect=name, name="gdpo").surrogate().advantages(rollout()) for name in ("verl", "trl")}
    np.testing.assert_allclose(found["verl"], verl, rtol=1e-12)
    np.testing.assert_allclose(found["trl"], trl, rtol=1e-12, atol=1e-15)
    assert np.max(np.abs(found["verl"] - found["trl"])) > 0.05


@pytest.mark.parametrize("advantage", [-1.0, 1.0])
@pytest.mark.parametrize("bound", [1.3, 3.0, 10.0])
def test_trls_delta_and_verls_clip_ratio_c_are_one_bound(bound, advantage):
    trl = method(dialect="trl", name="grpo", delta=bound).surrogate()
    verl = method(dialect="verl", name="grpo", clip_ratio_c=bound).surrogate()
    np.testing.assert_array_equal(pushes(trl, advantage), pushes(verl, advantage))
    np.testing.assert_array_equal(pushes(trl, -1.0) == 0, (np.array(RATIOS) < 0.8) | (np.array(RATIOS) > bound))


@pytest.mark.parametrize(
    "table",
    [
        {"dialect": "trl", "delta": 1.1},
        {"dialect": "verl", "clip_ratio_c": 1.1},
        {"dialect": "openrlhf", "dual_clip": 1.1},
        {"dialect": "trl", "epsilon_high": 0.5, "delta": 1.4},
    ],
)
def test_a_bound_on_bad_completions_within_the_band_is_refused(table):
    (sentence,) = refusals(**table).values()
    high = {"trl": "epsilon_high", "verl": "clip_ratio_high", "openrlhf": "eps_clip_high"}[table["dialect"]]
    assert f"is not above 1 + {high} = " in sentence


# torchrl


def test_torchrls_cispo_is_silent_outside_the_band_for_both_signs():
    surrogate = method(dialect="torchrl", name="cispo").surrogate()
    for advantage in (-1.0, 1.0):
        found = pushes(surrogate, advantage, [0.79, 0.81, 1.0, 1.19, 1.21])
        np.testing.assert_allclose(found, advantage * np.array([0.0, 0.81, 1.0, 1.19, 0.0]), rtol=1e-14)
    paper = method(name="cispo").surrogate()
    assert np.all(pushes(paper, 1.0, [0.79, 1.21]) > 0)


def test_torchrl_has_an_entropy_bonus_unless_it_is_told_not_to():
    assert method(dialect="torchrl").surrogate().entropy.coef == 0.01
    assert method(dialect="torchrl", entropy_bonus=False).surrogate().entropy is None


# One group, four floors


@pytest.mark.parametrize(
    ("dialect", "floor"),
    [
        ("openrlhf", lambda spread: spread + 1e-9),
        ("trl", lambda spread: spread + 1e-4),
        ("verl", lambda spread: spread + 1e-6),
        ("torchrl", lambda spread: max(spread, 1e-6)),
    ],
)
@pytest.mark.parametrize("apart", [1.0, 1e-4, 1e-7])
def test_the_floor_under_the_deviation_is_the_trainers(dialect, floor, apart):
    # two rewards, 0 and `apart`: ± apart/2 from their mean, a deviation of apart/√2
    expected = apart / 2 / floor(apart / 2**0.5)
    found = advantages(method(dialect=dialect, name="grpo").surrogate(), [[0.0, apart]])
    np.testing.assert_allclose(found, [[-expected, expected]], rtol=1e-12)


def test_a_tiny_deviation_is_a_whole_advantage_in_one_trainer_and_little_in_another():
    # 5e-5 / (7.07e-5 + floor), 7.07e-5 = 1e-4 / √2
    rewards, found = [[0.0, 1e-4]], {}
    for dialect in sim.DIALECTS.members:
        found[dialect] = advantages(method(dialect=dialect, name="grpo").surrogate(), rewards)[0, 1].item()
    expected = {"openrlhf": 0.7071, "trl": 0.2929, "verl": 0.6972, "torchrl": 0.7071}
    assert found == pytest.approx(expected, abs=5e-5)


def test_openrlhfs_dr_grpo_has_the_tokens_of_a_token_mean():
    surrogate = method(dialect="openrlhf", name="dr_grpo").surrogate()
    np.testing.assert_allclose(advantages(surrogate, [[0.0, 1.0]]), [[-0.5, 0.5]], rtol=1e-14)
    np.testing.assert_allclose(surrogate.reduction(jnp.asarray(MASK)), MASK / 19, rtol=1e-14)


def test_openrlhfs_penalty_is_off_unless_it_is_a_loss():
    assert method(dialect="openrlhf", init_coef=0.5).surrogate().kl is None
    kl = method(dialect="openrlhf", init_coef=0.5, use_loss=True, kl_estimator="k3").surrogate().kl
    assert (kl.coef, kl.estimator) == (0.5, "k3")


# Our own words


@pytest.mark.parametrize("dialect", sim.DIALECTS.members)
def test_a_dialect_understands_our_words_for_the_clip(dialect):
    gate = method(dialect=dialect, clip_low=0.1, clip_high=0.3).surrogate().gate
    assert (gate.clip_low, gate.clip_high) == (0.1, 0.3)


def test_the_schema_knows_both_words():
    schema = scenario_schema()
    for option in ("clip_low", "epsilon", "clip_lo"):
        scenario = tables(method={"dialect": "trl", option: 0.1})
        assert Draft202012Validator(schema).is_valid(scenario) == (option != "clip_lo")


def test_one_thing_in_two_words_is_refused():
    assert refusals(dialect="trl", clip_low=0.1, epsilon=0.2) == {"clip_low": "is epsilon in trl: give one of them"}


def test_a_name_of_a_dialect_alone_is_sent_there():
    assert "it is one of dialect 'trl'" in refusals(name="bnpo")["name"]
