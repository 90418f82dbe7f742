"""The names of variants in a comparison of several runs."""

from analysis.comparing.variants import variants_of
from tests.analysis.comparing.rows import made, values
from tests.tabulated import tabulated

ROWS = [*values(s0=1.0), *values(point=1, s0=2.0)]


def labels(*runs):
    return [variant.label for variant in variants_of(runs)]


def changed(run, **numbers):
    """The run with other numbers in the optimizer of its points."""
    optimizers = run.manifest["points"]["parts"]["optimizer"]
    optimizers["variants"] = [own | numbers for own in optimizers["variants"]]
    return run


def test_the_variants_of_one_run_have_its_labels():
    assert labels(made(ROWS)) == ["adam", "lion"]


def test_different_scenarios_are_named():
    assert labels(made(ROWS), made(ROWS, name="other")) == ["made: adam", "made: lion", "other: adam", "other: lion"]


def test_a_run_without_variants_has_its_scenarios_name():
    alone = made(values(s0=1.0), labels=())
    alone.manifest["points"] = tabulated([{"experiment": {}}])
    assert labels(alone, made(ROWS, name="other")) == ["made", "other: adam", "other: lion"]


def test_runs_of_one_scenario_are_told_apart_by_what_differs():
    first, second = made(ROWS, directory="made-1"), changed(made(ROWS, directory="made-2"), learning_rate=0.5)
    assert labels(first, second) == [
        "adam (learning_rate = 0.01)", "lion (learning_rate = 0.01)",
        "adam (learning_rate = 0.5)", "lion (learning_rate = 0.5)",
    ]  # fmt: skip


def test_where_much_differs_they_are_told_apart_by_their_directories():
    first = made(ROWS, directory="runs/made-1")
    second = changed(made(ROWS, directory="runs/made-2"), learning_rate=0.5, b1=0.0, b2=0.0)
    assert labels(first, second)[0::2] == ["adam (made-1)", "adam (made-2)"]


def test_labels_that_nothing_tells_apart_are_numbered():
    assert labels(made(ROWS, labels=("adam", "adam"))) == ["adam (made) #1", "adam (made) #2"]
