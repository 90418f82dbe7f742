"""Ratiodrift: an optimizer-dynamics simulator for group-based reinforcement learning.

The names below are loaded when they are first used, so that `import simulator` costs nothing.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "simulate": ".loop",
    "init": ".loop",
    "advance": ".loop",
    "replay": ".replaying",
    "read_rollouts": ".rollouts.files",
    "load": ".scenario.load",
    "run": ".runs",
    "ScenarioError": ".errors",
    "Stopped": ".errors",
    "engine": ".engines.base",
    "Experiment": ".experiment",
    "Training": ".experiment",
    "Record": ".experiment",
    "Stride": ".experiment",
    "Enumerated": ".exact",
    "MonteCarlo": ".exact",
    "ENVIRONMENTS": ".experiment",
    "POLICIES": ".experiment",
    "METHODS": ".experiment",
    "ROLLOUTS": ".experiment",
    "DIALECTS": ".experiment",
    "Bandit": ".environments.bandit",
    "TokenTree": ".environments.token_tree",
    "TokenChain": ".environments.token_chain",
    "LengthTrap": ".environments.length_trap",
    "Verifier": ".environments.verifier",
    "MultiTask": ".environments.multi_task",
    "Task": ".environments.multi_task",
    "Source": ".environments.multi_task",
    "Tabular": ".policies.tabular",
    "LogLinear": ".policies.log_linear",
    "LowRank": ".policies.low_rank",
    "Transformer": ".policies.transformer",
    "RecordedWorld": ".environments.recorded",
    "Sampled": ".rollouts",
    "Fixed": ".rollouts",
    "Recorded": ".rollouts",
    "Surrogate": ".surrogates.base",
    "ABCGRPO": ".methods.abc_grpo",
    "CISPO": ".methods.cispo",
    "CPPO": ".methods.cppo",
    "DAPO": ".methods.dapo",
    "DeepSeekV32": ".methods.deepseek_v32",
    "DPPO": ".methods.dppo",
    "DrGRPO": ".methods.dr_grpo",
    "DRO": ".methods.dro",
    "GCPO": ".methods.gcpo",
    "GDPO": ".methods.gdpo",
    "GMPO": ".methods.gmpo",
    "GPG": ".methods.gpg",
    "GPPO": ".methods.gppo",
    "GRPO": ".methods.grpo",
    "GRPOPassK": ".methods.grpo_passk",
    "GSPO": ".methods.gspo",
    "GTPO": ".methods.gtpo",
    "LOOP": ".methods.loop",
    "LUSPO": ".methods.luspo",
    "MaxRL": ".methods.maxrl",
    "OPMD": ".methods.opmd",
    "OPO": ".methods.opo",
    "Reinforce": ".methods.reinforce",
    "ReinforcePlusPlus": ".methods.reinforce_plus_plus",
    "ReinforcePlusPlusBaseline": ".methods.reinforce_plus_plus_baseline",
    "ReMax": ".methods.remax",
    "RLOO": ".methods.rloo",
    "SAPO": ".methods.sapo",
    "TOPR": ".methods.topr",
    "VESPO": ".methods.vespo",
    "TRL": ".dialects.trl",
    "Verl": ".dialects.verl",
    "OpenRLHF": ".dialects.openrlhf",
    "TorchRL": ".dialects.torchrl",
    "KL": ".surrogates.regularizers",
    "Entropy": ".surrogates.regularizers",
    "optimizer": ".optimizers.schema",
    "OPTIMIZERS": ".optimizers.registry",
    "brake": ".optimizers.braking",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)


def __dir__() -> list[str]:
    return __all__
