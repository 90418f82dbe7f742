"""Predicted against measured: each claim of a scenario is put to its run and may fail.

A claim compares, case by case, the mean over seeds of a measured quantity with its prediction: a number, or a closed
form evaluated at the case's own numbers. It holds when the largest deviation is within the tolerance (for the
relations "at_least" and "at_most", when no case is beyond the bound by more than that). Without a single case the
verdict is "cannot tell".

A claim with `against` compares variants: what is measured is then a difference, paired by seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.axes import scale_axis
from analysis.intervals import half_widths
from analysis.theory.adam_residual import adam_residual
from analysis.theory.memoryless_limit import memoryless_limit
from analysis.theory.scale_elasticity import adam_elasticity
from analysis.theory.scale_jump import scale_jump

if TYPE_CHECKING:
    import pandas as pd

    from analysis.run import Run

RATIOS = "[record] ratios"
SCALE = "an axis over a reward scale"
# What each quantity of analysis/metrics.py is worked out of: metrics, swept columns, recorded ratios.
NEEDS = {
    "residual_update": ("grad/norm", "update/norm"),
    "first_residual": ("grad/norm", "update/norm"),
    "braking_distance": ("grad/norm", "update/norm"),
    "carried_share": ("drift/coasted", RATIOS),
    "caused_share": ("drift/excess_max", "twin/drift/excess_max"),
    "restart_update": ("update/norm",),
    "scale_elasticity": ("update/norm", SCALE),
    "local_elasticity": ("grad/norm", "update/norm", SCALE),
    "scale_spread": ("update/displacement", SCALE),
    "jump_response": ("update/norm",),
    "jump_peak": ("update/norm",),
    "expected_bias_at_start": ("prefix/expected_bias",),
    "objective_at_start": ("objective", RATIOS),
    "prefix_weight_at_start": ("prefix/weight", RATIOS),
    "advantage_imbalance": (RATIOS,),
    "movement_imbalance": (RATIOS,),
}
CLOSED_FORMS: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {
    "optimizer_residual": lambda case: case["closed_form"].to_numpy(),
    "first_update_after": lambda case: case["closed_form"].to_numpy(),
    "adam_elasticity": lambda case: adam_elasticity(case["eps"], case["gradient"]),
    "adam_residual": lambda case: adam_residual(case["n"], case["j"], case["b1"], case["b2"]),
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


def claim_problems(
    claims: list[dict[str, Any]], metrics: list[str], columns: list[str], ratios: bool
) -> Iterator[tuple[str, str]]:
    """What makes a claim impossible to put to a run that records these metrics, and ratios or not: (key, sentence).

    `columns` are the scenario's swept ones.
    """

    def unknown(name: str, known: list[str]) -> str:
        near = get_close_matches(name, known, n=1)
        return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known) or 'none'}"

    for index, claim in enumerate(claims):
        quantities = [*metrics, *NEEDS]
        if claim["metric"] not in quantities:
            yield f"claim[{index}].metric", f"unknown {claim['metric']!r}; {unknown(claim['metric'], quantities)}"
        elif lacking := _lacking(claim["metric"], _available(metrics, columns, ratios)):
            yield f"claim[{index}].metric", f"{claim['metric']} needs {', '.join(lacking)}, which is not recorded"
        predicted = claim["predicted"]
        if isinstance(predicted, str) and predicted not in CLOSED_FORMS:
            yield f"claim[{index}].predicted", f"no closed form {predicted!r}; {unknown(predicted, list(CLOSED_FORMS))}"
        elif isinstance(predicted, str) and claim["metric"] not in PREDICTS.get(predicted, (*metrics,)):
            wanted = ", ".join(PREDICTS.get(predicted, ["a recorded metric"]))
            yield f"claim[{index}].predicted", f"{predicted} predicts {wanted}, not {claim['metric']}"
        for key in ("where", "against"):
            for column in claim[key]:
                if column not in columns:
                    yield f"claim[{index}].{key}", f"no column {column!r}; {unknown(column, columns)}"


def derivable(metrics: list[str], columns: list[str], ratios: bool) -> list[str]:
    """The derived quantities that can be worked out of a run which records these metrics, and ratios or not."""
    return [name for name in NEEDS if not _lacking(name, _available(metrics, columns, ratios))]


def _available(metrics: list[str], columns: list[str], ratios: bool) -> set[str]:
    return {*metrics, *([RATIOS] if ratios else []), *([SCALE] if scale_axis(columns) else [])}


def _lacking(quantity: str, available: set[str]) -> list[str]:
    return [name for name in NEEDS.get(quantity, (quantity,)) if name not in available]


def evaluate(run: Run) -> list[dict[str, Any]]:
    """Every claim of the run's scenario with what was predicted, what was measured, and the verdict."""
    return [_verdict(run, claim) for claim in run.heading["claim"]]


