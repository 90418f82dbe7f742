"""Every optimizer that torch.optim has too, on the same gradients: where the two agree, and by which setting."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest

import simulator as sim

torch = pytest.importorskip("torch", minversion="2.9")

STEPS, SHAPE, RATE = 40, (5, 4), 0.01
RANDOM = np.random.default_rng(0)
START = RANDOM.normal(size=SHAPE)
# Entries from 1e-8, where every eps shows, to 10; bursts, where a running maximum shows; and steps without a gradient.
GRADIENTS = RANDOM.normal(size=(STEPS, *SHAPE)) * 10.0 ** np.linspace(-8, 1, 20).reshape(SHAPE)
GRADIENTS *= 10.0 ** RANDOM.uniform(-1, 1, size=(STEPS, 1, 1))
GRADIENTS[[5, 20, 21]] = 0.0

FALLING = {"schedule": "exponential_decay", "init_value": RATE, "transition_steps": 1, "decay_rate": 0.9}
FALLEN = [RATE * 0.9**step for step in range(STEPS)]


@pytest.fixture(autouse=True)
def double():
    """Double precision for what torch creates itself, such as NAdam's product of momenta."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@contextlib.contextmanager
def in_double() -> Iterator[None]:
    """What torch computes in bfloat16, whichever way a release says it, in double."""
    with (
        mock.patch.object(torch.Tensor, "bfloat16", torch.Tensor.clone),
        mock.patch.object(torch, "bfloat16", torch.float64),
    ):
        yield


@dataclass(frozen=True)
class Torch:
    """An optimizer of torch.optim; `rates` replaces its learning rate before each step."""

    name: str
    keywords: dict[str, Any]
    max_grad_norm: float | None = None
    rates: list[float] | None = None
    bfloat16: bool = False

    def moves(self, gradients: np.ndarray = GRADIENTS) -> np.ndarray:
        """Parameters after each step. Muon's matrix products are done in double unless `bfloat16`."""
        param = torch.nn.Parameter(torch.tensor(START))
        optimizer, visited = getattr(torch.optim, self.name)([param], **self.keywords), []
        with contextlib.nullcontext() if self.bfloat16 else in_double():
            for step, gradient in enumerate(gradients):
                param.grad = torch.tensor(gradient)
                if self.max_grad_norm is not None:
                    torch.nn.utils.clip_grad_norm_([param], self.max_grad_norm)
                if self.rates is not None:
                    optimizer.param_groups[0]["lr"] = self.rates[step]
                optimizer.step()
                visited.append(param.detach().numpy().copy())
        return np.array(visited)


def moves(optimizer: Any, gradients: np.ndarray = GRADIENTS) -> np.ndarray:
    """Parameters after each step of an optimizer of ours."""
    chain = optimizer.build()

    def step(carry, gradient):
        params, state = carry
        updates, state = chain.update({"logits": gradient}, state, params)
        params = optax.apply_updates(params, updates)
        return (params, state), params["logits"]

    params = {"logits": jnp.asarray(START)}
    return np.asarray(jax.jit(lambda g: jax.lax.scan(step, (params, chain.init(params)), g)[1])(gradients))


def apart(theirs: Torch, ours: Any, gradients: np.ndarray = GRADIENTS) -> float:
    """The largest difference of any parameter after any step."""
    return np.max(np.abs(theirs.moves(gradients) - moves(ours, gradients)))


# ---- Chains that a scenario file cannot name yet; everything below is plain optax -----------------------------------


def chain(*parts: Any) -> Any:
    return sim.optimizer(optax.chain(*parts))


def stateful(start: Callable, step: Callable) -> optax.GradientTransformation:
    """A transformation of one array: `step(gradient, state) -> (direction, state)` from the state `start(params)`."""

    def update(updates, state, params=None):
        direction, state = step(updates["logits"], state)
        return {"logits": direction}, state

    return optax.GradientTransformation(lambda params: start(params["logits"]), update)


