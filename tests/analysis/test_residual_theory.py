"""The tables over all of optax: every closed form of a residual and of an elasticity against the optimizer itself."""

import functools
import inspect
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest

from analysis.theory.optimizers import FORMS, elasticity, formula, residual
from analysis.theory.silence import corrected, heavy_ball

pytestmark = pytest.mark.filterwarnings("ignore:`optimistic_adam` is deprecated:DeprecationWarning")

SILENT = 12
COUNTS = (1, 4, 16, 400)
PARAMS = np.random.default_rng(0).normal(size=(8, 16))
SIGNS = np.random.default_rng(1).choice([-1.0, 1.0], size=(8, 16))
STILL = {"learning_rate": 1e-12}  # at which the parameters' norm stays as it is

# What the table needs beside optax's defaults, and the settings of each optimizer beside those: keywords.
REQUIRED = {
    "schedule_free_adamw": {"learning_rate": 1.0},
    "madgrad": {"learning_rate": 1.0},
    "lamb": STILL,
    "fromage": STILL,
    "muon": {"eps": 1e-15},
}
SETTINGS = {
    "acprop": [{"b1": 0.5, "b2": 0.9}],
    "adabelief": [
        {"b1": 0.5, "b2": 0.9, "eps": 1e-3, "eps_root": 1e-3},
        {"b1": 0.9, "b2": 0.81, "eps": 1e-2},  # b2 = b1², where a sum of powers becomes a multiple
        {"b1": 0.6, "nesterov": True},
        {"b1": 0.0, "eps_root": 0.1},
    ],
    "adadelta": [{"rho": 0.5}],
    "adafactor": [
        {"eps": 0.01, "multiply_by_parameter_scale": False},
        {"momentum": 0.8, "dtype_momentum": jnp.float64},
    ],
    "adagrad": [{"initial_accumulator_value": 0.0, "eps": 0.1}],
    "adam": [{"b1": 0.95, "b2": 0.9, "eps": 1e-2, "eps_root": 1e-4}, {"b2": 0.9, "eps": 0.1, "nesterov": True}],
    "adamax": [{"b1": 0.8, "b2": 0.7, "eps": 0.3}],
    "adamaxw": [{"b1": 0.5, "b2": 0.9, "eps": 0.01}],
    "adamw": [{"b1": 0.5, "b2": 0.95, "eps": 1e-3}],
    "adan": [{"b1": 0.6, "b2": 0.3, "b3": 0.8, "eps": 1e-2, "eps_root": 1e-3}],
    "ademamix": [{"b1": 0.5, "b2": 0.9, "b3": 0.99, "alpha": 2.0, "eps": 1e-2, "eps_root": 1e-2}],
    "adopt": [{"b1": 0.7, "nesterov": True}, {"b1": 0.5, "eps": 3.0, "use_clipping": False}],
    "amsgrad": [{"b1": 0.7, "b2": 0.5, "eps": 0.1, "bias_correction_mu": False, "bias_correction_nu": False}],
    "cocob": [{"alpha": 10.0}],
    "dadapt_adamw": [{"betas": (0.7, 0.8), "eps": 1e-2}],
    "dog": [{"eps": 1.0}],
    "dowg": [{"eps": 1.0}],
    "fromage": [{"min_norm": 1e-3}],
    "lamb": [{"b1": 0.5, "eps": 0.1}],
    "lars": [{"momentum": 0.5}, {"momentum": 0.5, "nesterov": True, **STILL}],
    "lion": [{"b1": 0.3, "b2": 0.6}, {"b2": 0.0}, {"b1": 0.0}],
    "madgrad": [{"momentum": 0.5, "eps": 1e-2}],
    "muon": [{"beta": 0.7, "nesterov": False}, {"adaptive": True}],
    "nadam": [{"b1": 0.6, "b2": 0.8, "eps": 1e-2, "eps_root": 1e-3}],
    "nadamw": [{"b1": 0.6, "b2": 0.8}],
    "novograd": [{"b1": 0.5, "eps": 0.1, "eps_root": 0.1}],
    "optimistic_adam": [{"optimism": 0.05, "b1": 0.6, "b2": 0.8}],
    "optimistic_adam_v2": [{"alpha": 0.3, "beta": 2.0, "b1": 0.6, "b2": 0.8, "eps": 0.1, "nesterov": False}],
    "optimistic_gradient_descent": [{"alpha": 0.5, "beta": 2.0}],
    "polyak_sgd": [{"max_learning_rate": 0.5}],
    "radam": [{"b1": 0.6, "b2": 0.9, "eps": 1e-2, "nesterov": True}, {"threshold": 8.0, "eps_root": 1e-2}],
    "rmsprop": [
        {"decay": 0.5, "eps": 1e-2, "initial_scale": 0.5},
        {"eps": 1e-2, "eps_in_sqrt": False, "bias_correction": True, "initial_scale": 0.5},
        {"momentum": 0.8},
        {"momentum": 0.8, "nesterov": True, "bias_correction": True},
    ],
    "rprop": [{"eta_plus": 1.5, "max_step_size": 0.02}],
    "schedule_free_adamw": [{"b1": 0.6, "eps": 0.1}],
    "schedule_free_sgd": [{"b1": 0.5, "weight_lr_power": 1.0}],
    "sgd": [{"momentum": 0.8}, {"momentum": 0.8, "nesterov": True}],
    "sign_sgd": [{}],
    "signum": [{"beta": 0.5}],
    "simplified_ademamix": [{"b1": 0.8, "b2": 0.7, "alpha": 3.0, "eps": 1e-2, "eps_root": 1e-3}],
    "sm3": [{"momentum": 0.5}],
}
CASES = [(name, index) for name in sorted(SETTINGS) for index in range(len(SETTINGS[name]) + 1)]


