"""Write the parts of the documents that come from the code, between their markers.

    python docs/generate.py            write them
    python docs/generate.py --check    exit 1 where one is stale

A marked part begins with `<!-- generated: NAME -->` and ends with `<!-- end -->`.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from analysis import explaining
from analysis.exports import trainer_table
from analysis.quantities import QUANTITIES
from analysis.text import bound, measured
from simulator.dialects import DIALECTS
from simulator.environments import ENVIRONMENTS
from simulator.methods import METHODS
from simulator.optimizers.remedies import REMEDIES
from simulator.parts import Family, claim_of
from simulator.policies import POLICIES
from simulator.probes import PROBES
from simulator.rollouts import ROLLOUTS
from simulator.scenario.shipped import shipped_scenarios

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that it runs as a script, too

from benchmarks import tables as benchmark_tables  # noqa: E402
from benchmarks.suites import NAMES as SUITES  # noqa: E402
from docs import methods_tables  # noqa: E402

DOCUMENTS = (
    "README.md",
    "docs/explaining.md",
    "docs/glossary.md",
    "docs/methods.md",
    "docs/performance.md",
    "docs/scenarios.md",
    "scenarios/README.md",
)
WHEN = {"gradient": "in the update's gradient", "after": "after the update", "rollout": "of the rollout"}


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def metrics() -> str:
    """Every recorded metric."""
    rows = [
        [f"`{name}`", metric.definition, WHEN[metric.when], metric.reading]
        for name, metric in sorted(PROBES.metrics().items())
    ]
    return _table(["metric", "meaning", "measured", "stands for a run by its"], rows)


def _heading(path: Path) -> dict:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def checked() -> dict[str, list[dict]]:
    """What `make check` found last, scenario by scenario: the verdicts on its claims."""
    found = json.loads((ROOT / "docs" / "claims.json").read_text(encoding="utf-8"))
    return {scenario["scenario"]: scenario["claims"] for scenario in found}


def scenarios() -> str:
    """The shipped scenarios, question by question, and how their claims fared."""
    rows, verdicts = [], checked()
    for name, path in shipped_scenarios().items():
        heading = _heading(path)
        rows.append([f"`{name}`", heading["question"], heading["source"], _held(verdicts.get(name, []))])
    return _table(["scenario", "question", "source", "claims"], rows)


def expectations() -> str:
    """The shipped scenarios with what each claims, which is what to expect, and what was found."""
    blocks, verdicts = [], checked()
    for name, path in shipped_scenarios().items():
        heading = _heading(path)
        rows = [
            [claim["says"], bound(claim), measured(claim), str(claim["seeds"] or "–"), claim["verdict"]]
            for claim in verdicts.get(name, [])
        ]
        claims = _table(["claim", "predicted", "measured", "seeds", "verdict"], rows)
        blocks.append(f"### [`{name}`]({path.name})\n\n{heading['question']} ({heading['source']})\n\n{claims}")
    return "\n\n".join(blocks)


def _held(claims: list[dict]) -> str:
    held = sum(claim["verdict"] == "holds" for claim in claims)
    return f"{'all ' if held == len(claims) else f'{held} of '}{len(claims)} hold"


def parts() -> str:
    """Every part that a scenario can name."""
    families: list[Family] = [METHODS, DIALECTS, ENVIRONMENTS, POLICIES, ROLLOUTS]
    rows = [
        [family.noun, f"`{name}`", claim_of(member)] for family in families for name, member in family.members.items()
    ]
    rows += [
        ["remedy", f"`{cls.__dataclass_fields__['kind'].default}`", claim_of(cls)] for cls in REMEDIES.members.values()
    ]
    return _table(["part", "name", "what it is"], rows)


def quantities() -> str:
    """What is worked out of recorded metrics, and can stand for one in claims."""
    rows = [
        [f"`{name}`", found.sentence, ", ".join(need if " " in need else f"`{need}`" for need in found.needs)]
        for name, found in QUANTITIES.items()
    ]
    return _table(["quantity", "what it is", "needs"], rows)


GENERATED: dict[str, Callable[[], str]] = {
    "metrics": metrics,
    "scenarios": scenarios,
    "expectations": expectations,
    "parts": parts,
    "methods": lambda: _table(*methods_tables.methods()),
    "advantages": lambda: _table(*methods_tables.advantages()),
    "gates": lambda: _table(*methods_tables.gates()),
    "conventions": lambda: _table(*methods_tables.conventions()),
    "dialects": methods_tables.dialects,
    "quantities": quantities,
    "rules": lambda: _table(*explaining.table()),
    "trainer_keys": trainer_table,
    "benchmark_conditions": benchmark_tables.conditions,
    **{f"benchmark_{name}": partial(benchmark_tables.suite, name) for name in SUITES},
}


def filled(text: str) -> str:
    """A document with every marked part made anew."""

    def fill(match: re.Match) -> str:
        name = match.group(1)
        return f"<!-- generated: {name} -->\n{GENERATED[name]()}\n<!-- end -->"

    return re.sub(r"<!-- generated: (\w+) -->\n.*?<!-- end -->", fill, text, flags=re.DOTALL)


def stale() -> list[Path]:
    """The documents whose marked parts no longer say what the code says."""
    paths = [ROOT / name for name in DOCUMENTS]
    return [path for path in paths if filled(path.read_text(encoding="utf-8")) != path.read_text(encoding="utf-8")]


def main() -> int:
    found = stale()
    for path in found:
        if "--check" in sys.argv:
            print(f"{path.relative_to(ROOT)} is stale: run `make docs`")
        else:
            path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if found and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
