"""The sections of a run's page: findings, results, verdicts, where it all comes from."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from html import escape
from typing import Any

from ..excerpt import excerpt
from ..explaining import Explanation
from ..run import LEARNING_RATE, Run, short
from ..sentences import meaning
from ..text import number, with_interval
from .document import data_block, html_table


def explained(found: Sequence[Explanation]) -> str:
    """Explanations as ready-made HTML, in their order; nothing where there are none."""
    return f"<ol class=explained>\n{''.join(map(_item, found))}</ol>\n" if found else ""


def _item(each: Explanation) -> str:
    from ..explaining.terminal import looked_at

    rests = f"Looked at: {looked_at(each.looked_at)}."
    return (
        f"<li>{escape(each.says)}<details><summary>why</summary>"
        f"<p>{escape(rests)} Rule <code>{escape(each.rule)}</code>, explained in <code>{escape(each.link)}</code>.</p>"
        "</details></li>\n"
    )


MAX_ROWS = 100
SHOWN = 16  # rows before the rest is folded


def result_table(run: Run) -> str:
    """The headline and the columns that the scenario asks for, each with its interval over seeds."""
    columns = [name for name in run.columns if name in run.summary]
    rates = [LEARNING_RATE] * run.matched
    shown, rest = excerpt(run.summary, run.heading["headline"], MAX_ROWS)
    rows = [
        [
            escape(row["label"]),
            *(with_interval(row[name], row[f"{name}:low"]) for name in columns),
            *(number(row[name]) for name in rates),
            str(row["seeds"]),
        ]
        for _, row in shown.iterrows()
    ]
    seeds = int(run.summary["seeds"].max())
    spread = "<p class=note>± is half the 95 % interval of the mean over seeds.</p>" if seeds > 1 else ""
    more = f"<p class=note>{escape(rest)}</p>" if rest else ""
    definitions = "".join(f"<dt>{escape(name)}</dt><dd>{escape(meaning(run, name))}</dd>" for name in columns)
    return "\n".join(
        [
            html_table(["variant", *columns, *rates, "seeds"], rows, SHOWN),
            more + spread + f"<dl>{definitions}</dl>",
            data_block("summary", run.summary),
        ]
    )


SIGNS = {"holds": "✓", "fails": "✗", "cannot tell": "?"}
BOUNDS = {"at_least": "at least ", "at_most": "at most ", "positive": "more than ", "negative": "less than "}
ALIKE = 2e-9  # an interval narrower than this, of the value, is rounding


def verdict_list(verdicts: list[dict[str, Any]]) -> str:
    """All claims, in the scenario's order; nothing where it has none."""
    return f"<ol class=verdicts>\n{''.join(map(_verdict_item, verdicts))}</ol>" if verdicts else ""


def _verdict_item(claim: dict[str, Any]) -> str:
    verdict = claim["verdict"]
    sign = f"<b class=sign><i aria-hidden=true>{SIGNS[verdict]}</i> {verdict}</b>"
    told = [f"<p class=says>{escape(claim['says'])}</p>"]
    if verdict != "holds" and (why := claim.get("why")):
        told.append(f"<p class=why>{escape(why[:1].upper() + why[1:])}.</p>")
    told.append(f"<p>{' '.join(filter(None, (_numbers(claim), _deviation(claim))))}</p>")
    if claim.get("source"):
        told.append(f"<p class=source>{escape(claim['source'])}</p>")
    return f"<li class={verdict.replace(' ', '-')}>{sign}<div>{''.join(told)}</div></li>\n"


def _numbers(claim: dict[str, Any]) -> str:
    """'ratio/max: predicted 1.6, measured 1.615 (95 % interval 1.61 to 1.62 over 16 seeds, Student's t).'"""
    if claim.get("measured") is None:
        return f"{_quantity(claim)}: nothing measured."
    bound = BOUNDS.get(str(claim.get("prediction")), BOUNDS.get(claim["relation"], ""))
    predicted = f"predicted {bound}<b>{number(claim['predicted'])}</b>"
    return f"{_quantity(claim)}: {predicted}, measured <b>{number(claim['measured'])}</b>{_interval(claim)}."


