"""`ratiodrift list`: what a scenario can name."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..advantages import ADVANTAGES
from ..dialects import DIALECTS
from ..environments import ENVIRONMENTS
from ..errors import ScenarioError, did_you_mean
from ..methods import METHODS
from ..optimizers.registry import NOT_DRIVEN, OPTIMIZERS
from ..optimizers.remedies import REMEDIES
from ..optimizers.signatures import schedules
from ..parts import Family, claim_of
from ..policies import POLICIES
from ..probes import PROBES
from ..rollouts import ROLLOUTS
from ..scenario.shipped import shipped_scenarios
from ..surrogates.filters import FILTERS
from ..surrogates.gates import GATES
from ..surrogates.log_ratios import LEVELS
from ..surrogates.reductions import REDUCTIONS
from ..surrogates.words import factors


def execute(options: argparse.Namespace) -> int:
    """Print one list, or the names of the lists."""
    console = Console()
    if options.what is None and options.dialect is None:
        for name, listed in LISTS.items():
            console.print(f"ratiodrift list {name:<14}{len(listed()):>4}", highlight=False)
        return 0
    what = options.what or "methods"
    if what not in LISTS:
        raise ScenarioError("list", [("", f"no list {what!r}; {did_you_mean(what, LISTS)}")])
    rows = LISTS[what]() if options.dialect is None else _in_dialect(what, options.dialect)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for name, sentence in rows.items():
        table.add_row(escape(name), escape(sentence))
    console.print(table)
    return 0


def _in_dialect(what: str, dialect: str) -> dict[str, str]:
    """What a trainer computes under the names of its methods, factor by factor."""
    if what != "methods":
        raise ScenarioError("list", [("--dialect", f"goes with 'methods', not with {what!r}")])
    if dialect == "paper":
        made = {name: member for name, member in METHODS.members.items() if name != "custom"}
        return {name: _product(member()) for name, member in made.items()}
    if dialect not in DIALECTS.members:
        known = ["paper", *DIALECTS.members]
        raise ScenarioError("list", [("--dialect", f"no dialect {dialect!r}; {did_you_mean(dialect, known)}")])
    trainer = DIALECTS.members[dialect]
    rows = {"(default)": _product(trainer())}
    return rows | {name: _product(trainer(name=name, **preset)) for name, preset in trainer.presets.items()}


def _product(method: Any) -> str:
    """The factors of a method, and what its users should know."""
    warnings = [f"! {key} {sentence}" for key, sentence in getattr(method, "warnings", tuple)()]
    return "\n".join([" × ".join(factors(method.surrogate()).values()), *warnings])


def _family(family: Family) -> dict[str, str]:
    return {name: claim_of(member) for name, member in family.members.items()}


def _scenarios() -> dict[str, str]:
    import tomllib

    return {name: tomllib.loads(path.read_text())["question"] for name, path in shipped_scenarios().items()}


def _optimizers() -> dict[str, str]:
    return {
        name: f"(not driven: {NOT_DRIVEN[name]})" if name in NOT_DRIVEN else factory.summary
        for name, factory in OPTIMIZERS.items()
    }


def _quantities() -> dict[str, str]:
    from ratiodrift.analysis.quantities import QUANTITIES

    return {name: f"{found.sentence}; needs {', '.join(found.needs)}" for name, found in QUANTITIES.items()}


def _closed_forms() -> dict[str, str]:
    from ratiodrift.analysis.claims.closed_forms import CLOSED_FORMS, OF_FITS, predicts

    fits = {name: f"a {kind} that is fitted" for name, (kind, _) in OF_FITS.items()}
    return {
        name: f"predicts {fits.get(name) or ', '.join(predicts(name) or ['a recorded metric'])}"
        for name in CLOSED_FORMS
    }


LISTS: dict[str, Callable[[], dict[str, str]]] = {
    "scenarios": _scenarios,
    "environments": lambda: _family(ENVIRONMENTS),
    "policies": lambda: _family(POLICIES),
    "methods": lambda: _family(METHODS),
    "dialects": lambda: _family(DIALECTS),
    "advantages": lambda: _family(ADVANTAGES),
    "levels": lambda: _family(LEVELS),
    "gates": lambda: _family(GATES),
    "reductions": lambda: _family(REDUCTIONS),
    "filters": lambda: _family(FILTERS),
    "rollouts": lambda: _family(ROLLOUTS),
    "optimizers": _optimizers,
    "remedies": lambda: _family(REMEDIES),
    "schedules": lambda: {name: factory.summary for name, factory in schedules().items()},
    "probes": lambda: {name: claim_of(probe.measure) for name, probe in PROBES.members.items()},
    "metrics": lambda: {name: metric.definition for name, metric in PROBES.metrics().items()},
    "quantities": _quantities,
    "closed_forms": _closed_forms,
}
