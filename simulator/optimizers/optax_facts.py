"""What is known of optax's optimizers beyond their signatures: one record an optimizer, in one table.

Validation asks it without importing optax; tests build each optimizer and look. A new optimizer of optax works without
a record: it has no known twin then, and is taken to have a first moment and a count. Closed forms are functions of
numbers, and live in analysis/theory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Facts:
    """One optimizer.

    `twin` are the numbers that take its first moment away (None for a number takes the keyword away): with them it
    answers a gradient of zero with no update at all, and is otherwise what it is (fromage alone shrinks its parameters
    then). An empty `twin` is an optimizer that is its own: what it keeps scales an update and never makes one. None is
    an optimizer whose twin is not known.
    `moment` says whether its state has a first moment that can be reset and masked: True, False, or where `momentum`
    is given. `count` says whether it counts its bias corrections in a count of its own; one that a schedule within the
    optimizer reads as well is not. `linear` says that its answer to a gradient of zero is proportional to its first
    moment, which can then be divided among rollouts. `not_driven` is why it cannot drive a simulated policy, in words.
    """

    twin: dict[str, float | None] | None = None
    moment: bool | Literal["momentum"] = True
    count: bool = True
    linear: bool = False
    not_driven: str = ""


OPTAX: dict[str, Facts] = {
    "acprop": Facts(twin={}),
    "adabelief": Facts(twin={"b1": 0.0}),
    "adadelta": Facts(twin={}, moment=False, count=False),
    "adafactor": Facts(twin={"momentum": None}, moment="momentum"),
    "adagrad": Facts(twin={}, moment=False, count=False),
    "adam": Facts(twin={"b1": 0.0}, linear=True),
    "adamax": Facts(twin={"b1": 0.0}, linear=True),
    "adamaxw": Facts(twin={"b1": 0.0}, linear=True),
    "adamw": Facts(twin={"b1": 0.0}, linear=True),
    "adan": Facts(),
    "ademamix": Facts(twin={"b1": 0.0, "alpha": 0.0}),
    "adopt": Facts(twin={"b1": 0.0}),
    "amsgrad": Facts(twin={"b1": 0.0}, linear=True),
    "cocob": Facts(moment=False, count=False),
    "dadapt_adamw": Facts(count=False),
    "dog": Facts(twin={}, moment=False, count=False),
    "dowg": Facts(twin={}, moment=False, count=False),
    "dpsgd": Facts(not_driven="it needs one gradient an example"),
    "fromage": Facts(twin={}, moment=False, count=False),
    "galore": Facts(),
    "lamb": Facts(twin={"b1": 0.0}),
    "lars": Facts(twin={"momentum": 0.0}, count=False),
    "lbfgs": Facts(not_driven="its line search evaluates the objective at points of its own choice"),
    "lion": Facts(twin={"b1": 0.0}),
    "madgrad": Facts(moment=False, count=False),
    "momo": Facts(twin={"beta": 0.0}, count=False),
    "momo_adam": Facts(twin={"b1": 0.0}, count=False),
    "muon": Facts(twin={"beta": 0.0, "adam_b1": 0.0}),
    "nadam": Facts(twin={"b1": 0.0}, linear=True),
    "nadamw": Facts(twin={"b1": 0.0}, linear=True),
    "noisy_sgd": Facts(moment=False, count=False),
    "novograd": Facts(twin={"b1": 0.0}),
    "optimistic_adam": Facts(),
    "optimistic_adam_v2": Facts(twin={"beta": 0.0, "b1": 0.0}),
    "optimistic_gradient_descent": Facts(twin={"beta": 0.0}, moment=False, count=False),
    "polyak_sgd": Facts(twin={}, moment=False, count=False),
    "prodigy": Facts(count=False),
    "radam": Facts(twin={"b1": 0.0}, linear=True),
    "rmsprop": Facts(twin={"momentum": None}, moment="momentum", count=False, linear=True),
    "rprop": Facts(moment=False, count=False),
    "schedule_free_adamw": Facts(moment=False),
    "schedule_free_sgd": Facts(moment=False, count=False),
    "sgd": Facts(twin={"momentum": None}, moment="momentum", count=False, linear=True),
    "sign_sgd": Facts(twin={}, moment=False, count=False),
    "signum": Facts(twin={"beta": 0.0}),
    "simplified_ademamix": Facts(twin={"b1": 0.0}, count=False),
    "sm3": Facts(twin={"momentum": 0.0}, count=False),
    "sophia": Facts(not_driven="it needs an objective function for its Hessian estimate"),
    "yogi": Facts(twin={"b1": 0.0}, linear=True),
}


def facts_of(name: str) -> Facts:
    """Return what is known of an optimizer; the defaults for one that has no record."""
    return OPTAX.get(name, Facts())


def without_memory(name: str, numbers: dict[str, Any]) -> dict[str, Any] | None:
    """Return an optimizer's numbers with its first moment off: its memoryless twin. None where no twin is known."""
    twin = facts_of(name).twin
    return None if twin is None else {key: value for key, value in (numbers | twin).items() if value is not None}


def has_first_moment(name: str, keywords: dict[str, Any]) -> bool:
    """Return whether an optimizer remembers a direction in a moment that can be reset and masked."""
    moment = facts_of(name).moment
    return keywords.get("momentum") is not None if moment == "momentum" else moment


def state_problems(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What an `[optimizer]` table wants done to a state that does not hold it: (key, sentence)."""
    name, state = table["name"], table.get("state")
    if state == "reset_first_moment" and not has_first_moment(name, table):
        yield "state", f"{name} has no first moment that could be reset"
    counts = name == "rmsprop" and table.get("bias_correction") is True
    if state == "reset_count" and not facts_of(name).count and not counts:
        yield "state", f"{name} has no count of its own that could be reset"
    remedies = table.get("remedies")
    for index, remedy in enumerate(remedies if isinstance(remedies, list | tuple) else []):
        masks = isinstance(remedy, dict) and remedy.get("kind") == "mask_momentum"
        if masks and (name == "galore" or not has_first_moment(name, table)):
            yield f"remedies[{index}].kind", f"{name} has no first moment that could be masked"
