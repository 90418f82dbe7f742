"""A comparison as CSV, Markdown, LaTeX, JSON, HTML and a terminal's table: nothing of a scenario becomes markup."""

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from analysis.comparing import compare
from analysis.comparing.formats import escaped
from analysis.comparing.terminal import show
from analysis.page.comparison import FORMATS, dots
from tests.analysis.comparing.rows import made, values

HOSTILE = "</script><b>50% & $x_1$ | [red]a\\b*"
TWO = [*values(s0=1.0, s1=2.0, s2=3.0), *values(point=1, s0=3.0, s1=5.0, s2=4.0)]


@pytest.fixture(scope="module")
def found():
    return compare(made(TWO, labels=("adam", HOSTILE)), columns=["ratio/max", "update/norm"])


def printed(comparison, width=80):
    console = Console(width=width, file=io.StringIO(), highlight=False)
    show(comparison, console)
    return console.file.getvalue()


def test_csv_has_a_row_a_variant_with_numbers_in_full(found):
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](found))))
    assert [row["variant"] for row in rows] == ["adam", HOSTILE]
    assert float(rows[1]["ratio/max"]) == 4.0 and float(rows[1]["ratio/max:difference"]) == 2.0
    assert float(rows[1]["ratio/max:difference_low"]) == pytest.approx(2 - 2.48414, abs=1e-5)
    assert rows[0]["ratio/max:difference"] == "" and rows[0]["ratio/max:pairs"] == "0"


def test_markdown_has_a_table_whose_cells_stay_cells(found):
    lines = FORMATS["markdown"](found).splitlines()
    assert lines[0] == "| variant | `ratio/max` | `update/norm` |"
    cells = re.split(r"(?<!\\)\|", lines[3])  # an escaped bar ends no cell
    assert len(cells) == 5 and "4.0 ± 2.5<br>Δ +2.0 ± 2.5" in cells[2]
    assert "\\<b\\>" in cells[1] and "<b>" not in cells[1]


def test_latex_has_a_booktabs_table_in_which_all_is_escaped(found):
    lines = FORMATS["latex"](found).splitlines()
    assert [line for line in lines if "rule" in line] == ["\\toprule", "\\midrule", "\\bottomrule"]
    assert lines[1] == "\\begin{tabular}{lrr}" and "\\end{tabular}" in lines
    row = next(line for line in lines if "50" in line)
    assert r"50\% \& \$x\_1\$ $|$ [red]a\textbackslash{}b* & 4.0 $\pm$ 2.5 &" in row
    below = lines[lines.index(row) + 1]
    assert below.startswith(r" & \footnotesize $\Delta$ +2.0 $\pm$ 2.5 &") and below.endswith(r"\\")
    # every line of the table has as many cells
    assert {len(re.split(r"(?<!\\)&", line)) for line in lines if line.endswith(r"\\")} == {3}


def test_a_tasks_name_is_in_columns_and_stays_text_there():
    name = "task/a|`b\n\\input{x}/return"
    found = compare(made([*values(s0=1.0, s1=2.0)], labels=("adam",)), columns=["update/norm"])
    named = replace(found, columns=[name], legends={name: f"what {name} is"}, frame=found.frame.assign(column=name))
    assert FORMATS["markdown"](named).splitlines()[0] == "| variant | `task/a\\|'b \\input{x}/return` |"
    after_the_table = FORMATS["latex"](named).split("\\end{tabular}\n")[1]
    assert all(line.startswith("% ") for line in after_the_table.splitlines())


@pytest.mark.parametrize(
    ("text", "made_of_it"), [("a\nb", "a b"), ("−1 ≥ {x}^2~", r"$-$1 $\geq$ \{x\}\textasciicircum{}2\textasciitilde{}")]
)
def test_latex_escapes(text, made_of_it):
    assert escaped(text) == made_of_it


def test_json_has_null_where_there_is_no_number(found):
    data = json.loads(FORMATS["json"](found))
    assert data["baseline"] == "adam" and data["columns"]["ratio/max"].startswith("what ratio/max is")
    rows = {(row["variant"], row["column"]): row for row in data["rows"]}
    assert rows["adam", "ratio/max"]["difference"] is None
    assert rows[HOSTILE, "ratio/max"]["difference"] == 2.0 and rows[HOSTILE, "ratio/max"]["pairs"] == 3


def test_the_page_has_the_table_and_a_figure_a_column(found):
    page = FORMATS["html"](found)
    body = page[page.index("<main>") :]
    assert HOSTILE not in body and "&lt;/script&gt;&lt;b&gt;50% &amp; $x_1$" in body
    assert body.count("<figure>") == 2 and "4.0 ± 2.5<br><small>Δ +2.0 ± 2.5</small>" in body


def test_dots_are_the_means_with_their_intervals(found):
    drawn = dots(found, "ratio/max")
    (trace,) = drawn.drawing.data
    assert sorted(trace.x) == [2.0, 4.0] and trace.error_x.array[0] == pytest.approx(2.48414, abs=1e-5)
    assert not any("<b>" in label for label in trace.y)


def test_the_terminal_shows_means_and_differences_in_eighty_columns(found):
    text = printed(found)
    assert max(map(len, text.splitlines())) <= 80
    assert "4.0 ± 2.5" in text and "Δ +2.0 ± 2.5" in text and "baseline" in text
    assert "[red]a" in text  # no markup of the terminal either
    assert "Δ: difference from adam, paired by seed over 3 seeds in common" in text


def test_columns_that_do_not_fit_side_by_side_go_below_each_other(found):
    side_by_side = next(line for line in printed(found, 120).splitlines() if "ratio/max" in line)
    assert "update/norm" in side_by_side
    below = [line for line in printed(found, 44).splitlines() if line.rstrip().endswith(("ratio/max", "update/norm"))]
    assert len(below) == 2


def test_of_many_variants_the_ends_are_shown():
    rows = [row for point in range(100) for row in values(point=point, s0=float(point))]
    text = printed(compare(made(rows, labels=[f"v{point}" for point in range(100)]), columns=["ratio/max"]))
    assert "… and 60 more between these" in text
    assert "v19 " in text and "v20 " not in text and "v79 " not in text and "v80 " in text
