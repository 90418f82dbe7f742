"""Memoryless twins: the same optimizer with its first moment off.

A twin answers a gradient of zero with no update at all (a test says so for every pair; fromage alone shrinks its
parameters then), and is otherwise what its optimizer is: Adam with b1 = 0, SGD without momentum, Lion as the sign of
the gradient, Muon with beta = 0.
"""

from __future__ import annotations

from typing import Any

# The numbers that take an optimizer's memory away; None takes the keyword away. Those with nothing to change are their
# own twins: what they keep (second moments, sums, step sizes) scales an update and never makes one.
TWINS: dict[str, dict[str, float | None]] = {
    **dict.fromkeys(
        ("adabelief", "adam", "adamax", "adamaxw", "adamw", "adopt", "amsgrad", "lamb", "lion", "momo_adam",
         "nadam", "nadamw", "novograd", "radam", "yogi"),
        {"b1": 0.0},
    ),
    "ademamix": {"b1": 0.0, "alpha": 0.0},
    "lars": {"momentum": 0.0},
    "momo": {"beta": 0.0},
    "muon": {"beta": 0.0, "adam_b1": 0.0},
    "optimistic_adam_v2": {"beta": 0.0, "b1": 0.0},
    "optimistic_gradient_descent": {"beta": 0.0},
    "rmsprop": {"momentum": None},
    "sgd": {"momentum": None},
    "signum": {"beta": 0.0},
    "simplified_ademamix": {"b1": 0.0},
    "sm3": {"momentum": 0.0},
    "adafactor": {"momentum": None},
    **dict.fromkeys(("acprop", "adadelta", "adagrad", "dog", "dowg", "fromage", "polyak_sgd", "sign_sgd"), {}),
}  # fmt: skip

# Optimizers whose answer to a gradient of zero is proportional to their first moment: it can be divided.
LINEAR = ("adam", "adamax", "adamaxw", "adamw", "amsgrad", "nadam", "nadamw", "radam", "rmsprop", "sgd", "yogi")


def without_memory(name: str, numbers: dict[str, Any]) -> dict[str, Any] | None:
    """An optimizer's numbers with its first moment off; None where no twin is known."""
    if name not in TWINS:
        return None
    return {key: value for key, value in (numbers | TWINS[name]).items() if value is not None}
