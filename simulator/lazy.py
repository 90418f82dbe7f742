"""jax, optax and what is built on them alone, imported on first use.

A part (an environment, a method, ...) is schema and behaviour in one class. `ratiodrift validate` needs the
schema alone, and importing jax takes longer than everything else it does, so the modules that hold parts take
jax from here: a proxy until something is computed, the module itself where jax is already imported.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or "jax" in sys.modules:
    import jax
    import jax.numpy as jnp
    import optax
    from jax import Array

    from . import remedies
else:
    from wrapt import lazy_import

    jax = lazy_import("jax")
    jnp = lazy_import("jax.numpy")
    optax = lazy_import("optax")
    remedies = lazy_import(f"{__package__}.remedies")
    Array = Any

__all__ = ["Array", "jax", "jnp", "optax", "remedies"]
