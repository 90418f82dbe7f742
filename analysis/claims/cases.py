"""The cases of a claim: what was measured, what was predicted, and the interval over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..intervals import half_widths, paired_intervals
from ..lazy import pd
from ..quantities import QUANTITIES, available, lacking
from ..run import Run
from .closed_forms import CLOSED_FORMS, SIGNS

CHANCES = ("noise", "false_positive", "false_negative")  # what makes an environment draw where it is not 0


def draws(experiment: dict[str, Any]) -> bool:
    """Whether anything in a point's run is drawn at random, so that another seed would come out otherwise."""
    policy, training = experiment["policy"], experiment["training"]
    start = policy["kind"] != "tabular" or policy.get("start", "zeros") != "zeros"
    sampled = experiment.get("rollouts", {}).get("kind", "sampled") == "sampled"
    return sampled or start or training.get("minibatches", 1) > 1 or _has_chance(experiment["environment"])


def _has_chance(part: Any) -> bool:
    if isinstance(part, list):
        return any(map(_has_chance, part))
    if not isinstance(part, dict):
        return False
    return any(part.get(name) for name in CHANCES) or any(map(_has_chance, part.values()))


def cases(run: Run, claim: dict[str, Any]) -> pd.DataFrame:
    """One row per case: `point` (and `rollout`, `n`, `j`, `seed` where they tell cases apart), then

    `measured` and `predicted`, the means over seeds; `low` and `high`, the 95 % interval of `measured`, which is that
    of its deviation from `predicted`; `seeds`, how many. No interval (NaN) for a single seed, nor where each seed's
    groups have predictions of their own. Empty where nothing was measured.
    """
    rows = _measured(run, claim)
    if rows.empty:
        return pd.DataFrame()
    predicted = claim["predicted"]
    constant = None if predicted in CLOSED_FORMS else 0.0 if predicted in SIGNS else float(predicted)
    rows = rows.assign(predicted=CLOSED_FORMS[predicted](rows) if constant is None else constant)
    rows = rows.dropna(subset=["predicted"])
    if rows.empty:
        return pd.DataFrame()
    by = [name for name in ("point", "rollout", "n", "j") if name in rows.columns]
    if "covariance" in rows.columns:
        by = [*by, "seed"]  # each group has a prediction of its own
    each = rows.groupby(list(dict.fromkeys([*by, "seed"])))[["measured", "predicted"]].mean()
    each["deviation"] = each["measured"] - each["predicted"]
    found = each.groupby(by)[["measured", "predicted"]].mean()
    if constant is not None:
        found["predicted"] = constant  # to the last digit
    low, high = _intervals(each["deviation"], by, paired=bool(claim["against"]))
    found["low"], found["high"] = found["predicted"] + low, found["predicted"] + high
    found["seeds"] = each.groupby(by).size()
    return found.reset_index()


def is_meant(values: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    """Whether a point of these swept values is one of those that a claim's `where` picks."""
    return all(values.get(name) in (wanted if isinstance(wanted, list) else [wanted]) for name, wanted in where.items())


def counterparts(points: Sequence[Mapping[str, Any]], swept: Sequence[str], against: Mapping[str, Any]) -> list[int]:
    """For each point the one that differs from it in the columns of `against` alone; −1 where there is none."""
    own = tuple(f"{column}." for column in against if "." not in column)  # axes that another part does not have

    def key(values: Mapping[str, Any]) -> str:
        return repr([values.get(column) for column in swept])

    known = {key(values): point for point, values in enumerate(points)}
    changed = [{name: value for name, value in values.items() if not name.startswith(own)} for values in points]
    found = [known.get(key({**values, **against}), -1) for values in changed]
    return [other if other != point else -1 for point, other in enumerate(found)]


def _measured(run: Run, claim: dict[str, Any]) -> pd.DataFrame:
    """What a claim is about, a row per case and seed: a metric or quantity, what is fitted to it, or a difference."""
    from ..quantities.parameters import recorded
    from .fits import fitted

    metric, fit = claim["metric"], claim.get("fit")
    if lacking(metric, available(run.metrics, run.swept, run.has_ratios)):
        return pd.DataFrame()
    if fit is not None:
        rows = fitted(run, metric, QUANTITIES[metric](run) if metric in QUANTITIES else None, fit)
        rows = rows.dropna(subset=["measured"])  # ∞ is what a half-life can be
    else:
        rows = QUANTITIES[metric](run) if metric in QUANTITIES else recorded(run, metric)
        rows = rows[np.isfinite(rows["measured"].to_numpy(dtype=float))]
    if claim["against"]:
        rows = _differences(run, rows, claim["against"])
    meant = [point for point in rows["point"].unique() if is_meant(run.values(point), claim["where"])]
    return rows[rows["point"].isin(meant)]


def _differences(run: Run, rows: pd.DataFrame, against: dict[str, Any]) -> pd.DataFrame:
    """The measured values minus those of each point's counterpart, seed by seed; points without one are left out."""
    other = counterparts([run.values(point) for point in range(len(run.points))], run.swept, against)
    rows = rows.assign(other=rows["point"].map(dict(enumerate(other))))
    by = [name for name in ("seed", "rollout", "n", "j") if name in rows.columns]
    theirs = rows[["point", *by, "measured"]].rename(columns={"point": "other", "measured": "theirs"})
    paired = rows[rows["other"] >= 0].merge(theirs, on=["other", *by])
    return paired.assign(measured=paired["measured"] - paired["theirs"])


def _intervals(deviation: pd.Series, by: list[str], paired: bool) -> tuple[pd.Series, pd.Series]:
    """The intervals of the mean deviation, case by case."""
    finite = deviation.where(np.isfinite(deviation))
    if not paired:
        half = half_widths(finite.to_frame().groupby(by))["deviation"]
        mean = finite.groupby(by).mean()
        return mean - half, mean + half
    table = finite.unstack("seed")
    counts, found = table.notna().sum(axis=1), []
    for count, some in table.groupby(counts):  # the same number of seeds: resampled together
        values = some.to_numpy()[some.notna().to_numpy()].reshape(len(some), count)
        low, high = paired_intervals(values.T)
        found.append(pd.DataFrame({"low": low, "high": high}, index=some.index))
    both = pd.concat(found)
    return both["low"], both["high"]
