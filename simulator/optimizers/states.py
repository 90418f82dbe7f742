"""What the states of optax's optimizers hold, known without importing optax (a test builds each and looks)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

WITH_MOMENTUM = ("adafactor", "rmsprop", "sgd")  # have a first moment where `momentum` is given
NO_MOMENT = (
    "adadelta", "adagrad", "cocob", "dog", "dowg", "fromage", "madgrad", "noisy_sgd", "optimistic_gradient_descent",
    "polyak_sgd", "rprop", "schedule_free_adamw", "schedule_free_sgd", "sign_sgd",
)  # fmt: skip
# No count of bias corrections, or one that a schedule within the optimizer reads as well.
NO_COUNT = (
    "adadelta", "adagrad", "cocob", "dadapt_adamw", "dog", "dowg", "fromage", "lars", "madgrad", "momo", "momo_adam",
    "noisy_sgd", "optimistic_gradient_descent", "polyak_sgd", "prodigy", "rmsprop", "rprop", "schedule_free_sgd", "sgd",
    "sign_sgd", "simplified_ademamix", "sm3",
)  # fmt: skip


def has_first_moment(name: str, keywords: dict[str, Any]) -> bool:
    """Whether an optimizer remembers a direction in a moment that can be reset and masked."""
    return name not in NO_MOMENT and (name not in WITH_MOMENTUM or keywords.get("momentum") is not None)


def state_problems(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What an `[optimizer]` table wants done to a state that does not hold it: (key, sentence)."""
    name, state = table["name"], table.get("state")
    if state == "reset_first_moment" and not has_first_moment(name, table):
        yield "state", f"{name} has no first moment that could be reset"
    counts = name == "rmsprop" and table.get("bias_correction") is True
    if state == "reset_count" and name in NO_COUNT and not counts:
        yield "state", f"{name} has no count of its own that could be reset"
    remedies = table.get("remedies")
    for index, remedy in enumerate(remedies if isinstance(remedies, list | tuple) else []):
        masks = isinstance(remedy, dict) and remedy.get("kind") == "mask_momentum"
        if masks and (name == "galore" or not has_first_moment(name, table)):
            yield f"remedies[{index}].kind", f"{name} has no first moment that could be masked"
