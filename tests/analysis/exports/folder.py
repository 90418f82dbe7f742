"""A run directory written by hand: every number in it is known, and no simulation is needed.

Two points, one with a name that no format may choke on; two seeds; two rollouts of three updates; two prompts with two
completions each, of 2, 1, 3 and 1 tokens.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.tabulated import tabulated

NAMES = ["adamw", 'löwe,\n"β" = ½; <b>\\ ✕']
RATES = [0.1, None]
SEEDS, ROLLOUTS, UPDATES = (0, 1), (0, 1), (1, 2, 3)
LENGTHS = [2, 1, 3, 1]  # of the completions, prompt by prompt
PROMPT, COMPLETION = [0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 0, 0, 0, 1]
POSITION, TOKEN = [0, 1, 0, 0, 1, 2, 0], [3, 1, 2, 0, 3, 3, 1]
REWARD = [1.0, 1.0, 0.0, 0.5, 0.5, 0.5, 0.5]  # the second prompt's are equal
ADVANTAGE = [0.5, 0.5, -0.5, 0.0, 0.0, 0.0, 0.0]
CLIP = {"kind": "clip", "clip_low": 0.2, "clip_high": 0.2, "dual": None}
SURROGATE = {
    "advantage": {"kind": "group_mean"},
    "level": {"kind": "token", "bound": None},
    "gate": CLIP,
    "reduction": {"kind": "token_mean"},
    "filter": None,
    "kl": None,
    "entropy": None,
}
METRICS = ("clip/dual", "grad/norm", "objective", "entropy", "ratio/max", "update/cos_grad")
CLAIMS = [
    {"says": "It is so", "metric": "ratio/max", "predicted": 1.5, "measured": 1.25, "where": {}, "verdict": "fails"},
    {"says": "Ümläut, \"so\"", "metric": "entropy", "predicted": None, "measured": 1.0, "where": {"optimizer": "adamw"},
     "verdict": "holds"},
]  # fmt: skip


def log_ratios(point: int, seed: int, rollout: int, update: int) -> list[float]:
    """After the update, in single precision: no two updates, and no two tokens, have the same."""
    number = np.arange(7) + 1.0 + 10.0 * update + 100.0 * rollout + 1000.0 * seed + 10000.0 * point
    return (0.4 * np.sin(number)).astype(np.float32).tolist()


def metrics(point: int, seed: int, rollout: int, update: int) -> dict[str, float | None]:
    """One row of the updates: of these, clip/dual applies to no point; a cosine may be undefined."""
    number = update + 10.0 * rollout + 100.0 * seed + 1000.0 * point
    return {
        "clip/dual": None,
        "grad/norm": 1.0 / number,
        "objective": -0.1 * number,
        "entropy": 1.0 + number / 7.0,
        "ratio/max": float("inf") if (point, update) == (1, 3) else 1.0 + number / 3.0,
        "update/cos_grad": float("nan") if update == 1 else 1.0 - 1.0 / number,
    }


def label(point: int) -> str:
    return f"{NAMES[point]}" + (f", learning_rate = {RATES[point]:g}" if RATES[point] is not None else "")


def described(point: int) -> dict:
    return {"optimizer": NAMES[point], "optimizer.learning_rate": RATES[point], "label": label(point)}


def update_rows(points=(0, 1)) -> list[dict]:
    """The updates as they were written, row by row, with what describes their points."""
    return [
        {"point": point, "seed": seed, "rollout": rollout, "update": update, **described(point)}
        | metrics(point, seed, rollout, update)
        for point in points
        for seed in SEEDS
        for rollout in ROLLOUTS
        for update in UPDATES
    ]


def token_rows(points=(0, 1)) -> list[dict]:
    """The recorded tokens, row by row, with what describes their points."""
    return [
        {"point": point, "seed": seed, "rollout": rollout, "update": update, "prompt": PROMPT[which],
         "completion": COMPLETION[which], "position": POSITION[which], "token": TOKEN[which], "reward": REWARD[which],
         "advantage": ADVANTAGE[which], **described(point), "log_ratio": value, "clip_active": value > 0.3}
        for point in points
        for seed in SEEDS
        for rollout in ROLLOUTS
        for update in UPDATES
        for which, value in enumerate(log_ratios(point, seed, rollout, update))
    ]  # fmt: skip


def written(path: Path, surrogate: dict | None = None, ratios: bool = True, **training) -> Path:
    """The directory; a part per point, as a run has parts. `training` changes that table of every point."""
    path.mkdir(parents=True)
    for name in ("updates", *(("ratios", "tokens") if ratios else ())):
        (path / name).mkdir()
    for point in (0, 1):
        part = f"part-{point:07d}-00000.parquet"
        _write_updates(path / "updates" / part, point)
        if ratios:
            _write_tokens(path, part, point)
    experiment = {
        "optimizer": {"name": "adamw", "learning_rate": 0.1},
        "training": {"num_rollouts": 2, "epochs": 3, "minibatches": 1, "group_size": 2} | training,
        "rollouts": {"kind": "sampled", "staleness": 0},
        "surrogate": surrogate or SURROGATE,
    }
    manifest = {
        "schema_version": 2,
        "name": "by_hand",
        "hash": "00000000",
        "heading": {"title": "t", "question": "q", "source": "", "headline": "ratio/max", "columns": [], "claim": []},
        "points": tabulated(
            [
                {"optimizer": NAMES[point], "optimizer.learning_rate": RATES[point], "experiment": experiment}
                for point in (0, 1)
            ]
        ),
        "plan": {"points": 2, "seeds": 2, "first_seed": 0, "updates": 24},
        "metrics": {name: {"name": name, "definition": name, "reading": "mean"} for name in METRICS},
        "started": "2026-01-01T00:00:00+00:00",
        "status": "finished",
    }
    (path / "manifest.json").write_text(json.dumps(manifest))
    (path / "claims.json").write_text(json.dumps(CLAIMS))
    summary = [
        {"point": point, **described(point), "seeds": 2, "entropy": 1.5 + point, "entropy:low": 1.0 + point,
         "entropy:high": 2.0 + point, "ratio/max": float("nan"), "ratio/max:low": float("nan"),
         "ratio/max:high": float("nan"), "grad/norm": 0.25, "grad/norm:low": 0.125, "grad/norm:high": 0.5,
         "objective": 0.0, "objective:low": 0.0, "objective:high": 0.0, "update/cos_grad": 0.5,
         "update/cos_grad:low": 0.5, "update/cos_grad:high": 0.5}
        for point in (0, 1)
    ]  # fmt: skip
    pd.DataFrame(summary).to_parquet(path / "summary.parquet")
    return path


def _write_updates(path: Path, point: int) -> None:
    rows = [{key: value for key, value in row.items() if key != "label"} for row in update_rows([point])]
    kinds = {"point": pa.int32(), "seed": pa.int64(), "rollout": pa.int32(), "update": pa.int32()}
    kinds |= {"optimizer": pa.string(), "optimizer.learning_rate": pa.float64()}
    schema = pa.schema([(name, kinds.get(name, pa.float64())) for name in rows[0]])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def _write_tokens(path: Path, part: str, point: int) -> None:
    lanes = [(seed, rollout) for seed in SEEDS for rollout in ROLLOUTS]
    said = [
        {"point": point, "seed": seed, "rollout": rollout, "prompt": PROMPT, "completion": COMPLETION,
         "position": POSITION, "token": TOKEN, "reward": REWARD, "advantage": ADVANTAGE}
        for seed, rollout in lanes
    ]  # fmt: skip
    changed = [
        {"point": point, "seed": seed, "rollout": rollout, "update": update, "log_ratio": values,
         "clip_active": [value > 0.3 for value in values]}
        for seed, rollout in lanes
        for update in UPDATES
        for values in [log_ratios(point, seed, rollout, update)]
    ]  # fmt: skip
    whole = {"point": pa.int32(), "seed": pa.int64(), "rollout": pa.int32(), "update": pa.int32()}
    lists = dict.fromkeys(("prompt", "completion", "position", "token"), pa.list_(pa.int32()))
    lists |= dict.fromkeys(("reward", "advantage"), pa.list_(pa.float64()))
    lists |= {"log_ratio": pa.list_(pa.float32()), "clip_active": pa.list_(pa.bool_())}
    for folder, rows in (("tokens", said), ("ratios", changed)):
        schema = pa.schema([(name, {**whole, **lists}[name]) for name in rows[0]])
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path / folder / part)
