"""The closed forms that a claim can name: the rows of its cases -> what theory predicts for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..theory.adam_residual import adam_residual, half_life
from ..theory.memoryless_limit import memoryless_limit
from ..theory.scale_elasticity import adam_elasticity
from ..theory.scale_jump import scale_jump

if TYPE_CHECKING:
    import pandas as pd

SIGNS = {"positive": 1, "negative": -1}  # predictions that name no number
CLOSED_FORMS: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {
    "optimizer_residual": lambda case: case["closed_form"].to_numpy(),
    "first_update_after": lambda case: case["closed_form"].to_numpy(),
    "adam_elasticity": lambda case: adam_elasticity(case["eps"], case["gradient"]),
    "adam_residual": lambda case: adam_residual(case["n"], case["j"], case["b1"], case["b2"]),
    "adam_half_life": lambda case: half_life(case["b1"].to_numpy(), case["b2"].to_numpy()),
    "memoryless_limit": lambda case: memoryless_limit(case["probability"], case["clip_low"], case["clip_high"]),
    "group_covariance": lambda case: case["covariance"].to_numpy(),
    "binary_prefix_weight": lambda case: case["binary"].to_numpy(),
    "expected_prefix_bias": lambda case: case["closed_form"].to_numpy(),
    "length_covariance": lambda case: case["covariance"].to_numpy(),
    "scale_jump": lambda case: scale_jump(case["n"], case["j"], case["factor"], case["b1"], case["b2"]),
}
# The quantities whose frames have what a closed form is a function of; those not named go with recorded metrics.
PREDICTS = {
    "optimizer_residual": ("residual_update", "first_residual"),
    "adam_residual": ("residual_update",),
    "first_update_after": ("restart_update",),
    "adam_elasticity": ("local_elasticity",),
    "scale_jump": ("jump_response",),
    "group_covariance": ("prefix_weight_at_start",),
    "binary_prefix_weight": ("prefix_weight_at_start",),
    "expected_prefix_bias": ("expected_bias_at_start",),
    "length_covariance": ("objective_at_start",),
}
OF_FITS = {"adam_half_life": "half_life"}  # predict what is fitted: closed form -> kind of fit
