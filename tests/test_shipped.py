"""Every shipped scenario runs in a shrunk size, and its claims hold there too."""

import tomllib

import pytest

import analysis
from docs.generate import checked
from simulator.runs import run
from simulator.scenario.shipped import shipped_scenarios


def only(scenario: str, part: str, *names: str) -> list[dict]:
    """Some of a scenario's variants of a part, by label or name: each left out saves compiles."""
    variants = tomllib.loads(shipped_scenarios()[scenario].read_text())[part]
    return [variant for variant in variants if variant.get("label", variant.get("name")) in names]


SHRUNK = {
    "momentum_overshoot": {"training.seeds": 2},
    "braking_distance": {
        "optimizer": only("braking_distance", "optimizer", "sgd", "sgd, Nesterov 0.9", "rmsprop, momentum 0.9", "muon")
    },
    "clip_never_active": {
        "training.seeds": 6,
        "method": only("clip_never_active", "method", "gspo"),
        "training": only("clip_never_active", "training", "1 update", "2 updates"),
    },
    "coupling_limit": {},
    "epsilon_floor": {},
    "gradient_norm_clip": {"training.seeds": 4},
    "kl_breaks_invariance": {"training.seeds": 4},
    "optimizer_zoo": {
        "training.seeds": 32,
        "optimizer": only("optimizer_zoo", "optimizer", "adamw", "sign_sgd", "sgd, momentum 0.9", "lion"),
    },
    "remedies": {
        "training.seeds": 8,
        "optimizer": only("remedies", "optimizer", "nothing", "half the rate", "brake", "skip when clipped"),
    },
    "residual_update": {},
    "stability_map": {
        "optimizer.learning_rate": {"values": [0.01, 3.0]},
        "optimizer.b1": {"values": [0.0, 0.95]},
        "training.epochs": {"values": [1, 16]},
    },
    "state_reset": {},
    "reward_scale": {"training.seeds": 3},
    "prefix_bias": {"training.seeds": 6, "training.num_rollouts": 20},
    "magnitude_blindness": {},
    "expected_prefix_bias": {"training.seeds": 32},
    "length_bias": {
        "training.seeds": 64,
        "method": only("length_bias", "method", "grpo", "dapo", "dr_grpo", "1/length, re-centred"),
    },
    "loss_is_no_progress": {"training.seeds": 4},
    "multitask_scale": {
        "training.seeds": 24,
        "optimizer": only("multitask_scale", "optimizer", "adam", "sgd"),
        "method": only("multitask_scale", "method", "group deviation", "each source by itself", "no deviation"),
    },
    "one_name_five_programs": {
        "training.seeds": 32,
        "method": only("one_name_five_programs", "method", "grpo", "trl", "verl", "torchrl"),
    },
    "reward_jump": {},
    "shared_parameters": {
        "training.seeds": 32,
        "policy": only("shared_parameters", "policy", "table", "transformer"),
        "optimizer": only("shared_parameters", "optimizer", "adam", "adam, eps = 1e-14"),
    },
    "which_gates_coast": {"method": only("which_gates_coast", "method", "grpo", "abc_grpo", "gppo", "dro")},
}

QUICK = ("magnitude_blindness", "reward_jump")  # `make test` runs these, `make long` all others


def of(*names: str) -> list:
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.long) for name in names]


@pytest.fixture(scope="module")
def shipped_run(request, tmp_path_factory):
    return analysis.complete(run(request.param, SHRUNK[request.param], out=tmp_path_factory.mktemp(request.param)))


def test_every_shipped_scenario_is_tried():
    assert set(SHRUNK) == set(shipped_scenarios())


@pytest.mark.parametrize("shipped_run", of(*SHRUNK), indirect=True)
def test_its_claims_are_put_to_cases_and_hold(shipped_run):
    """With so few seeds some intervals are wide; what was measured must be what is claimed all the same."""
    assert shipped_run.verdicts, "a shipped scenario without a claim says nothing"
    assert [claim["says"] for claim in shipped_run.verdicts if claim["verdict"] == "fails" or claim["refused"]] == []
    unsure = [claim for claim in shipped_run.verdicts if claim["verdict"] == "cannot tell"]
    assert [claim["says"] for claim in unsure if claim["largest_deviation"] > claim["tolerance"]] == []


def test_in_full_size_every_claim_of_every_shipped_scenario_was_checked():
    found = checked()  # by `make check`
    asked = {name: tomllib.loads(path.read_text())["claim"] for name, path in shipped_scenarios().items()}
    assert {name: [claim["says"] for claim in claims] for name, claims in found.items()} == {
        name: [claim["says"] for claim in claims] for name, claims in asked.items()
    }
    assert [claim["says"] for claims in found.values() for claim in claims if claim["verdict"] != "holds"] == []


@pytest.mark.parametrize("shipped_run", of("magnitude_blindness"), indirect=True)
def test_the_blog_posts_advantages_come_out_of_a_run(shipped_run):
    first = shipped_run.ratios.query("update == 1")
    winners = first[first["advantage"] > 0].groupby(["label", "prompt"])["advantage"].first()
    # σ of −1, −1, −1, 0, 1, 1, 1 is √(6/7) = 0.9258 with ddof 0 (1/σ = 1.0801), and 1 with ddof 1
    assert winners["deviation, ddof 0"].tolist() == pytest.approx([1.0801, 1.0801], abs=5e-5)
    assert winners["deviation, ddof 1"].tolist() == pytest.approx([1.0, 1.0])
    assert winners["no deviation"].tolist() == [1.0, 5.0]


@pytest.mark.parametrize("shipped_run", of("expected_prefix_bias"), indirect=True)
def test_the_worked_example_comes_out_of_the_shipped_file(shipped_run):
    found = shipped_run.summary.set_index("label")["prefix/expected_bias"]
    # the mean gradient of the first token is (0.00253125, −0.00253125), the true one 0
    assert found["1/length, trap"] == pytest.approx(2**0.5 * 0.00253125, rel=1e-10)
    assert found["dr_grpo, trap"] == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("shipped_run", of("reward_jump"), indirect=True)
def test_the_peaks_after_a_jump_come_out_of_the_shipped_file(shipped_run):
    after = shipped_run.updates.query("rollout >= 5000").groupby("label")["update/norm"].max()
    before = shipped_run.updates.query("rollout == 4999").groupby("label")["update/norm"].first()
    peaks = (after / before).to_dict()
    assert peaks["adam, b2 = 0.999"] == pytest.approx(3.73, abs=0.01)
    assert peaks["adam, b2 = 0.95"] == pytest.approx(1.12, abs=0.005)


@pytest.mark.parametrize("shipped_run", of("momentum_overshoot"), indirect=True)
def test_the_four_arm_numbers_come_out_of_the_shipped_file(shipped_run):
    fixed = shipped_run.summary[shipped_run.summary["rollouts"] == "each arm twice"]
    ends = fixed.assign(b1=fixed["optimizer.b1"].fillna(-1.0)).set_index(["optimizer", "b1"])["ratio/max"]
    assert ends["adamw", 0.9] == pytest.approx(1.8178, abs=5e-5)
    assert ends["adamw", 0.0] == pytest.approx(1.6151, abs=5e-5)
    assert ends["sgd", -1.0] == pytest.approx(1.6160, abs=5e-5)
    assert ends["lion", -1.0] == pytest.approx(2.4911, abs=5e-5)
