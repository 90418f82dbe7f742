"""From a run directory to an answer: frames, closed forms, claims, figures, the report.

Files are the interface: nothing here imports the simulator or jax.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "load": ".notebook",
    "Run": ".run.run",
    "RunError": ".run.run",
    "complete": ".completion",
    "compare": ".notebook",
    "explanations": ".explaining",
    "export": ".exports",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)
