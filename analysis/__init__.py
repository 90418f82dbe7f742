"""From a run directory to an answer: frames, closed forms, claims, figures, the report.

Files are the interface: nothing here imports the simulator or jax.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "load": "analysis.run",
    "Run": "analysis.run",
    "RunError": "analysis.run",
    "complete": "analysis.completion",
    "compare": "analysis.comparing",
    "explanations": "analysis.explaining",
    "export": "analysis.exports",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'analysis' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
