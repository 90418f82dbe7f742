"""What verl's own code gave on the same tokens: the metrics in tests/parity/verl.json, loss by loss."""

import numpy as np
import pandas as pd
import pytest

from analysis.exports import TRAINERS
from analysis.exports.selection import select
from analysis.exports.tables import INTEGERS
from analysis.exports.trainer_names.rows import trainer_rows
from simulator.parts import to_plain
from tests.analysis.made import made_run
from tests.parity.test_verl import CARRIED, LOSSES, loss_of, masked, said

CONSTANT = {  # what verl writes a 0 for, whatever the tokens
    "gspo": {"pg_clipfrac_lower"},
    "sapo": {"pg_clipfrac", "pg_clipfrac_lower"},
    "cispo": {"pg_clipfrac_lower"},
}
OF_PROBABILITIES = {"dppo_tv", "dppo_kl"}  # whose fractions look at π itself, which is not recorded


def row_of(case) -> pd.Series:
    """The keys of the second update, whose forward pass sees the log-ratios that the first one left."""
    inputs = LOSSES["inputs"][case["inputs"]]
    mask = masked(inputs)
    completion, position = np.nonzero(mask)
    log_ratio = (np.array(inputs["log_prob"]) - np.array(inputs["old_log_prob"]))[mask]
    tokens = {
        "point": 0,
        "seed": 0,
        "rollout": 0,
        "prompt": 0,
        "completion": completion,
        "position": position,
        "token": 0,
        "reward": 0.0,
        "advantage": np.array(inputs["advantages"])[completion],
        "log_ratio": log_ratio,
        "clip_active": False,
    }
    ratios = pd.concat([pd.DataFrame(tokens).assign(update=update) for update in (1, 2)])
    updates = {"point": [0, 0], "seed": 0, "rollout": 0, "update": [1, 2], "grad/norm": 1.0}
    run = made_run(updates, ratios, surrogate=to_plain(loss_of(case)[0]))
    source = trainer_rows(run, TRAINERS["verl"], select(run, (), {}, INTEGERS["updates"]), None)
    (rows,) = (piece.to_pandas() for _, piece in source.pieces())
    return rows.iloc[1]


@pytest.mark.parametrize("case", CARRIED, ids=said("loss_mode", "options", "inputs"))
def test_the_metrics_are_verls_own(case):
    row, loss = row_of(case), case["loss_mode"]
    missing = CONSTANT.get(loss, set())
    if loss in OF_PROBABILITIES:
        missing = {"pg_clipfrac", "pg_clipfrac_lower"}
    assert all(case["metrics"][name] == 0.0 for name in CONSTANT.get(loss, set()))
    wanted = {f"actor/{name}": value for name, value in case["metrics"].items() if name not in missing}
    found = {name: row[name] for name in row.index if name.startswith(("actor/pg_clip", "actor/ppo_kl"))}
    assert found == pytest.approx(wanted, rel=1e-7)  # verl divides by the count of tokens plus 1e-8


def test_some_of_these_tokens_are_clipped():
    clipped = {case["loss_mode"] for case in CARRIED if case["metrics"].get("pg_clipfrac", 0.0) > 0.1}
    assert {"vanilla", "gspo", "cispo", "geo_mean"} <= clipped
