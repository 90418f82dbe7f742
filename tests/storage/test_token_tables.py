"""Recorded tokens: lists on the disk, a row per token in analysis, each where the simulation had it."""

import jax
import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.run.stored_tokens import StoredTokens
from simulator import runs
from simulator.loop import simulate
from simulator.scenario.load import load
from tests.small import tables

KEY = ["point", "seed", "rollout", "update", "prompt", "completion", "position"]
TREE = {
    "kind": "token_tree",
    "vocab_size": 3,
    "max_length": 3,
    "num_prompts": 2,
    "reward": {"rule": "count", "token": 1},
}


@pytest.fixture(scope="module")
def scenario():
    training = {"num_rollouts": 5, "group_size": 3, "epochs": 2, "seeds": 3}
    record = {"probes": ["ratio", "attribution"], "ratios": {"every": 2}}
    return load(tables(environment=TREE, training=training, record=record))


@pytest.fixture(scope="module")
def directory(scenario, tmp_path_factory):
    return runs.write_run(scenario, tmp_path_factory.mktemp("runs"))


def said(scenario):
    """The rows, token by token, as the simulation of each run has them."""
    for point in range(len(scenario.points)):
        for seed in range(3):
            trace = jax.jit(simulate)(scenario.points[point].experiment, jax.random.key(seed)).tokens
            for slot, update, prompt, completion, position in np.ndindex(trace.log_ratio.shape):
                if not trace.mask[slot, prompt, completion, position]:
                    continue
                here = (slot, update, prompt, completion, position)
                yield {
                    "point": point,
                    "seed": seed,
                    "rollout": 2 * slot,
                    "update": update + 1,
                    "prompt": prompt,
                    "completion": completion,
                    "position": position,
                    "token": int(trace.tokens[slot, prompt, completion, position]),
                    "reward": float(trace.rewards[slot, prompt, completion]),
                    "advantage": float(trace.advantages[slot, prompt, completion]),
                    "log_ratio": float(trace.log_ratio[here]),
                    "clip_active": bool(trace.clip_active[here]),
                    "coasting": float(trace.coasting[here]),
                }


def test_every_recorded_token_is_a_row_with_what_the_simulation_had(scenario, directory):
    expected = pd.DataFrame(said(scenario)).sort_values(KEY, ignore_index=True)
    found = analysis.load(directory).ratios.sort_values(KEY, ignore_index=True)
    assert len({len(group) for _, group in expected.groupby(["point", "seed", "rollout"])}) > 1  # of unequal lengths
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6, atol=1e-7, err_msg=name)


def test_on_the_disk_an_update_is_one_row_of_lists(scenario, directory):
    ratios, tokens = (pd.read_parquet(directory / table) for table in ("ratios", "tokens"))
    assert len(tokens) == len(scenario.points) * 3 * 3  # seeds, rollouts 0, 2 and 4
    assert len(ratios) == 2 * len(tokens)  # updates
    both = ratios.merge(tokens, on=["point", "seed", "rollout"])
    lists = ["prompt", "completion", "position", "token", "reward", "advantage", "log_ratio", "clip_active", "coasting"]
    long = both.explode(lists).sort_values(KEY, ignore_index=True)
    read = analysis.load(directory).ratios.sort_values(KEY, ignore_index=True)
    for name in [*KEY, *lists]:
        np.testing.assert_array_equal(long[name].to_numpy(float), read[name].to_numpy(float), err_msg=name)


@pytest.mark.parametrize("where", [{"update": 2}, {"rollout": [0, 4], "point": 1}, {"prompt": 1, "update": 1}])
def test_a_part_of_the_rows_is_that_part_of_all(directory, where):
    stored = StoredTokens.of_folder(directory / "ratios")
    everything = stored.read(stored.names)
    for name, value in where.items():
        everything = everything[everything[name].isin(np.atleast_1d(value))]
    columns = ["log_ratio", "seed", "token"]
    pd.testing.assert_frame_equal(stored.read(columns, **where), everything[columns].reset_index(drop=True))