NOT_KNOWN = [("rmsprop", 3), ("rmsprop", 4)]  # momentum over terms of different sizes


def factory(name):
    return getattr(optax, name, None) or getattr(optax.contrib, name)


def case(name, index):
    """All keywords of one setting, the defaults' included, and the size of the gradient."""
    parameters = inspect.signature(factory(name)).parameters
    defaults = {key: 0.01 if word.default is word.empty else word.default for key, word in parameters.items()}
    decays = {key: 0.0 for key in defaults if key in ("weight_decay", "adam_weight_decay")}
    others = {} if index == 0 else SETTINGS[name][index - 1]
    return {**defaults, **decays, **REQUIRED.get(name, {}), **others}, 0.2 if index else 1.0


@functools.partial(jax.jit, static_argnums=(0, 1))
def drive(name, structure, numbers, gradient, active):
    """‖u_t‖ of every update; the numbers are traced, so that settings share a program."""
    optimizer = optax.with_extra_args_support(factory(name)(**dict(structure), **numbers))

    def update(carry, is_active):
        params, state = carry
        updates, state = optimizer.update(is_active * gradient * SIGNS, state, params, value=1.0)
        return (optax.apply_updates(params, updates), state), jnp.sqrt(jnp.sum(updates**2))

    return jax.lax.scan(update, (jnp.asarray(PARAMS), optimizer.init(jnp.asarray(PARAMS))), active)[1]


def driven(name, keywords, gradient, n):
    numbers = {key: value for key, value in keywords.items() if isinstance(value, float) and "decay" not in key}
    structure = tuple((key, value) for key, value in keywords.items() if key not in numbers)
    active = (np.arange(max(COUNTS) + SILENT) < n).astype(float)
    return np.asarray(drive(name, structure, numbers, gradient, active))


def braking_distance(name, keywords, n, updates, gradient=1.0):
    """How far an optimizer travels in so many updates without a gradient, in units of its last update with one."""
    return residual(name, keywords, n, np.arange(1, updates + 1), gradient).sum()


def test_every_closed_form_is_tested():
    assert set(SETTINGS) == set(FORMS)


