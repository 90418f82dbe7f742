"""Scenarios that every engine has to leave the same bytes of, and how to compare them."""

import hashlib
from pathlib import Path

TREE = {
    "kind": "token_tree",
    "vocab_size": 3,
    "max_length": 2,
    "num_prompts": 2,
    "length_cost": 0.1,
    "reward": {"rule": "count", "token": 1},
}
HEAD = {"title": "The same", "question": "On every engine?", "method": {"name": "grpo"}}
RATES = {"values": [0.02, 0.1]}

# Two structures and their twins, minibatches, recorded ratios.
MIXED = HEAD | {
    "environment": {"kind": "bandit", "rewards": [[1.0, 0.5, 0.0]]},
    "optimizer": [{"name": "adamw", "learning_rate": RATES}, {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9}],
    "training": {"num_rollouts": 5, "group_size": 4, "epochs": 2, "minibatches": 2, "seeds": 5},
    "record": {"probes": ["ratio", "attribution", "twin"], "twin": True, "ratios": {"every": 2}},
}
# Matrix products: where the number of threads would change the last bit.
SHARED = HEAD | {
    "environment": TREE,
    "policy": {"kind": "log_linear", "num_features": 96},
    "optimizer": {"name": "adam", "learning_rate": RATES},
    "training": {"num_rollouts": 4, "group_size": 16, "epochs": 2, "seeds": 9},
    "record": {"probes": ["ratio", "kl"]},
}
SINGLE = SHARED | {"training": SHARED["training"] | {"precision": "float32"}}
NETWORK = SHARED | {"policy": {"kind": "transformer", "width": 16, "heads": 2}}
SCENARIOS = {"mixed": MIXED, "shared": SHARED, "single": SINGLE, "network": NETWORK}

# Narrow blocks and short chunks, so that small scenarios have several jobs of several chunks.
SMALL = {"MAX_LANES": {"cpu": 2, "gpu": 2}, "CHUNK_SECONDS": (1e-6, 1e-6)}


def shas(directory: Path) -> dict[str, str]:
    """The tables of a run by name, and what is in them."""
    tables = sorted(directory.rglob("*.parquet"))
    return {path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in tables}