def dampened(dampening: float) -> optax.GradientTransformation:
    """The gradients but for the first times 1 − dampening: before a trace, torch's dampened momentum."""
    return optax.scale_by_schedule(lambda count: jnp.where(count == 0, 1.0, 1.0 - dampening))


def scale_by_torch_rss(eps: float) -> optax.GradientTransformation:
    """Adagrad with eps beside the root of the sum."""

    def step(g, total):
        total = total + g**2
        return g / (jnp.sqrt(total) + eps), total

    return stateful(jnp.zeros_like, step)


def scale_by_torch_amsgrad(b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> optax.GradientTransformation:
    """The maximum is over second moments before their bias correction, and is corrected by today's count."""

    def step(g, state):
        count, mu, nu, largest = state
        count, mu, nu = count + 1, b1 * mu + (1 - b1) * g, b2 * nu + (1 - b2) * g**2
        largest = jnp.maximum(largest, nu)
        direction = mu / (1 - b1**count) / (jnp.sqrt(largest / (1 - b2**count)) + eps)
        return direction, (count, mu, nu, largest)

    return stateful(lambda p: (0, 0 * p, 0 * p, 0 * p), step)


def scale_by_torch_radam(b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> optax.GradientTransformation:
    """eps is added to the root of the second moment before its bias correction: it weighs eps / √(1 − b2ᵗ)."""

    def step(g, state):
        count, mu, nu = state
        count, mu, nu = count + 1, b1 * mu + (1 - b1) * g, b2 * nu + (1 - b2) * g**2
        mu_hat, correction, most = mu / (1 - b1**count), 1 - b2**count, 2 / (1 - b2) - 1
        now = most - 2 * count * b2**count / correction
        rectified = jnp.sqrt((now - 4) * (now - 2) * most / ((most - 4) * (most - 2) * now))
        adapted = mu_hat * rectified * jnp.sqrt(correction) / (jnp.sqrt(nu) + eps)
        return jnp.where(now > 5, adapted, mu_hat), (count, mu, nu)

    return stateful(lambda p: (0, 0 * p, 0 * p), step)


def scale_by_torch_nadam(
    b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, momentum_decay: float = 4e-3
) -> optax.GradientTransformation:
    """Nesterov's step with a momentum that rises to b1: μₜ = b1 · (1 − 0.96^(t · momentum_decay) / 2)."""

    def weight(count):
        return b1 * (1 - 0.5 * 0.96 ** (count * momentum_decay))

    def step(g, state):
        count, product, mu, nu = state
        count, mu, nu = count + 1, b1 * mu + (1 - b1) * g, b2 * nu + (1 - b2) * g**2
        now, following = weight(count), weight(count + 1)
        product = product * now
        ahead = (1 - now) * g / (1 - product) + following * mu / (1 - product * following)
        return ahead / (jnp.sqrt(nu / (1 - b2**count)) + eps), (count, product, mu, nu)

    return stateful(lambda p: (0, 1.0, 0 * p, 0 * p), step)


def scale_by_torch_rprop(learning_rate: float) -> optax.GradientTransformation:
    """optax's rule, but the step that it keeps for the next update is taken in this one."""
    rprop = optax.scale_by_rprop(learning_rate)

    def update(updates, state, params=None):
        _, state = rprop.update(updates, state, params)
        return state.prev_updates, state

    return optax.GradientTransformation(rprop.init, update)


ROWS_OUT = optax.contrib.MuonDimensionNumbers(reduction_axis=1, output_axis=0)


def torch_muon(**keywords: Any) -> Any:
    """Momentum without bias correction: optax.trace is that up to a factor, which the orthogonalisation removes."""
    muon = optax.contrib.muon(RATE, beta=0.0, nesterov=False, eps=1e-30, **keywords)
    return chain(optax.trace(0.95, nesterov=True), muon)


# ---- Where the two agree ------------------------------------------------------------------------------------------


def case(name: str, keywords: dict, ours: Any, what: str = "") -> Any:
    return pytest.param(Torch(name, keywords), ours, id=f"{name} {what}".strip())


BETAS = {"betas": (0.8, 0.95), "eps": 1e-4}
AS_BETAS = {"b1": 0.8, "b2": 0.95, "eps": 1e-4}
OUTSIDE = {"learning_rate": RATE, "decay": 0.99, "eps_in_sqrt": False}

EQUAL = [
    case("SGD", {"lr": RATE}, sim.optimizer("sgd", learning_rate=RATE)),
    case("SGD", {"lr": RATE, "momentum": 0.9}, sim.optimizer("sgd", learning_rate=RATE, momentum=0.9), "momentum"),
    case(
        "SGD",
        {"lr": RATE, "momentum": 0.9, "nesterov": True},
        sim.optimizer("sgd", learning_rate=RATE, momentum=0.9, nesterov=True),
        "nesterov",
    ),
    case("Adam", {"lr": RATE}, sim.optimizer("adam", learning_rate=RATE)),
    case("Adam", {"lr": RATE, **BETAS}, sim.optimizer("adam", learning_rate=RATE, **AS_BETAS), "betas"),
    case(
        "AdamW",
        {"lr": RATE, "weight_decay": 0.0},
        sim.optimizer("adamw", learning_rate=RATE, weight_decay=0.0),
        "without decay",
    ),
    case(
        "AdamW",
        {"lr": RATE, "weight_decay": 0.3, **BETAS},
        sim.optimizer("adamw", learning_rate=RATE, weight_decay=0.3, **AS_BETAS),
        "decay",
    ),
    case("RMSprop", {"lr": RATE}, sim.optimizer("rmsprop", **OUTSIDE)),
    case("RMSprop", {"lr": RATE, "momentum": 0.9}, sim.optimizer("rmsprop", momentum=0.9, **OUTSIDE), "momentum"),
    case("RMSprop", {"lr": RATE, "centered": True}, sim.optimizer("rmsprop", centered=True, **OUTSIDE), "centered"),
    case(
        "RMSprop",
        {"lr": RATE, "centered": True, "momentum": 0.9},
        sim.optimizer("rmsprop", centered=True, momentum=0.9, **OUTSIDE),
        "centered momentum",
    ),
    case(
        "Adagrad",
        {"lr": RATE, "eps": 0.0},
        sim.optimizer("adagrad", learning_rate=RATE, initial_accumulator_value=0.0, eps=0.0),
        "eps 0",
    ),
    case("NAdam", {"lr": RATE, "momentum_decay": 1e6}, sim.optimizer("nadam", learning_rate=RATE), "b1 from the start"),
    case(
        "NAdam",
        {"lr": RATE, "momentum_decay": 1e6, "decoupled_weight_decay": True, "weight_decay": 0.3},
        sim.optimizer("nadamw", learning_rate=RATE, weight_decay=0.3),
        "decoupled decay",
    ),
    case("Adamax", {"lr": RATE}, sim.optimizer("adamax", learning_rate=RATE)),
    case("RAdam", {"lr": RATE, "eps": 0.0}, sim.optimizer("radam", learning_rate=RATE, eps=0.0), "eps 0"),
    case("Adadelta", {"lr": RATE}, sim.optimizer("adadelta", learning_rate=RATE)),
    case(
        "Adadelta",
        {"lr": 1.0, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.3},
        sim.optimizer("adadelta", learning_rate=1.0, rho=0.8, eps=1e-3, weight_decay=0.3),
        "coupled decay",
    ),
    case(
        "Muon",
        {"lr": RATE, "nesterov": False, "weight_decay": 0.3},
        sim.optimizer(
            "muon", learning_rate=RATE, nesterov=False, weight_decay=0.3, eps=1e-30, consistent_rms=SHAPE[1] ** -0.5
        ),
        "heavy-ball momentum",
    ),
    case(
        "Muon",
        {"lr": RATE, "nesterov": False, "weight_decay": 0.0, "adjust_lr_fn": "match_rms_adamw"},
        sim.optimizer("muon", learning_rate=RATE, nesterov=False, eps=1e-30, consistent_rms=0.2),
        "AdamW's size",
    ),
]


@pytest.mark.parametrize(("theirs", "ours"), EQUAL)
def test_the_parameters_move_as_torchs(theirs, ours):
    assert apart(theirs, ours) < 1e-12


# ---- Where they differ: a true sentence, and what makes them agree ------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """`naive` has torch's keywords under optax's names; `equal` agrees within `within`."""

    says: str
    keywords: dict[str, Any]
    naive: Any
    equal: Any
    within: float = 1e-12
    torch: dict[str, Any] = field(default_factory=dict)


DIFFERENCES = {
    "SGD": [
        Difference(
            "torch's weight_decay is added to the gradient; optax.sgd has none",
            {"lr": RATE, "momentum": 0.9, "weight_decay": 0.3},
            sim.optimizer("sgd", learning_rate=RATE, momentum=0.9),
            sim.optimizer("sgd", learning_rate=RATE, momentum=0.9, coupled_weight_decay=0.3),
        ),
        Difference(
            "torch's dampening scales every gradient but the first before it enters the momentum; optax.sgd has none",
            {"lr": RATE, "momentum": 0.9, "dampening": 0.5},
            sim.optimizer("sgd", learning_rate=RATE, momentum=0.9),
            chain(dampened(0.5), optax.sgd(RATE, momentum=0.9)),
        ),
    ],
    "Adam": [
        Difference(
            "torch's weight_decay is added to the gradient and so divided by the second moment; optax.adamw's is not",
            {"lr": RATE, "weight_decay": 0.3},
            sim.optimizer("adamw", learning_rate=RATE, weight_decay=0.3),
            sim.optimizer("adam", learning_rate=RATE, coupled_weight_decay=0.3),
        ),
        Difference(
            "torch's amsgrad keeps the largest second moment before bias correction; optax.amsgrad the largest after",
            {"lr": RATE, "amsgrad": True},
            sim.optimizer("amsgrad", learning_rate=RATE),
            chain(scale_by_torch_amsgrad(), optax.scale_by_learning_rate(RATE)),
        ),
    ],
    "AdamW": [
        Difference(
            "weight_decay is 0.01 where it is not given, and 1e-4 in optax",
            {"lr": RATE},
            sim.optimizer("adamw", learning_rate=RATE),
            sim.optimizer("adamw", learning_rate=RATE, weight_decay=0.01),
        ),
        Difference(
            "torch's AdamW takes amsgrad; optax.adamw does not",
            {"lr": RATE, "amsgrad": True, "weight_decay": 0.3},
            sim.optimizer("adamw", learning_rate=RATE, weight_decay=0.3),
            chain(scale_by_torch_amsgrad(), optax.add_decayed_weights(0.3), optax.scale_by_learning_rate(RATE)),
        ),
    ],
    "RMSprop": [
        Difference(
            "the second moment's decay is 0.99 where it is not given, and 0.9 in optax",
            {"lr": RATE},
            sim.optimizer("rmsprop", learning_rate=RATE, eps_in_sqrt=False),
            sim.optimizer("rmsprop", learning_rate=RATE, eps_in_sqrt=False, decay=0.99),
        ),
        Difference(
            "torch adds eps to the root, optax under the root",
            {"lr": RATE, "alpha": 0.9},
            sim.optimizer("rmsprop", learning_rate=RATE, decay=0.9),
            sim.optimizer("rmsprop", learning_rate=RATE, decay=0.9, eps_in_sqrt=False),
        ),
        Difference(
            "torch's momentum gathers steps before the learning rate, optax's after it: not the same once it changes",
            {"lr": RATE, "momentum": 0.9},
            sim.optimizer("rmsprop", **{**OUTSIDE, "learning_rate": FALLING}, momentum=0.9),
            chain(
                optax.scale_by_rms(decay=0.99, eps_in_sqrt=False),
                optax.trace(0.9),
                optax.scale_by_learning_rate(lambda count: RATE * 0.9**count),
            ),
            torch={"rates": FALLEN},
        ),
        Difference(
            "torch's weight_decay is added to the gradient; optax.rmsprop has none",
            {"lr": RATE, "weight_decay": 0.3},
            sim.optimizer("rmsprop", **OUTSIDE),
            sim.optimizer("rmsprop", **OUTSIDE, coupled_weight_decay=0.3),
        ),
    ],
    "Adagrad": [
        Difference(
            "the sum of squares starts at 0, in optax at 0.1",
            {"lr": RATE, "eps": 0.0},
            sim.optimizer("adagrad", learning_rate=RATE, eps=0.0),
            sim.optimizer("adagrad", learning_rate=RATE, eps=0.0, initial_accumulator_value=0.0),
        ),
        Difference(
            "torch adds eps to the root, optax under the root",
            {"lr": RATE, "eps": 1e-10},
            sim.optimizer("adagrad", learning_rate=RATE, eps=1e-10, initial_accumulator_value=0.0),
            chain(scale_by_torch_rss(eps=1e-10), optax.scale_by_learning_rate(RATE)),
        ),
        Difference(
            "torch's lr_decay divides the learning rate by 1 + lr_decay · steps before; optax has no such schedule",
            {"lr": RATE, "eps": 0.0, "lr_decay": 0.1},
            sim.optimizer("adagrad", learning_rate=RATE, eps=0.0, initial_accumulator_value=0.0),
            chain(
                optax.scale_by_rss(initial_accumulator_value=0.0, eps=0.0),
                optax.scale_by_learning_rate(lambda count: RATE / (1 + 0.1 * count)),
            ),
        ),
        Difference(
            "torch's weight_decay is added to the gradient; optax.adagrad has none",
            {"lr": RATE, "eps": 0.0, "weight_decay": 0.3},
            sim.optimizer("adagrad", learning_rate=RATE, eps=0.0, initial_accumulator_value=0.0),
            sim.optimizer(
                "adagrad", learning_rate=RATE, eps=0.0, initial_accumulator_value=0.0, coupled_weight_decay=0.3
            ),
        ),
    ],
    "NAdam": [
        Difference(
            "torch's momentum rises from b1 / 2 to b1 over thousands of steps; optax.nadam's is b1 from the start",
            {"lr": RATE},
            sim.optimizer("nadam", learning_rate=RATE),
            chain(scale_by_torch_nadam(), optax.scale_by_learning_rate(RATE)),
        ),
        Difference(
            "momentum_decay = 0 keeps torch's momentum at b1 / 2, which no b1 of optax.nadam does",
            {"lr": RATE, "momentum_decay": 0.0},
            sim.optimizer("nadam", learning_rate=RATE),
            chain(scale_by_torch_nadam(momentum_decay=0.0), optax.scale_by_learning_rate(RATE)),
        ),
        Difference(
            "torch's weight_decay is added to the gradient unless decoupled_weight_decay; optax.nadamw's never is",
            {"lr": RATE, "momentum_decay": 1e6, "weight_decay": 0.3},
            sim.optimizer("nadamw", learning_rate=RATE, weight_decay=0.3),
            sim.optimizer("nadam", learning_rate=RATE, coupled_weight_decay=0.3),
        ),
    ],
    "Adamax": [
        Difference(
            "torch's weight_decay is added to the gradient; optax.adamaxw's is not",
            {"lr": RATE, "weight_decay": 0.3},
            sim.optimizer("adamaxw", learning_rate=RATE, weight_decay=0.3),
            sim.optimizer("adamax", learning_rate=RATE, coupled_weight_decay=0.3),
        ),
    ],
    "RAdam": [
        Difference(
            "torch adds eps to the root before its bias correction, optax after",
            {"lr": RATE},
            sim.optimizer("radam", learning_rate=RATE),
            chain(scale_by_torch_radam(), optax.scale_by_learning_rate(RATE)),
        ),
        Difference(
            "torch's weight_decay is added to the gradient unless decoupled_weight_decay; optax.radam has none",
            {"lr": RATE, "eps": 0.0, "weight_decay": 0.3},
            sim.optimizer("radam", learning_rate=RATE, eps=0.0),
            sim.optimizer("radam", learning_rate=RATE, eps=0.0, coupled_weight_decay=0.3),
        ),
    ],
    "Adafactor": [
        Difference(
            "torch factors the second moments of every matrix, optax from 128 rows and columns on",
            {"lr": RATE},
            sim.optimizer("adafactor", learning_rate=RATE),
            sim.optimizer("adafactor", learning_rate=RATE, min_dim_size_to_factor=1),
            within=1e-6,  # optax computes 1 − t^−0.8 in single precision
        ),
        Difference(
            "torch's learning rate is at most 1 / √t; optax's is what is given",
            {"lr": 0.5},
            sim.optimizer("adafactor", learning_rate=0.5, min_dim_size_to_factor=1),
            sim.optimizer(
                optax.adafactor(
                    lambda count: jnp.minimum(0.5, (count + 1) ** -0.5),
                    min_dim_size_to_factor=1,
                    decay_rate=np.array(0.8),  # an array, for double precision
                )
            ),
            within=1e-10,
        ),
        Difference(
            "torch's weight_decay is times the learning rate, optax's weight_decay_rate is not",
            {"lr": RATE, "weight_decay": 0.3},
            sim.optimizer("adafactor", learning_rate=RATE, min_dim_size_to_factor=1, weight_decay_rate=0.3),
            sim.optimizer("adafactor", learning_rate=RATE, min_dim_size_to_factor=1, weight_decay_rate=RATE * 0.3),
            within=1e-6,
        ),
    ],
    "Rprop": [
        Difference(
            "optax takes each step one update later, and not at all where the sign then changes",
            {"lr": RATE},
            sim.optimizer("rprop", learning_rate=RATE),
            chain(scale_by_torch_rprop(RATE), optax.scale(-1.0)),
        ),
    ],
    "Muon": [
        Difference(
            "weight_decay is 0.1 where it is not given, and 0 in optax",
            {"lr": RATE, "nesterov": False},
            sim.optimizer("muon", learning_rate=RATE, nesterov=False, eps=1e-30, consistent_rms=0.5),
            sim.optimizer("muon", learning_rate=RATE, nesterov=False, eps=1e-30, consistent_rms=0.5, weight_decay=0.1),
        ),
        Difference(
            "torch multiplies by √(rows / columns) where that is > 1, optax by √(columns / rows)",
            {"lr": RATE, "nesterov": False, "weight_decay": 0.0},
            sim.optimizer("muon", learning_rate=RATE, nesterov=False, eps=1e-30),
            sim.optimizer("muon", learning_rate=RATE, nesterov=False, eps=1e-30, consistent_rms=SHAPE[1] ** -0.5),
        ),
        Difference(
            "optax corrects the bias of momentum and gradient before Nesterov adds them, torch does not",
            {"lr": RATE, "weight_decay": 0.0},
            sim.optimizer("muon", learning_rate=RATE, eps=1e-30, consistent_rms=SHAPE[1] ** -0.5),
            torch_muon(muon_weight_dimension_numbers={"logits": ROWS_OUT}),
        ),
        Difference(
            "torch orthogonalises in bfloat16, optax in the precision of the parameters",
            {"lr": RATE, "nesterov": False, "weight_decay": 0.0},
            sim.optimizer("muon", learning_rate=RATE, nesterov=False, eps=1e-30, consistent_rms=SHAPE[1] ** -0.5),
            sim.optimizer("muon", learning_rate=RATE, nesterov=False, eps=1e-30, consistent_rms=SHAPE[1] ** -0.5),
            within=0.05 * RATE * STEPS,  # a twentieth of the way; bfloat16 has eight bits
            torch={"bfloat16": True},
        ),
    ],
}
ALL = [
    pytest.param(Torch(name, one.keywords, **one.torch), one, id=f"{name} {number}")
    for name, several in DIFFERENCES.items()
    for number, one in enumerate(several)
]


@pytest.mark.parametrize(("theirs", "difference"), ALL)
def test_the_sentence_is_true_of_keywords_of_the_same_name(theirs, difference):
    assert apart(theirs, difference.naive) > 1e-6, difference.says


@pytest.mark.parametrize(("theirs", "difference"), ALL)
def test_with_the_difference_made_up_for_the_parameters_move_as_torchs(theirs, difference):
    assert apart(theirs, difference.equal) < difference.within, difference.says


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (Torch("Adafactor", {"lr": RATE}), sim.optimizer("adafactor", learning_rate=RATE, min_dim_size_to_factor=1)),
        (
            Torch("Muon", {"lr": RATE, "nesterov": False, "weight_decay": 0.0}),
            sim.optimizer("muon", learning_rate=RATE, nesterov=False, eps=1e-30, consistent_rms=SHAPE[1] ** -0.5),
        ),
    ],
    ids=["Adafactor", "Muon"],
)
def test_torchs_floors_leave_tiny_gradients_small_where_optax_has_none(theirs, ours):
    assert apart(theirs, ours, 1e-12 * GRADIENTS) > 1e-3