@pytest.mark.parametrize(("name", "index"), CASES)
def test_the_residual_is_what_optax_does(name, index):
    keywords, gradient = case(name, index)
    for n in COUNTS:
        size = driven(name, keywords, gradient, n)
        with np.errstate(divide="ignore", invalid="ignore"):
            measured = size[n : n + SILENT] / size[n - 1]
        found = residual(name, keywords, n, np.arange(1, SILENT + 1), gradient)
        np.testing.assert_allclose(found, measured, rtol=1e-10, atol=1e-12)
        distance = braking_distance(name, keywords, n, SILENT, gradient)
        np.testing.assert_allclose(distance, measured.sum(), rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize(("name", "index"), [pair for pair in CASES if FORMS[pair[0]].slope])
def test_the_elasticity_is_what_optax_does(name, index):
    keywords, gradient = case(name, index)
    counts = np.array(COUNTS)
    found = elasticity(name, keywords, gradient, counts)
    assert found is not None or (name, index) in NOT_KNOWN
    if found is not None:
        step = 3e-3  # the five-point rule: its error is of the fourth power
        with np.errstate(divide="ignore"):
            two_down, down, up, two_up = (
                np.log(driven(name, keywords, gradient * math.exp(step * by), max(COUNTS))) for by in (-2, -1, 1, 2)
            )
        with np.errstate(invalid="ignore"):
            measured = (two_down - 8 * down + 8 * up - two_up)[counts - 1] / (12 * step)
        np.testing.assert_allclose(found, measured, atol=1e-10)


def test_without_a_closed_form_there_is_no_prediction():
    """Noise, step sizes from the distance walked or from the loss, a start that is no zero, a projection."""
    for name in ("noisy_sgd", "prodigy", "momo", "momo_adam", "galore", "yogi", "lbfgs", "no_optimizer"):
        assert residual(name, {}, 4, 1) is None
        assert formula(name) is None
        assert elasticity(name, {}, 1.0, 4) is None
    warmed_up = {"b1": 0.9, "warmup_steps": 10}
    assert residual("schedule_free_sgd", warmed_up, 4, 1) is None
    unequal_terms = {
        "momentum": 0.9,
        "nesterov": True,
        "bias_correction": False,
        "initial_scale": 0.0,
        "centered": False,
    }
    assert residual("rmsprop", unequal_terms, 4, 1) is None
    assert all(formula(name) for name in FORMS)


def test_the_residual_is_there_for_many_n_and_j_at_once():
    keywords, _ = case("adam", 0)
    found = residual("adam", keywords, np.array([[1], [4]]), np.array([1, 2, 3]))
    assert found.shape == (2, 3)
    np.testing.assert_array_equal(found[1], residual("adam", keywords, 4, np.array([1, 2, 3])))


@pytest.mark.parametrize(
    ("name", "others", "first", "distance"),
    [
        # momentum 0.9: 0.9 and 0.9/0.1; Nesterov 0.9² and 0.81/0.1
        ("sgd", {"momentum": 0.9}, 0.9, 9.0),
        ("sgd", {"momentum": 0.9, "nesterov": True}, 0.81, 8.1),
        ("sgd", {}, 0.0, 0.0),
        ("sign_sgd", {}, 0.0, 0.0),
        ("amsgrad", {}, 0.9, 9.0),
        ("rmsprop", {"momentum": 0.9}, 0.9, 9.0),
        ("novograd", {}, 0.9, 9.0),
        ("adopt", {}, 0.9, 9.0),
        # ρ = 0.9/√0.999 = 0.90045 and ρ/(1 − ρ); NAdam 0.9 of both
        ("adam", {}, 0.90045, 9.045),
        ("nadam", {}, 0.81041, 8.141),
        # 0.9/0.999 = 0.9009009 and 0.9009009/0.0990991
        ("adamax", {}, 0.90090, 9.0909),
        ("lion", {}, 1.0, 1000.0),
        ("signum", {}, 1.0, 1000.0),
        ("muon", {}, 1.0, 1000.0),
    ],
)
def test_the_residual_after_a_long_run_has_the_known_values(name, others, first, distance):
    keywords = {**case(name, 0)[0], **others}
    assert residual(name, keywords, 10**6, 1) == pytest.approx(first, abs=6e-6)
    assert braking_distance(name, keywords, 10**6, 1000) == pytest.approx(distance, rel=1e-4)


def test_muon_with_its_own_eps_stops_as_little():
    keywords = {**case("muon", 0)[0], "eps": 1e-8}
    size = driven("muon", keywords, 1.0, 16)
    np.testing.assert_allclose(size[16 : 16 + SILENT] / size[15], 1.0, rtol=1e-7)


def test_schedule_free_coasts_for_as_many_updates_as_it_has_made():
    """0.9/1.1 · n (n − 1)/((n + j)(n + j − 1)): after 400 updates still a quarter of 0.818 at j = 400."""
    keywords, _ = case("schedule_free_sgd", 0)
    assert residual("schedule_free_sgd", keywords, 400, 1) == pytest.approx(0.9 / 1.1 * 399 / 401, rel=1e-12)
    assert residual("schedule_free_sgd", keywords, 400, 400) == pytest.approx(0.9 / 1.1 / 4, rel=5e-3)
    # the sum telescopes: (n − 1) J / (n + J)
    assert braking_distance("schedule_free_sgd", keywords, 400, 800) == pytest.approx(0.9 / 1.1 * 399 * 800 / 1200)
    assert residual("schedule_free_sgd", keywords, 1, 5) == 0.0


def test_optimism_goes_back():
    """The sizes do not tell the sign: optimistic gradient descent takes back as much as it went, once."""
    optimizer = optax.optimistic_gradient_descent(1.0)
    state, updates = optimizer.init(np.zeros(())), []
    for gradient in (1.0, 1.0, 0.0, 0.0):
        update, state = optimizer.update(np.asarray(gradient), state)
        updates.append(float(update))
    assert updates == [-1.0, -1.0, 1.0, 0.0]


def test_adabelief_brakes_harder_than_adam_and_ademamix_hardly():
    """From 400 constant gradients, 20 silent updates: in units of the last update with a gradient."""
    distance = {name: braking_distance(name, case(name, 0)[0], 400, 20) for name in ("adabelief", "adam", "ademamix")}
    assert distance["adabelief"] < distance["adam"] < distance["ademamix"]


def test_an_average_is_one_as_long_as_the_gradient_is():
    np.testing.assert_allclose(corrected([1, 7, 400], 0, 0.9), 1.0, rtol=1e-15)
    np.testing.assert_allclose(heavy_ball([1, 2, 3], 0, 0.5), [1.0, 1.5, 1.75])
