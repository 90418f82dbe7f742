"""What holds for all rules: links that lead somewhere, needs, order, how many; and how it is shown."""

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from analysis.explaining import RULES, Explanation, explanations, table
from analysis.explaining.explanation import MAX_FINDINGS
from analysis.explaining.terminal import looked_at, plain, show
from simulator.cli.main import main
from simulator.runs import run
from tests.analysis.explaining.frames import run_of, seeds
from tests.small import tables

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "[red]<b>x</b>"


def anchors(page):
    """The anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_a_rule_has_a_claim_of_one_sentence_a_link_to_a_heading_and_needs_what_is_recorded(rule):
    from simulator.probes import PROBES

    assert rule.claim.endswith(".") and 20 < len(rule.claim) <= 160
    assert rule.when.endswith(".")
    page, _, anchor = rule.link.partition("#")
    assert anchor in anchors(ROOT / page)
    assert all(need in PROBES.metrics() or "/" not in need for need in rule.needs)


def test_a_table_of_all_rules_has_its_links_from_within_the_documents():
    heads, rows = table()
    assert heads == ["rule", "it says", "when", "it needs", "why"] and len(rows) == len(RULES) >= 20
    assert rows[0][0] == "`diverged`" and rows[0][4] == "[metrics](glossary.md#metrics)"


MUCH = {"group/zero_std": 0.5, "grad/norm": 1.0, "clip/active": 0.0, "ratio/max": 1.5, "kl/behavior_exact": 0.3}


def test_the_most_important_comes_first_and_no_more_than_are_asked_for():
    made = run_of(seeds(MUCH | {"ratio/ess": 0.5}, {}, {}))
    found = [each.rule for each in explanations(made)]
    assert found == ["clip_cannot_act", "groups_without_signal", "updates_go_far"]
    assert [each.rule for each in explanations(made, most=1)] == found[:1] and MAX_FINDINGS == 10


def test_a_sentence_begins_as_sentences_do():
    one, _, far = explanations(run_of(seeds(MUCH, {}, {})))
    assert one.says.startswith("clip/active is 0") and far.says.startswith("A rollout's updates end")
    several = explanations(run_of(seeds(MUCH, {}, {}), points=[{"a.b": 1}, {"a.b": 2}]))
    assert several[0].says.startswith("b = 1: clip/active")


def test_a_rule_whose_metrics_were_not_recorded_is_not_asked():
    made = run_of(seeds({"ratio/max": 1.5}, {}, {}))
    assert explanations(made) == []


def printed(made):
    console = Console(width=80, file=io.StringIO(), highlight=False)
    show(made, explanations(made), console)
    return console.file.getvalue()


def test_the_terminal_shows_sentence_numbers_and_link_in_eighty_columns():
    text = printed(run_of(seeds(MUCH, {}, {}), points=[{"optimizer": HOSTILE}, {"optimizer": "sgd"}]))
    assert max(map(len, text.splitlines())) <= 80
    assert "1. [red]<b>x</b>: clip/active is 0" in text  # text, no markup
    assert "looked at: updates per rollout = 1, clip/active, largest = 0" in text
    assert "clip_cannot_act, docs/theory.md#one-update-a-rollout" in text


def test_nothing_to_explain_is_said_to_be_so():
    assert "No rule found anything to explain" in printed(run_of(seeds({"ratio/max": 1.5}, {}, {})))


def test_what_was_looked_at_is_numbers_ranges_and_texts():
    assert looked_at({"a": 0.25, "b": [1.0, 2.0], "c": "x"}) == "a = 0.25, b = 1 to 2, c = x"


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    training = {"num_rollouts": 2, "group_size": 4, "epochs": 1, "seeds": 2}
    return run(tables(training=training, record={}), out=tmp_path_factory.mktemp("runs"))


def test_the_command_explains_a_run(directory, capsys):
    assert main(["explain", str(directory)]) == 0
    assert "clip/active is 0 because each rollout has one update" in " ".join(capsys.readouterr().out.split())


def test_as_json_it_has_the_numbers(directory, capsys):
    assert main(["explain", str(directory), "--json"]) == 0
    first = json.loads(capsys.readouterr().out)[0]
    assert first["rule"] == "clip_cannot_act" and first["looked_at"]["updates per rollout"] == 1
    assert first["variants"] == ["learning_rate = 0.01", "learning_rate = 0.1"]


def test_what_is_no_run_is_refused(tmp_path, capsys):
    assert main(["explain", str(tmp_path / "none")]) == 2
    assert "no run directory" in capsys.readouterr().err


def test_what_is_not_finite_is_null_as_json():
    found = Explanation("a", "b", {"x": [1.0, float("inf")], "y": float("nan"), "z": "text"}, "d")
    assert plain([found])[0]["looked_at"] == {"x": [1.0, None], "y": None, "z": "text"}


def test_plain_explanations_can_be_written_as_json():
    assert json.dumps(plain(explanations(run_of(seeds(MUCH, {}, {})))))
