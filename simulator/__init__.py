"""Ratiodrift: an optimizer-dynamics simulator for group-based reinforcement learning.

The names below are loaded when they are first used, so that `import simulator` costs nothing.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "simulate": "simulator.loop",
    "init": "simulator.loop",
    "advance": "simulator.loop",
    "replay": "simulator.replaying",
    "read_rollouts": "simulator.rollout_files",
    "load": "simulator.scenario",
    "run": "simulator.runs",
    "ScenarioError": "simulator.errors",
    "Stopped": "simulator.errors",
    "engine": "simulator.engines.base",
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
    "DIALECTS": "simulator.experiment",
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
    "RecordedWorld": "simulator.environments.recorded",
    "Sampled": "simulator.rollouts",
    "Fixed": "simulator.rollouts",
    "Recorded": "simulator.rollouts",
    "Surrogate": "simulator.surrogates.base",
    "ABCGRPO": "simulator.methods.abc_grpo",
    "CISPO": "simulator.methods.cispo",
    "CPPO": "simulator.methods.cppo",
    "DAPO": "simulator.methods.dapo",
    "DeepSeekV32": "simulator.methods.deepseek_v32",
    "DPPO": "simulator.methods.dppo",
    "DrGRPO": "simulator.methods.dr_grpo",
    "DRO": "simulator.methods.dro",
    "GCPO": "simulator.methods.gcpo",
    "GDPO": "simulator.methods.gdpo",
    "GMPO": "simulator.methods.gmpo",
    "GPG": "simulator.methods.gpg",
    "GPPO": "simulator.methods.gppo",
    "GRPO": "simulator.methods.grpo",
    "GRPOPassK": "simulator.methods.grpo_passk",
    "GSPO": "simulator.methods.gspo",
    "GTPO": "simulator.methods.gtpo",
    "LOOP": "simulator.methods.loop",
    "LUSPO": "simulator.methods.luspo",
    "MaxRL": "simulator.methods.maxrl",
    "OPMD": "simulator.methods.opmd",
    "OPO": "simulator.methods.opo",
    "Reinforce": "simulator.methods.reinforce",
    "ReinforcePlusPlus": "simulator.methods.reinforce_plus_plus",
    "ReinforcePlusPlusBaseline": "simulator.methods.reinforce_plus_plus_baseline",
    "ReMax": "simulator.methods.remax",
    "RLOO": "simulator.methods.rloo",
    "SAPO": "simulator.methods.sapo",
    "TOPR": "simulator.methods.topr",
    "VESPO": "simulator.methods.vespo",
    "TRL": "simulator.dialects.trl",
    "Verl": "simulator.dialects.verl",
    "OpenRLHF": "simulator.dialects.openrlhf",
    "TorchRL": "simulator.dialects.torchrl",
    "KL": "simulator.surrogates.regularizers",
    "Entropy": "simulator.surrogates.regularizers",
    "optimizer": "simulator.optimizers.schema",
    "OPTIMIZERS": "simulator.optimizers.own",
    "brake": "simulator.braking",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
