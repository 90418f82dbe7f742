"""How to get the same numbers again: the exact command, seeds, versions, and the scenario as a file."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from .scenario_file import as_toml
from .tables import html_table

if TYPE_CHECKING:
    from ..run.run import Run


AGAIN = "<p class=note>Saved under a name that ends in .toml it can be run again, or changed.</p>"


def provenance(run: Run) -> str:
    """The command to copy, what it computed and with what, and the scenario."""
    manifest = run.manifest
    plan, versions = manifest["plan"], manifest["versions"]
    first = plan["first_seed"]
    facts = {
        "run": f"{manifest['name']}-{manifest['hash']}, {manifest['started']}, {manifest['seconds']:g} s",
        "size": f"{_count(plan['points'], 'point')} × {_count(plan['seeds'], 'seed')}, "
        f"{_count(plan['updates'], 'optimizer update')}, {_count(len(plan['structures']), 'compiled structure')}",
        "seeds": " to ".join(str(seed) for seed in sorted({first, first + plan["seeds"] - 1})),
        "precision": run.experiment(0)["training"]["precision"],
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "machine": _machine(manifest.get("platform", {})),
    }
    rows = [[escape(name), escape(text)] for name, text in facts.items() if text]
    return (
        copied(manifest["command"])
        + html_table(["", ""], rows)
        + details("The scenario, as a file", copied(as_toml(manifest["scenario"])) + AGAIN)
        + details("The first point, all defaults filled in", f"<pre>{escape(_json(run.experiment(0)))}</pre>")
    )


def copied(text: str) -> str:
    """A command, or a file, with a button that copies it."""
    whole = f"<pre><code>{escape(text)}</code></pre>"
    return f"<div class=command>{whole}<button type=button class=copy hidden>Copy</button></div>"


def details(title: str, html: str) -> str:
    """Something to be unfolded; `html` is ready-made, the title is not."""
    return f"<details><summary>{escape(title)}</summary>{html}</details>"


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def _machine(platform: dict[str, Any]) -> str:
    processors = platform.get("processors")
    return ", ".join(filter(None, [platform.get("machine"), _count(processors, "processor") if processors else None]))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
