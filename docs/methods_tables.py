"""The tables of docs/methods.md, made of the methods themselves."""

from __future__ import annotations

import re
from typing import Any

from simulator.advantages import ADVANTAGES
from simulator.dialects import DIALECTS
from simulator.methods import METHODS
from simulator.parts import claim_of
from simulator.surrogates.base import Surrogate
from simulator.surrogates.gates import GATES
from simulator.surrogates.words import factors, in_words

Rows = list[list[str]]


def _after(cls: type, label: str) -> str:
    """What a docstring says after a label, up to the next blank line, as one line."""
    found = re.search(rf"{label}(.*?)(?:\n\s*\n|$)", cls.__doc__ or "", flags=re.DOTALL)
    return re.sub(r"\s+", " ", found.group(1)).strip().rstrip(".") if found else ""


def methods() -> tuple[list[str], Rows]:
    """Every named method: its factors with their defaults, and where it is from."""
    rows = []
    for name, cls in METHODS.members.items():
        if name == "custom":
            continue
        product = factors(cls().surrogate())
        rest = [product[key] for key in ("filter", "kl", "entropy") if key in product]
        gate = type(cls().surrogate().gate)
        rows.append(
            [
                f"`{name}`",
                claim_of(cls),
                *(f"`{product[key]}`" for key in ("advantage", "level", "gate")),
                f"`{_after(gate, 'score weight = ').split(':')[0]}`",
                f"`{product['reduction']}`",
                " ".join(f"`{each}`" for each in rest) or "–",
                _after(cls, "Reference: "),
            ]
        )
    head = ["method", "what it does", "advantage", "level", "gate", "score weight", "reduction", "filter, regularisers"]
    return [*head, "reference"], rows


def advantages() -> tuple[list[str], Rows]:
    """Every advantage: what a completion is compared with."""
    classes = ADVANTAGES.members.values()
    rows = [
        [f"`{cls.__dataclass_fields__['kind'].default}`", claim_of(cls), _after(cls, "A_i = ") or "–",
         _after(cls, "Reference: ") or "–"]
        for cls in classes
    ]  # fmt: skip
    return ["advantage", "what it does", "A_i", "reference"], rows


def gates() -> tuple[list[str], Rows]:
    """Every gate: how hard it pushes."""
    rows = [
        [
            f"`{cls.__dataclass_fields__['kind'].default}`",
            claim_of(cls),
            _after(cls, "score weight = "),
            "yes" if cls.cuts else "no",
            _after(cls, "Reference: ") or "–",
        ]
        for cls in GATES.members.values()
    ]
    return ["gate", "what it does", "score weight", "can silence a token", "reference"], rows


def dialects() -> str:
    """What each library computes under the names of its methods."""
    blocks = []
    for name, cls in DIALECTS.members.items():
        rows = [["*default run*", _code(cls().surrogate()), _watch(cls())]]
        for method, preset in cls.presets.items():
            made = cls(name=method, **preset)
            options = ", ".join(f"{key} = {_toml(value)}" for key, value in preset.items())
            rows.append([f"`{method}`: {options}", _code(made.surrogate()), _watch(made)])
        table = _markdown(["name and the options it stands for", "what is computed", "watch out"], rows)
        blocks.append(f'### `dialect = "{name}"` ({cls.source})\n\n{claim_of(cls)}\n\n{table}')
    return "\n\n".join(blocks)


def conventions() -> tuple[list[str], Rows]:
    """Where libraries differ when all of them say GRPO."""
    made = {"paper": METHODS.members["grpo"]()} | {name: cls() for name, cls in DIALECTS.members.items()}
    surrogates = {name: method.surrogate() for name, method in made.items()}
    return ["convention", *made], [
        [what, *(f"{say(surrogate)}" for surrogate in surrogates.values())] for what, say in CONVENTIONS.items()
    ]


def _or_none(value: Any) -> Any:
    return "none" if value is None else value


CONVENTIONS = {
    "ddof of the group's deviation": lambda s: s.advantage.ddof,
    "added to the deviation": lambda s: f"{s.advantage.eps:g}",
    "the deviation is held above": lambda s: _or_none(s.advantage.floor),
    "the log-ratio is held within ±": lambda s: _or_none(s.level.bound),
    "clip widths": lambda s: f"{s.gate.clip_low:g}, {s.gate.clip_high:g}",
    "dual bound": lambda s: _or_none(s.gate.dual),
    "token weights": lambda s: f"`{in_words(s.reduction)}`",
    "KL in the loss": lambda s: "none" if s.kl is None else f"`{in_words(s.kl, 'kl')}`",
    "entropy bonus": lambda s: "none" if s.entropy is None else f"{s.entropy.coef:g}",
}


def _code(surrogate: Surrogate) -> str:
    return " × ".join(f"`{each}`" for each in factors(surrogate).values())


def _watch(method: Any) -> str:
    return "; ".join(f"`{key}` {sentence}" for key, sentence in method.warnings()) or "–"


def _toml(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _markdown(head: list[str], rows: Rows) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
