"""Ratiodrift: an optimizer-dynamics simulator for group-based reinforcement learning.

The names below are loaded when they are first used, so that `import simulator` costs nothing.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "simulate": "simulator.loop",
    "init": "simulator.loop",
    "advance": "simulator.loop",
    "load": "simulator.scenario",
    "run": "simulator.runs",
    "ScenarioError": "simulator.errors",
    "Experiment": "simulator.experiment",
    "Training": "simulator.experiment",
    "Record": "simulator.experiment",
    "Stride": "simulator.experiment",
    "Enumerated": "simulator.exact",
    "MonteCarlo": "simulator.exact",
    "ENVIRONMENTS": "simulator.experiment",
    "POLICIES": "simulator.experiment",
    "METHODS": "simulator.experiment",
    "ROLLOUTS": "simulator.experiment",
    "Bandit": "simulator.environments.bandit",
    "TokenTree": "simulator.environments.token_tree",
    "TokenChain": "simulator.environments.token_chain",
    "LengthTrap": "simulator.environments.length_trap",
    "Verifier": "simulator.environments.verifier",
    "MultiTask": "simulator.environments.multi_task",
    "Task": "simulator.environments.multi_task",
    "Source": "simulator.environments.multi_task",
    "Tabular": "simulator.policies.tabular",
    "LogLinear": "simulator.policies.log_linear",
    "LowRank": "simulator.policies.low_rank",
    "Transformer": "simulator.policies.transformer",
    "Sampled": "simulator.rollouts",
    "Fixed": "simulator.rollouts",
    "Surrogate": "simulator.surrogates.base",
    "Reinforce": "simulator.methods.reinforce",
    "RLOO": "simulator.methods.rloo",
    "GRPO": "simulator.methods.grpo",
    "DrGRPO": "simulator.methods.dr_grpo",
    "DAPO": "simulator.methods.dapo",
    "GSPO": "simulator.methods.gspo",
    "CISPO": "simulator.methods.cispo",
    "KL": "simulator.surrogates.regularizers",
    "Entropy": "simulator.surrogates.regularizers",
    "optimizer": "simulator.optimizers.schema",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
