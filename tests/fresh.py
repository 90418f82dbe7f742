"""A fresh interpreter that knows nothing of this one: no jax flags, no hooks, no Python settings."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def python(code: str) -> str:
    """What `code` prints, run in the root of the repository; raises CalledProcessError where it fails."""
    dropped = ("JAX_", "XLA_", "PYTHON", "TF_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