def cases(run: Run, claim: dict[str, Any]) -> pd.DataFrame:
    """The cases of one claim: measured (mean over seeds), predicted, and the half width of the measured mean."""
    import pandas as pd

    from analysis.metrics import QUANTITIES, recorded

    name = claim["metric"]
    if _lacking(name, _available(run.metrics, run.swept, run.has_ratios)):
        return pd.DataFrame()
    rows = QUANTITIES[name](run) if name in QUANTITIES else recorded(run, name)
    if claim["against"]:
        rows = _differences(run, rows, claim["against"])
    meant = [point for point in rows["point"].unique() if _is_meant(run.values(point), claim["where"])]
    rows = rows[rows["point"].isin(meant)]
    rows = rows[np.isfinite(rows["measured"].to_numpy(dtype=float))]
    predicted = claim["predicted"]
    rows = rows.assign(predicted=CLOSED_FORMS[predicted](rows) if isinstance(predicted, str) else float(predicted))
    rows = rows.dropna(subset=["predicted"])
    by = [name for name in ("point", "rollout", "n", "j") if name in rows.columns]
    if "covariance" in rows.columns:
        by = [*by, "seed"]  # each group has a prediction of its own
    if rows.empty:
        return pd.DataFrame()
    grouped = rows.groupby(by)
    found = grouped[["measured", "predicted"]].mean()
    found["half_width"] = half_widths(grouped[["measured"]])["measured"]
    return found.reset_index()


def _differences(run: Run, rows: pd.DataFrame, against: dict[str, Any]) -> pd.DataFrame:
    """The measured values minus those of each point's counterpart, seed by seed; points without one are left out."""
    points = [run.values(point) for point in range(len(run.points))]

    def key(point: dict[str, Any]) -> str:
        return repr([point.get(column) for column in run.swept])

    def changed(point: dict[str, Any]) -> dict[str, Any]:
        """The point with the columns of `against` replaced; another part does not have this one's own axes."""
        own = tuple(f"{column}." for column in against if "." not in column)
        return {column: value for column, value in point.items() if not column.startswith(own)} | against

    known = {key(point): index for index, point in enumerate(points)}
    other = {index: known.get(key(changed(point)), -1) for index, point in enumerate(points)}
    rows = rows.assign(other=rows["point"].map(other))
    by = [name for name in ("seed", "rollout", "n", "j") if name in rows.columns]
    theirs = rows[["point", *by, "measured"]].rename(columns={"point": "other", "measured": "theirs"})
    paired = rows[rows["other"] != rows["point"]].merge(theirs, on=["other", *by])
    return paired.assign(measured=paired["measured"] - paired["theirs"])


def _is_meant(point: dict[str, Any], where: dict[str, Any]) -> bool:
    return all(point.get(column) in (value if isinstance(value, list) else [value]) for column, value in where.items())


def _verdict(run: Run, claim: dict[str, Any]) -> dict[str, Any]:
    rows = cases(run, claim)
    result = {key: claim[key] for key in ("says", "source", "metric", "tolerance", "relation", "where", "against")}
    if rows.empty:
        nothing = dict.fromkeys(("predicted", "measured", "half_width", "largest_deviation", "worst_case"))
        return {**result, **nothing, "cases": 0, "verdict": "cannot tell"}
    beyond = (rows["measured"] - rows["predicted"]).to_numpy()
    deviation = {"equal": np.abs(beyond), "at_least": -beyond, "at_most": beyond}[claim["relation"]]
    worst = rows.iloc[int(np.argmax(deviation))]
    return {
        **result,
        "predicted": float(worst["predicted"]),
        "measured": float(worst["measured"]),
        "half_width": None if np.isnan(worst["half_width"]) else float(worst["half_width"]),
        "largest_deviation": float(deviation.max()),
        "worst_case": {
            "variant": run.labels[int(worst["point"])],
            **{key: int(worst[key]) for key in ("rollout", "n", "j", "seed") if key in rows.columns},
        },
        "cases": len(rows),
        "verdict": "holds" if deviation.max() <= claim["tolerance"] else "fails",
    }
