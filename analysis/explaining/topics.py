"""All rules, by importing their topics: the order is that of importance."""

from . import (  # noqa: F401, I001
    divergence,
    clipping,
    momentum,
    coasting,
    coupling,
    scale,
    kl,
    jump,
    tasks,
    prefix,
    groups,
    progress,
    policy,
    seeds,
)
