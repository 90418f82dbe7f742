"""The page of a run: one self-contained HTML file.

Question, verdicts, what was seen and why, figures, tables, and how to get the same numbers again. Everything that comes
from a scenario file is text: it is escaped before it enters the page.
"""

from __future__ import annotations

from html import escape

from ..explaining import explanations
from ..figures import ALL
from ..run import Run
from ..sentences import diverged, fairness, finding
from . import Section, figure_block, page
from .comparison import compared
from .sections import explained, provenance, result_table, verdict_list

MAX_NAMED = 12  # variants in one sentence


def render(run: Run) -> str:
    """The whole page as text."""
    sections = [
        Section("verdicts", "Predicted and measured", verdict_list(run.verdicts)),
        Section("warnings", "Watch out", _warnings(run)),
        Section("seen", "What was seen, and why", _seen(run)),
        Section("figures", "Figures", _figures(run)),
        Section("table", "Table", result_table(run)),
        Section("compared", "Side by side, paired by seed", compared(run)),
        Section("again", "The same numbers again", provenance(run)),
    ]
    return page(run.heading["title"], _opening(run), sections, name=run.manifest["name"])


def _opening(run: Run) -> str:
    """The question and, in a sentence or two, the answer."""
    heading = run.heading
    paragraphs = {
        "question": heading["question"],
        "source": heading["source"],
        "finding": finding(run),
        "diverged": f"{told}." if (told := diverged(run, MAX_NAMED)) else "",
    }
    return "\n".join(f"<p class={kind}>{escape(text)}</p>" for kind, text in paragraphs.items() if text)


def _warnings(run: Run) -> str:
    """What the scenario's options mean that their names do not say."""
    told = run.manifest.get("warnings", [])
    items = "".join(f"<li><code>{escape(key)}</code> {escape(sentence)}</li>" for key, sentence in told)
    return f"<ul>{items}</ul>" if told else ""


def _seen(run: Run) -> str:
    """What was seen and why, and what the comparison rests on."""
    rests = fairness(run)
    return explained(explanations(run)) + (f"<p class=note>{escape(rests)}</p>" if rests else "")


def _figures(run: Run) -> str:
    drawn = (figure for draw in ALL if (figure := draw(run)) is not None)
    return "\n".join(figure_block(figure, figure.least_width) for figure in drawn)