# ---- Clipping the gradient's norm ---------------------------------------------------------------------------------

CLIP = 5.0
CLIPPED = Torch("SGD", {"lr": 1.0}, max_grad_norm=CLIP)
AS_CLIPPED = {"max_grad_norm": CLIP, "max_grad_norm_eps": 1e-6}


def test_some_gradients_are_clipped_and_some_are_not():
    norms = np.linalg.norm(GRADIENTS, axis=(1, 2))
    assert np.sum(norms > CLIP) >= 10 and np.sum((norms > 0) & (norms < CLIP)) >= 10


def test_torch_clips_a_millionth_further():
    # torch scales by c / (norm + 1e-6), optax by c / norm: a step of norm c differs by c · 1e-6 / norm at most
    difference = apart(CLIPPED, sim.optimizer("sgd", learning_rate=1.0, max_grad_norm=CLIP))
    assert 1e-6 < difference < 1e-6 * STEPS


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (CLIPPED, sim.optimizer("sgd", learning_rate=1.0, **AS_CLIPPED)),
        (
            Torch("AdamW", {"lr": RATE, "weight_decay": 0.3}, max_grad_norm=CLIP),
            sim.optimizer("adamw", learning_rate=RATE, weight_decay=0.3, **AS_CLIPPED),
        ),
    ],
    ids=["SGD", "AdamW"],
)
def test_with_torchs_millionth_the_clip_is_torchs(theirs, ours):
    assert apart(theirs, ours) < 1e-12


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_coupled_weight_decay_is_added_after_the_clip(weight_decay):
    theirs = Torch("Adam", {"lr": RATE, "weight_decay": weight_decay, "eps": 1e-4}, max_grad_norm=CLIP)
    ours = sim.optimizer("adam", learning_rate=RATE, eps=1e-4, coupled_weight_decay=weight_decay, **AS_CLIPPED)
    assert apart(theirs, ours) < 1e-12
