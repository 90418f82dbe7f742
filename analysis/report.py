"""The page of a run: one self-contained HTML file.

Question, answer, figures, table, and how to get the same numbers again. Everything that comes from a scenario file is
text: it is escaped before it enters the page.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from analysis.excerpt import excerpt
from analysis.figures import ALL
from analysis.page import figure_block, html_table, page
from analysis.run import LEARNING_RATE
from analysis.words import fairness, finding, meaning, measured, memory, number, with_interval

if TYPE_CHECKING:
    from analysis.run import Run

MOST_ROWS = 100
SIGNS = {"equal": "", "at_least": "≥ ", "at_most": "≤ "}


def render(run: Run) -> str:
    """The whole page as text."""
    heading = run.heading
    sections = [
        f"<p class=question>{escape(heading['question'])}</p>",
        f"<p class=source>{escape(heading['source'])}</p>" if heading["source"] else "",
        f"<p class=finding>{escape(finding(run))}</p>",
        *(f"<p class=note>{escape(sentence)}</p>" for sentence in (memory(run), fairness(run)) if sentence),
        _warnings(run),
        _verdicts(run),
        *_figures(run),
        "<h2>Table</h2>",
        _table(run),
        "<h2>The same numbers again</h2>",
        _provenance(run),
    ]
    return page(heading["title"], "\n".join(sections))


def _figures(run: Run) -> list[str]:
    return [figure_block(figure, figure.least_width) for draw in ALL if (figure := draw(run)) is not None]


def _warnings(run: Run) -> str:
    """What the scenario's options mean that their names do not say."""
    told = run.manifest.get("warnings", [])
    items = "".join(f"<li><code>{escape(key)}</code> {escape(sentence)}</li>" for key, sentence in told)
    return f"<h2>Watch out</h2><ul>{items}</ul>" if told else ""


def _verdicts(run: Run) -> str:
    if not run.verdicts:
        return ""
    rows = [
        [
            escape(claim["says"]) + (f"<small>{escape(claim['source'])}</small>" if claim["source"] else ""),
            SIGNS[claim["relation"]] + number(claim["predicted"]),
            measured(claim),
            number(claim["tolerance"]),
            f"{claim['cases']:,}",
            f"<b class='{claim['verdict'].replace(' ', '-')}'>{claim['verdict']}</b>",
        ]
        for claim in run.verdicts
    ]
    names = ["claim", "predicted", "measured", "tolerance", "cases", "verdict"]
    note = "Predicted and measured stand for the case that differs most from its prediction."
    return f"<h2>Predicted and measured</h2>{html_table(names, rows)}<p class=note>{note}</p>"


def _table(run: Run) -> str:
    columns = [name for name in run.columns if name in run.summary]
    rates = [LEARNING_RATE] * run.matched
    shown, rest = excerpt(run.summary, run.heading["headline"], MOST_ROWS)
    rows = [
        [
            escape(row["label"]),
            *(with_interval(row[name], row[f"{name}:low"]) for name in columns),
            *(number(row[name]) for name in rates),
            str(row["seeds"]),
        ]
        for _, row in shown.iterrows()
    ]
    more = f"<p class=note>{escape(rest)}</p>" if rest else ""
    definitions = "".join(f"<dt>{escape(name)}</dt><dd>{escape(meaning(run, name))}</dd>" for name in columns)
    return html_table(["variant", *columns, *rates, "seeds"], rows) + more + f"<dl>{definitions}</dl>"


def _provenance(run: Run) -> str:
    manifest = run.manifest
    plan, versions = manifest["plan"], manifest["versions"]
    first = plan["first_seed"]
    facts = {
        "command": manifest["command"],
        "run": f"{manifest['name']}-{manifest['hash']}, {manifest['started']}, {manifest['seconds']:g} s",
        "size": f"{_count(plan['points'], 'point')} × {_count(plan['seeds'], 'seed')}, "
        f"{_count(plan['updates'], 'optimizer update')}, {_count(len(plan['structures']), 'compiled structure')}",
        "seeds": " to ".join(str(seed) for seed in sorted({first, first + plan["seeds"] - 1})),
        "precision": run.experiment(0)["training"]["precision"],
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }
    rows = [[escape(name), escape(str(text))] for name, text in facts.items()]
    return (
        html_table(["", ""], rows)
        + _details("The scenario, as it was read", manifest["scenario"])
        + _details("The first point, all defaults filled in", run.experiment(0))
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _details(title: str, value: Any) -> str:
    text = escape(json.dumps(value, indent=1, ensure_ascii=False))
    return f"<details><summary>{escape(title)}</summary><pre>{text}</pre></details>"
