"""What became of the rewards' scale: told by elasticities that are known."""

import pytest

from tests.analysis.explaining.frames import SURROGATE, told

SCALES = (0.01, 1.0, 100.0)
SGD = {"name": "sgd", "momentum": None, "learning_rate": 0.1, "max_grad_norm": None}


def points(optimizers=("adam",), scales=SCALES, **experiment):
    return [
        {"optimizer": name, "environment.reward_scale": scale, "experiment": experiment}
        for name in optimizers
        for scale in scales
    ]


def first_updates(grad, update, scales=SCALES, start=0, seeds=(0, 1, 2)):
    """The first update of a point a scale: gradient and update are scale to these powers."""
    return [
        {"point": start + number, "seed": seed, "grad/norm": (1 + seed) * scale**grad, "update/norm": scale**update,
         "update/displacement": 1.0}
        for number, scale in enumerate(scales)
        for seed in seeds
    ]  # fmt: skip


def scaled(grad, update, **more):
    return told(
        "scale_of_first_update", first_updates(grad, update), points=points(), **({"surrogate": SURROGATE} | more)
    )


def test_an_optimizer_that_divides_by_the_gradients_size_cancels_the_scale():
    (found,) = scaled(1.0, 0.0)
    assert "the optimizer cancels the rewards' scale" in found.says
    assert "(elasticity 1.00), the first update does not (0.00)" in found.says
    assert found.looked_at["axis"] == "environment.reward_scale"


def test_one_that_does_not_passes_it_on_in_full():
    (found,) = scaled(1.0, 1.0)
    assert "reaches the update in full: the elasticity of the first update is 1.00" in found.says


def test_a_norm_clip_is_named_where_there_is_one():
    (found,) = scaled(1.0, 0.0, optimizer=SGD | {"max_grad_norm": 0.1})
    assert "the norm clip hides the rewards' scale" in found.says


def test_advantages_that_are_divided_lose_the_scale_before_the_optimizer_sees_it():
    divided = SURROGATE | {"advantage": {"kind": "group_zscore"}}
    (found,) = scaled(0.0, 0.0, surrogate=divided)
    assert "does not reach the gradient" in found.says and "optimizer cancels" not in found.says


def test_a_gradient_that_is_blind_for_a_reason_unknown_is_not_explained():
    assert not scaled(0.0, 0.0)


@pytest.mark.parametrize("update", [0.06, 0.5, 0.94, 1.06])
def test_what_is_neither_cancelled_nor_in_proportion_is_not_called_so(update):
    assert not scaled(1.0, update)


def test_seeds_that_disagree_say_nothing():
    rows = first_updates(1.0, 0.0, seeds=(0, 1)) + first_updates(1.0, 0.3, seeds=(2,))
    assert not told("scale_of_first_update", rows, points=points(), surrogate=SURROGATE)


def test_without_an_axis_over_the_scale_there_is_nothing_to_look_at():
    assert not told("scale_of_first_update", first_updates(1.0, 0.0)[:3], surrogate=SURROGATE)


def test_each_optimizer_has_its_own_sentence():
    rows = first_updates(1.0, 0.0) + first_updates(1.0, 1.0, start=3)
    cancels, passes = told(
        "scale_of_first_update", rows, points=points(("adam", "sgd")), surrogate=SURROGATE
    )  # fmt: skip
    assert cancels.says.startswith("With adam: ") and passes.says.startswith("With sgd: ")
    assert len(cancels.variants) == 3


LADDER = (1e-3, 1e-2, 1e-1, 1.0, 1e1)


def with_eps(eps, ladder=LADDER):
    """Adam's first update g / (g + eps) of a gradient that is the scale."""
    return [
        {"point": number, "seed": seed, "grad/norm": scale, "update/norm": scale / (scale + eps)}
        for number, scale in enumerate(ladder)
        for seed in (0, 1)
    ]


def test_eps_is_felt_where_the_gradient_is_as_small():
    adam = {"name": "adam", "eps": 0.01, "b1": 0.9, "b2": 0.999}
    axis = points(scales=LADDER)
    (found,) = told("eps_floor", with_eps(0.01), points=axis, optimizer=adam, surrogate=SURROGATE)
    # the elasticity is eps/(g + eps): one half where g = eps, between 0.0032 (0.76) and 0.032 (0.26)
    assert "at a scale of 0.01 with eps = 0.01" in found.says
    # from 0.001/0.011 to 0.01/0.02 while the scale grows tenfold: log10(5.5)
    assert found.looked_at["elasticity at the smallest scale"] == pytest.approx(0.740363, abs=1e-6)


def test_where_no_scale_reaches_eps_it_is_not_spoken_of():
    adam = {"name": "adam", "eps": 1e-8, "b1": 0.9, "b2": 0.999}
    assert not told("eps_floor", with_eps(1e-8), points=points(scales=LADDER), optimizer=adam, surrogate=SURROGATE)


def test_a_gradient_that_does_not_grow_with_the_scale_is_not_what_eps_meets():
    rows = [row | {"grad/norm": row["update/norm"]} for row in with_eps(0.01)]  # a floor under a deviation does that
    adam = {"name": "adam", "eps": 0.01, "b1": 0.9, "b2": 0.999}
    assert not told("eps_floor", rows, points=points(scales=LADDER), optimizer=adam, surrogate=SURROGATE)


def test_without_an_eps_a_bend_is_not_its_doing():
    assert not told("eps_floor", with_eps(0.01), points=points(scales=LADDER), optimizer=SGD, surrogate=SURROGATE)


def test_an_elasticity_that_changes_is_not_told_by_one_number():
    rows = with_eps(0.01)
    assert not told("scale_of_first_update", rows, points=points(scales=LADDER), surrogate=SURROGATE)


def remembered(power, without=0.0, coefs=(0.0, 0.1)):
    """Two KL coefficients over three scales: the first update is blind, the way is scale to a power."""
    axis = [
        {"method.kl.coef": coef, "environment.reward_scale": scale,
         "experiment": {"surrogate": SURROGATE | {"kl": {"coef": coef, "estimator": "k3"}}}}
        for coef in coefs
        for scale in SCALES
    ]  # fmt: skip
    rows = [
        {"point": number, "seed": seed, "grad/norm": point["environment.reward_scale"], "update/norm": 1.0,
         "update/displacement": point["environment.reward_scale"] ** (power if point["method.kl.coef"] else without)}
        for number, point in enumerate(axis)
        for seed in (0, 1)
    ]  # fmt: skip
    return told("kl_remembers_scale", rows, points=axis)


def test_a_kl_term_remembers_the_scale():
    (found,) = remembered(0.4)
    assert found.says.startswith("With coef = 0.1: the KL term makes the rewards' scale matter here")
    assert "0.40 with a coefficient of 0.1" in found.says
    assert found.looked_at["elasticity of update/displacement"] == pytest.approx(0.4)


def test_an_elasticity_below_a_twentieth_is_none():
    assert remembered(0.051) and not remembered(0.049)


def test_where_the_scale_matters_without_a_kl_term_it_is_not_the_cause():
    assert not remembered(0.4, without=0.4)


def test_without_a_run_without_a_kl_term_it_is_not_told():
    assert not remembered(0.4, coefs=(0.1, 0.2))
