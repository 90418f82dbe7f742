"""Ratiodrift: an optimizer-dynamics simulator for group-based reinforcement learning.

    import ratiodrift as rd

    run = rd.complete(rd.run("momentum_overshoot", seeds=8))  # a shipped scenario; or your own: a file, or a dict
    run.summary, run.figures["ratio_fan"]
    rd.methods.GRPO(clip_high=0.28)  # the parts of an experiment are modules; from ratiodrift.methods import GRPO

Every public name of two packages is a name of this one: of `ratiodrift.simulator`, which computes, and of
`ratiodrift.analysis`, which reads what was computed (`load` opens a run; `simulator.load` reads a scenario). Names are
loaded when they are first used.

In a wheel the two packages lie inside this one, so a folder `analysis/` of your own does no harm. In a checkout they
lie beside it, as `simulator` and `analysis`; `ratiodrift.simulator` is then a second name of the same modules.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    try:  # a wheel
        from .simulator import *  # noqa: F403
        from .analysis import *  # noqa: F403  # isort: skip
    except ImportError:  # a checkout
        from simulator import *  # noqa: F403
        from analysis import *  # noqa: F403  # isort: skip

PACKAGES = ("analysis", "simulator")
PARTS = {"advantages", "dialects", "environments", "exact", "methods", "optimizers", "parts", "policies"}
PARTS |= {"probes", "remedies", "rollouts", "surrogates"}
_BESIDE = not (Path(__file__).parent / "simulator").is_dir()


class _SecondName(MetaPathFinder, Loader):
    """Gives a module a second name, without loading it twice."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, name = fullname.partition(".")
        top = name.partition(".")[0]
        if package == __name__ and (top in PARTS or top in PACKAGES and _BESIDE):
            return ModuleSpec(fullname, self, loader_state=name if top in PACKAGES else _real(f"simulator.{name}"))
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(spec.loader_state)
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = module.__spec__ and module.__spec__.loader_state  # the import system has overwritten it


def _real(name: str) -> str:
    """The first name of a module of the two packages."""
    return name if _BESIDE else f"{__name__}.{name}"


sys.meta_path.insert(0, _SecondName())


def command() -> None:
    """Run the command `ratiodrift` with the arguments of this process."""
    import_module(_real("simulator.cli.main")).command()


def __getattr__(name: str) -> Any:
    if name in PARTS or name in PACKAGES:
        return import_module(f"{__name__}.{name}")
    for package in map(import_module, map(_real, PACKAGES)):
        if name in package.__all__:
            return getattr(package, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    names = {name for package in PACKAGES for name in import_module(_real(package)).__all__}
    return sorted({*names, *PARTS, *PACKAGES, "command"})
