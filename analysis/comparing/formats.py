"""A comparison as text for other programs: CSV, Markdown, LaTeX, JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

from ..text import finite
from .cells import difference, mean, names
from .comparison import Comparison

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "|": r"$|$",
    "±": r"$\pm$", "−": r"$-$", "Δ": r"$\Delta$", "†": r"$\dagger$", "∞": r"$\infty$", "≥": r"$\geq$", "≤": r"$\leq$",
    "·": r"$\cdot$", "×": r"$\times$", "→": r"$\to$", "Σ": r"$\Sigma$", "ω": r"$\omega$", "π": r"$\pi$",
    "ρ": r"$\rho$", "θ": r"$\theta$", "½": r"$\frac{1}{2}$", "√": r"$\surd$", "‖": r"$\|$", "⟨": r"$\langle$",
    "⟩": r"$\rangle$", "²": r"$^2$",
}  # fmt: skip


def csv(comparison: Comparison) -> str:
    """A row per variant; numbers in full, empty where there is none."""
    return comparison.wide().to_csv(index=False)


def markdown(comparison: Comparison) -> str:
    """A table of GitHub's Markdown, and what its columns mean."""
    head = ["variant", *map(_code, comparison.columns)]
    lines = [head, ["---", *["---:"] * len(comparison.columns)]]
    lines += [[_markdown(name), *map(_markdown, cells)] for name, cells in _rows(comparison, "<br>")]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    legends = "\n".join(f"- {_code(name)}: {_markdown(text)}" for name, text in comparison.legends.items())
    notes = "\n".join(f"- {_markdown(note)}" for note in comparison.notes)
    return f"{table}\n\n{legends}\n\n{notes}\n"


def latex(comparison: Comparison) -> str:
    r"""A table for papers, with \usepackage{booktabs}: means in one line, differences in the next."""
    lines = [
        "% \\usepackage{booktabs}",
        f"\\begin{{tabular}}{{l{'r' * len(comparison.columns)}}}",
        "\\toprule",
        " & ".join(["variant", *map(escaped, comparison.columns)]) + r" \\",
        "\\midrule",
    ]
    for name, cells in _rows(comparison, "\n"):
        pairs = [cell.split("\n") for cell in cells]
        lines.append(" & ".join([escaped(name), *(escaped(pair[0]) for pair in pairs)]) + r" \\")
        if any(len(pair) > 1 for pair in pairs):
            below = ["", *(f"\\footnotesize {escaped(pair[1])}" if len(pair) > 1 else "" for pair in pairs)]
            lines.append(" & ".join(below) + r" \\")
    lines += ["\\bottomrule", "\\end{tabular}"]
    comments = [f"{name}: {text}" for name, text in comparison.legends.items()] + comparison.notes
    return "\n".join([*lines, *(f"% {' '.join(comment.split())}" for comment in comments)]) + "\n"


def escaped(text: str) -> str:
    """Text as LaTeX prints it."""
    return "".join(LATEX.get(character, character) for character in " ".join(text.split()))


def as_json(comparison: Comparison) -> str:
    """All numbers with what they mean; null where there is none."""
    found = {
        "baseline": comparison.baseline,
        "variants": comparison.variants,
        "columns": comparison.legends,
        "notes": comparison.notes,
        "rows": finite(comparison.frame.to_dict("records")),
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Comparison], str]] = {"csv": csv, "markdown": markdown, "latex": latex, "json": as_json}


def _rows(comparison: Comparison, between: str) -> list[tuple[str, list[str]]]:
    """Each variant with its cells: the mean, and the difference after `between`."""
    columns = {name: comparison.of(name) for name in comparison.columns}
    found = []
    for label, shown in zip(comparison.variants, names(comparison), strict=True):
        rows = [columns[name].loc[label] for name in comparison.columns]
        changes = [f"{between}Δ {text}" if (text := difference(row)) else "" for row in rows]
        found.append((shown, [mean(row) + change for row, change in zip(rows, changes, strict=True)]))
    return found


def _code(name: str) -> str:
    """A column's name as code, in which only the bar and the backtick mean anything; a task's name may have them."""
    return "`" + " ".join(name.split()).replace("`", "'").replace("|", "\\|") + "`"


def _markdown(text: str) -> str:
    """Text in a cell: nothing of it is markup, but for the line break that is put between mean and difference."""
    parts = (" ".join(part.split()) for part in text.split("<br>"))
    return "<br>".join("".join(f"\\{sign}" if sign in "\\|`*_<>[]~#" else sign for sign in part) for part in parts)
