"""What is to be thought of a claim: holds, fails, or cannot tell.

A claim allows a region of deviations from its prediction. It *holds* when in every case the whole 95 % interval lies
within the region; it *fails* when in some case the whole interval lies outside, even one widened for the number of
cases (Bonferroni); between these the data *cannot tell*. So a claim that is true is called false, and one that is
false is called true, at most once in twenty runs, whatever the number of seeds and cases.

Where nothing is drawn (fixed rollouts, a table that starts at zeros) one seed is all there is, and its value decides.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..intervals import LEVEL, MIN_TO_RESAMPLE, RESAMPLES, widened
from ..lazy import pd
from ..run import Run
from ..text import number
from .cases import cases, draws
from .closed_forms import CLOSED_FORMS, SIGNS

TOLD = ("says", "source", "metric", "fit", "relation", "tolerance", "where", "against")
MEASURED = ("predicted", "measured", "low", "high", "seeds", "largest_deviation", "worst_case")


def evaluate(run: Run) -> list[dict[str, Any]]:
    """Every claim of the run's scenario with what was predicted, what was measured, and the verdict.

    `prediction` is what the claim names: a number, a sign or a closed form. `measured`, `predicted`, the interval `low`
    to `high` and `seeds` are those of the case that differs most from its prediction (`worst_case`, by
    `largest_deviation`, in the direction that the claim forbids); `why` says what the verdict rests on. `refused` is a
    sentence where no data could prove the claim wrong, and None elsewhere.
    """
    return [_verdict(run, claim) for claim in run.heading["claim"]]


def _verdict(run: Run, claim: dict[str, Any]) -> dict[str, Any]:
    rows = cases(run, claim)
    told = {key: claim.get(key) for key in TOLD} | {"prediction": claim["predicted"], "level": LEVEL}
    if refused := _refusal(rows, claim):
        return {**told, **dict.fromkeys((*MEASURED, "method")), "cases": len(rows), "verdict": "cannot tell",
                "why": refused, "refused": refused}  # fmt: skip
    same = rows["measured"] == rows["predicted"]  # ∞ − ∞ is no number
    deviation = (rows["measured"] - rows["predicted"]).mask(same, 0.0).to_numpy()
    each, spread = _of_cases(run, claim, rows, deviation)
    verdict = next((word for word in ("fails", "cannot tell") if word in each), "holds")
    beyond = _beyond(claim, deviation)
    worst = int(np.argmax(beyond))
    decides = int(np.argmax(np.where(each == verdict, beyond, -np.inf)))
    row = rows.iloc[worst]
    return {
        **told,
        "predicted": float(row["predicted"]),
        "measured": float(row["measured"]),
        "low": _number(row["low"]),
        "high": _number(row["high"]),
        "seeds": int(row["seeds"]),
        "largest_deviation": float(beyond[worst]),
        "worst_case": _named(run, row),
        "method": _method(claim, spread, rows),
        "cases": len(rows),
        "verdict": verdict,
        "why": _why(run, claim, rows.iloc[decides], verdict, len(rows)),
        "refused": None,
    }


def _refusal(rows: pd.DataFrame, claim: dict[str, Any]) -> str | None:
    """Why these cases could not have proved the claim wrong; None where they could."""
    if rows.empty:
        return "no data: nothing was measured that this claim is about"
    size = np.abs(rows["predicted"]).max()
    if claim["predicted"] in CLOSED_FORMS and claim["relation"] == "equal" and 0 < size <= claim["tolerance"]:
        return (
            f"it could not fail: its tolerance, {number(claim['tolerance'])}, is as large as what {claim['predicted']} "
            f"predicts, {number(size)} at most"
        )
    return None


def _of_cases(run: Run, claim: dict, rows: pd.DataFrame, deviation: np.ndarray) -> tuple[np.ndarray, bool]:
    """The verdict on each case, and whether any rests on an interval."""
    low, high = ((rows[name] - rows["predicted"]).to_numpy() for name in ("low", "high"))
    known = np.isfinite(low) & np.isfinite(high)
    alone = ~known & (
        (rows["seeds"].to_numpy() > 1) | _is_settled(run, claim, rows)
    )  # an infinite value, or all there is
    wide = widened(rows["seeds"].to_numpy(), int(known.sum()))
    lowest, highest = (deviation + (end - deviation) * wide for end in (low, high))
    low, high, lowest, highest = (np.where(known, end, deviation) for end in (low, high, lowest, highest))
    inside = _is_allowed(claim, low) & _is_allowed(claim, high)
    outside = ~_is_allowed(claim, lowest) & ~_is_allowed(claim, highest)
    if claim["relation"] == "equal" and claim["predicted"] not in SIGNS:
        outside &= (lowest > 0) | (highest < 0)  # else the prediction itself lies between
    told = np.where(inside, "holds", np.where(outside, "fails", "cannot tell"))
    return np.where(known | alone, told, "cannot tell"), bool(known.any())


def _beyond(claim: dict[str, Any], deviation: np.ndarray) -> np.ndarray:
    """Deviations in the direction that the claim forbids."""
    if claim["predicted"] in SIGNS:
        return -SIGNS[claim["predicted"]] * deviation
    return {"equal": np.abs(deviation), "at_least": -deviation, "at_most": deviation}[claim["relation"]]


def _is_allowed(claim: dict[str, Any], deviation: np.ndarray) -> np.ndarray:
    beyond = _beyond(claim, deviation)
    return beyond < -claim["tolerance"] if claim["predicted"] in SIGNS else beyond <= claim["tolerance"]


def _is_settled(run: Run, claim: dict[str, Any], rows: pd.DataFrame) -> np.ndarray:
    """Whether a single seed decides: where nothing is drawn, and where each group has a prediction of its own.

    Once the gradient is zero, what an optimizer does is not drawn any more.
    """
    if "seed" in rows.columns or claim["metric"] == "residual_update":
        return np.ones(len(rows), dtype=bool)
    settled = {point: not draws(run.experiment(int(point))) for point in rows["point"].unique()}
    return rows["point"].map(settled).to_numpy(dtype=bool)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _named(run: Run, row: pd.Series) -> dict[str, Any]:
    counts = {key: int(row[key]) for key in ("rollout", "n", "j", "seed") if key in row.index}
    return {"variant": run.labels[int(row["point"])], **counts}


def _method(claim: dict[str, Any], spread: bool, rows: pd.DataFrame) -> str:
    if not spread:
        return "each group by itself" if "seed" in rows.columns else "a single seed"
    if claim["against"]:
        resampled = f"paired studentised bootstrap, {RESAMPLES} resamples of the seeds"
        return resampled if rows["seeds"].max() >= MIN_TO_RESAMPLE else "Student's t of paired differences"
    return "Student's t"


def allowed(claim: dict[str, Any], predicted: float) -> str:
    """What a claim allows, in a few characters: '1.6 ± 0.02', '≥ 0.3', '> 0'."""
    tolerance = claim["tolerance"]
    if (sign := SIGNS.get(claim["predicted"])) is not None:
        return f"{'>' if sign > 0 else '<'} {number(sign * tolerance + 0.0)}"
    if claim["relation"] == "equal":
        return f"{number(predicted)} ± {number(tolerance)}"
    bound, beyond = {"at_least": ("≥", -tolerance), "at_most": ("≤", tolerance)}[claim["relation"]]
    return f"{bound} {number(predicted + beyond)}"


def _why(run: Run, claim: dict[str, Any], row: pd.Series, verdict: str, count: int) -> str:
    """What the verdict rests on: the case that decides."""
    wanted, found = allowed(claim, float(row["predicted"])), number(float(row["measured"]))
    if known := bool(np.isfinite(row["low"]) and np.isfinite(row["high"])):
        found += f" ({number(float(row['low']))} to {number(float(row['high']))})"
    name = run.labels[int(row["point"])]
    if verdict == "holds":
        return f"{'all ' if count > 1 else ''}{count:,} case{'s' if count > 1 else ''} within {wanted}: {name}, {found}"
    if verdict == "fails":
        return f"{name}: {found} is not {wanted}"
    if not known:
        return f"{name}: {found}, a single seed of what is drawn at random; more seeds give it an interval"
    return f"{name}: the interval of {found} reaches beyond {wanted}; more seeds make it narrower"
