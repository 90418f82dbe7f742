"""The scenario on a page is a file that says the same."""

import tomllib

import pytest

from analysis.page.sections import as_toml
from simulator.scenario.shipped import shipped_scenarios


@pytest.mark.parametrize("name", sorted(shipped_scenarios()))
def test_every_shipped_scenario_comes_back_as_it_was(name):
    table = tomllib.loads(shipped_scenarios()[name].read_text(encoding="utf-8"))
    assert tomllib.loads(as_toml(table)) == table


def test_what_toml_finds_hard_comes_back_as_it_was():
    table = {
        "title": 'a "quote", a \\ and\nlines\t\x7f\x01 ∞ 😀 </script>',
        "odd key.": {"a b": 1, "list": [[1.0, -0.0], [], [True, "x"]], "axis": {"values": [1e-300, 1e22]}},
        "optimizer": [{"name": "x", "b1": {"range": [0.0, 1.0], "num": 3}}, {"where": {"a.b": 0.0}}, {}],
        "mixed": [{"a": 1}, 2],
        "nested": {"tables": [{"a": 1}, {"b": {"c": 2}}], "table": {}},
    }
    assert tomllib.loads(as_toml(table)) == table


def test_what_is_unset_is_left_out():
    assert as_toml({"a": None, "b": {"c": None, "d": [{"e": None, "f": 1}]}}) == "[b]\n\n[[b.d]]\nf = 1\n"


def test_it_reads_as_it_would_be_written():
    table = {
        "title": "T",
        "optimizer": [{"name": "sgd", "learning_rate": {"values": [0.1, 1.0]}}],
        "training": {"seeds": 2},
    }
    assert as_toml(table) == (
        'title = "T"\n\n[[optimizer]]\nname = "sgd"\nlearning_rate = { values = [0.1, 1.0] }\n\n[training]\nseeds = 2\n'
    )
