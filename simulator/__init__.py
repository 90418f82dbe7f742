"""The simulator: a run is a pure function of one pytree and one key, `simulate(experiment, key) -> Trace`.

The names below, and the packages that hold the parts of an experiment, are loaded when they are first used: `import
simulator` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import (
        advantages,
        dialects,
        environments,
        exact,
        methods,
        optimizers,
        parts,
        policies,
        probes,
        remedies,
        rollouts,
        surrogates,
    )
    from .advantages import ADVANTAGES
    from .dialects import DIALECTS
    from .engines.base import engine
    from .environments import ENVIRONMENTS
    from .errors import ScenarioError, Stopped
    from .experiment import Experiment, Record, Stride, Training
    from .loop import advance, init, simulate
    from .methods import METHODS
    from .optimizers.braking import brake
    from .optimizers.registry import OPTIMIZERS
    from .optimizers.schema import optimizer
    from .policies import POLICIES
    from .probes import PROBES
    from .replaying import replay
    from .rollouts import ROLLOUTS
    from .rollouts.files import read_rollouts
    from .runs import run
    from .scenario.load import load
    from .surrogates.gates import GATES
    from .surrogates.reductions import REDUCTIONS

_HOME = {
    "simulate": ".loop",
    "init": ".loop",
    "advance": ".loop",
    "replay": ".replaying",
    "read_rollouts": ".rollouts.files",
    "load": ".scenario.load",
    "run": ".runs",
    "brake": ".optimizers.braking",
    "engine": ".engines.base",
    "optimizer": ".optimizers.schema",
    "Experiment": ".experiment",
    "Training": ".experiment",
    "Record": ".experiment",
    "Stride": ".experiment",
    "ScenarioError": ".errors",
    "Stopped": ".errors",
    "OPTIMIZERS": ".optimizers.registry",
    "ENVIRONMENTS": ".environments",
    "POLICIES": ".policies",
    "METHODS": ".methods",
    "DIALECTS": ".dialects",
    "ROLLOUTS": ".rollouts",
    "ADVANTAGES": ".advantages",
    "GATES": ".surrogates.gates",
    "REDUCTIONS": ".surrogates.reductions",
    "PROBES": ".probes",
}
_PACKAGES = (
    "advantages",
    "dialects",
    "environments",
    "exact",
    "methods",
    "optimizers",
    "parts",
    "policies",
    "probes",
    "remedies",
    "rollouts",
    "surrogates",
)

__all__ = [
    "ADVANTAGES",
    "DIALECTS",
    "ENVIRONMENTS",
    "Experiment",
    "GATES",
    "METHODS",
    "OPTIMIZERS",
    "POLICIES",
    "PROBES",
    "REDUCTIONS",
    "ROLLOUTS",
    "Record",
    "ScenarioError",
    "Stopped",
    "Stride",
    "Training",
    "advance",
    "advantages",
    "brake",
    "dialects",
    "engine",
    "environments",
    "exact",
    "init",
    "load",
    "methods",
    "optimizer",
    "optimizers",
    "parts",
    "policies",
    "probes",
    "read_rollouts",
    "remedies",
    "replay",
    "rollouts",
    "run",
    "simulate",
    "surrogates",
]


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f".{name}", __name__)
    if name not in _HOME:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)


def __dir__() -> list[str]:
    return __all__
