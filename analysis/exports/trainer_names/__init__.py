"""The metrics that trainers log, under their names and by their definitions, worked out from recorded tokens.

One trainer a file; each is a table of `Key`s. What a trainer logs of a point's method depends on the method: a key is a
column where it applies to a point, and is missing where it does not.
"""

from __future__ import annotations

from . import openrlhf, torchrl, trl, verl
from .key import Trainer

TRAINERS: dict[str, Trainer] = {each.name: each for each in (trl.TRL, verl.VERL, openrlhf.OPENRLHF, torchrl.TORCHRL)}


def trainer_table(trainer: str | None = None) -> str:
    """Every key with our metric beside it and how theirs is defined, as a Markdown table; of one trainer, or of all."""
    lines = ["| trainer | key | ours | as the trainer defines it |", "| --- | --- | --- | --- |"]
    for each in TRAINERS.values() if trainer is None else [TRAINERS[trainer]]:
        for key in each.keys:
            ours = " + ".join(f"`{name}`" for name in key.ours.split(" + ")) if key.ours else "none"
            definition = key.definition.replace("|", "\\|")
            lines.append(f"| {each.title} | `{key.name}` | {ours} | {definition} |")
    return "\n".join(lines)