def _quantity(claim: dict[str, Any]) -> str:
    """'slope of update/norm over rollout, less that at b1 = 0'."""
    text = f"<code>{escape(claim['metric'])}</code>"
    if fit := claim.get("fit"):
        text = f"{escape(fit['kind'].replace('_', '-'))} of {text} over {escape(fit['over'])}"
    if against := claim.get("against"):
        others = ", ".join(f"{name} = {short(value)}" for name, value in against.items())
        text += f", less that at {escape(others)}"
    return text


def _interval(claim: dict[str, Any]) -> str:
    """' (95 % interval 1.61 to 1.62 over 16 seeds, Student's t)', as much of it as is known."""
    low, high, seeds = claim.get("low"), claim.get("high"), claim.get("seeds")
    over = f"{seeds:,} seed{'s' * (seeds != 1)}" if seeds else ""
    if low is None or high is None or math.isnan(high - low):
        return f" ({over})" if over else ""
    if high - low <= ALIKE * max(abs(claim["measured"]), 1.0):
        return f" (alike in all {over})" if over and (seeds or 0) > 1 else ""
    method = f", {escape(claim['method'])}" if claim.get("method") else ""
    interval = f"{100 * claim.get('level', 0.95):g} % interval {number(low)} to {number(high)}"
    return f" ({interval}{f' over {over}' if over else ''}{method})"


def _deviation(claim: dict[str, Any]) -> str:
    """Where prediction and measurement differ most, by how much, and by how much they may."""
    deviation, count = claim.get("largest_deviation"), claim.get("cases") or 0
    if deviation is None:
        return ""
    is_sign = claim.get("prediction") in BOUNDS  # of which the tolerance is how far from 0 it has to be
    if claim["relation"] == "equal" and not is_sign:
        told = f"Largest deviation {number(deviation)}"
    elif deviation > 0:
        told = f"{number(deviation)} beyond the bound"
    else:
        told = f"At the least {number(-deviation)} inside the bound" if deviation else "Just at the bound"
    allowed = (
        f", where {number(claim['tolerance'])} is {'asked' if is_sign else 'allowed'}" if claim.get("tolerance") else ""
    )
    of = f", of {count:,} cases" if count > 1 else ""
    return f"{told}{allowed}, at {escape(_place(claim.get('worst_case') or {}))}{of}."


def _place(case: dict[str, Any]) -> str:
    """'adamw, b1 = 0.9, rollout 3, n = 23, j = 10'."""
    counted = {name: value for name, value in case.items() if name != "variant"}
    told = (f"{name} = {value}" if len(name) == 1 else f"{name} {value}" for name, value in counted.items())
    return ", ".join([str(case.get("variant", "the run")), *told])


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


BARE = re.compile(r"[A-Za-z0-9_-]+")
Table = dict[str, Any]


def as_toml(table: Table) -> str:
    """A table whose values are what JSON has; what is unset (None) is left out, which TOML has no word for."""
    return "\n".join(_lines(table, ())).strip() + "\n"


def _lines(table: Table, path: tuple[str, ...]) -> list[str]:
    """Values first: whatever follows the heading of a table is in that table."""
    below = {key: value for key, value in table.items() if _is_table(value, path) or _is_tables(value)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if value is not None and key not in below]
    for key, value in below.items():
        name = ".".join(map(_key, (*path, key)))
        for heading, own in [(f"[{name}]", value)] if isinstance(value, dict) else [(f"[[{name}]]", v) for v in value]:
            lines += ["", heading, *_lines(own, (*path, key))]
    return lines


def _is_table(value: Any, path: tuple[str, ...]) -> bool:
    """Whether it gets a heading: an axis, { values = … }, reads better in a line."""
    return isinstance(value, dict) and not path


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _key(key: str) -> str:
    return key if BARE.fullmatch(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items() if each is not None)
        return f"{{ {pairs} }}" if pairs else "{}"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
