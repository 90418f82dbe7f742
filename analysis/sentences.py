"""Sentences about a run: what its metrics are, what was found, how the comparison was made."""

from __future__ import annotations

from .quantities import QUANTITIES
from .run import Run
from .text import claim_summary, number, percent

MEANS = {
    "sum": "summed over a rollout's updates",
    "end": "at the end of a rollout",
    "final": "at the end of the run",
    "mean": "on average over all updates",
}


def reading(run: Run, name: str) -> str:
    """' at the end of a rollout': when a metric's value stands for a run; nothing for a derived quantity."""
    metric = run.manifest["metrics"].get(name)
    if metric is None:
        return ""
    return " over the whole run" if metric.get("quotient") else f" {MEANS[metric['reading']]}"


def meaning(run: Run, name: str) -> str:
    """What a metric, or a derived quantity, is."""
    metric = run.manifest["metrics"].get(name)
    return QUANTITIES[name].sentence if metric is None else metric["definition"]


def finding(run: Run) -> str:
    """What was found, in a sentence or two: the extremes of the headline metric, and how the claims fared."""
    metric, summary = run.heading["headline"], run.summary
    when = reading(run, metric)
    values = summary.dropna(subset=[metric]) if metric in summary else summary.iloc[:0]
    if values.empty:
        sentence = f"{metric} is undefined in this run."
    elif len(values) == 1:
        sentence = f"{metric}{when} is {number(values[metric].iloc[0])}."
    else:
        most, least = values.loc[values[metric].idxmax()], values.loc[values[metric].idxmin()]
        sentence = (
            f"{metric}{when} runs from {number(least[metric])} ({least['label']}) "
            f"to {number(most[metric])} ({most['label']})."
        )
    return " ".join(filter(None, [sentence, claim_summary(run.verdicts)]))


def memory(run: Run) -> str:
    """What memory carried and what it caused, for the variant with the largest excess; empty without a twin."""
    needed = ("drift/excess_max", "twin/drift/excess_max", "drift/coasting")
    if any(name not in run.summary for name in needed):
        return ""
    rows = run.summary.dropna(subset=list(needed))
    if rows.empty or rows["drift/excess_max"].max() <= 0:
        return ""
    row = rows.loc[rows["drift/excess_max"].idxmax()]
    own, theirs = row["drift/excess_max"], row["twin/drift/excess_max"]
    carried = (
        f"{row['label']}: memory carried {percent(row['drift/coasting'])} of the way that tokens went after the clip "
        "had silenced them"
    )
    if (rollouts := run.experiment(int(row["point"]))["training"]["num_rollouts"]) > 1:
        return (
            f"{carried}. The largest log-ratio beyond the bound is {number(own, 3)}, and {number(theirs, 3)} for its "
            f"memoryless twin, whose policy has become another one in {rollouts} rollouts."
        )
    return (
        f"{carried}, and caused {percent((own - theirs) / own)} of the largest log-ratio beyond the bound, "
        f"{number(own, 3)}: without it {number(theirs, 3)} would have come from the crossing step and from coupling."
    )


def diverged(run: Run, most: int) -> str:
    """Which variants are not finite in some seeds, so many of them by name; empty where all are finite."""
    if "diverged" not in run.summary:
        return ""
    names = run.summary.loc[run.summary["diverged"] > 0, "label"].tolist()
    more = f"; and {len(names) - most:,} more" * (len(names) > most)
    return f"Diverged (not finite) in some seeds: {'; '.join(names[:most])}{more}" if names else ""


MEASURES = {
    "first_update_kl": "KL after the first update",
    "first_update_ratio": "largest ratio after the first update",
    "total_kl": "KL summed over the rollouts",
}


def fairness(run: Run) -> str:
    """How the learning rates of compared optimizers were chosen; empty where none are compared."""
    points = [run.values(point) for point in range(len(run.points))]
    if not run.matched:
        compared = len({point.get("optimizer") for point in points}) > 1
        return "Learning rates are as given: the optimizers are not matched at an equal displacement." * compared
    ways = {
        f"{text} = {_goal(found['to'])}": None
        for found in map(run.found, range(len(points)))
        for measure, text in MEASURES.items()
        if measure in found
    }
    goals = {run.found(index).get("to") for index in range(len(points))}
    unmatched = {
        name: None
        for index, point in enumerate(points)
        if "to" not in run.found(index) and (name := point.get("optimizer")) not in goals
    }
    others = f" Not matched: {', '.join(unmatched)}." if unmatched else ""  # type: ignore[arg-type]
    return f"Learning rates were found that match: {'; '.join(ways)}.{others}"


def _goal(to: str | float) -> str:
    return number(to) if isinstance(to, float) else f"that of {to}"
