"""The variants that a sentence is about, in as few words as tell which they are."""

import pytest

from analysis.explaining.explanation import named
from analysis.explaining.format import ends, hundredths, plain, span, whose
from analysis.text import percent
from tests.analysis.explaining.frames import run_of

GRID = [{"optimizer": name, "training.epochs": epochs} for name in ("adam", "lion", "sgd") for epochs in (1, 2, 4, 8)]


def names(points, swept=GRID):
    return named(run_of([{"point": point, "ratio/max": 1.0} for point in range(len(swept))], points=swept), points)


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (range(12), "all 12 variants"),
        ([5], "lion, epochs = 2"),
        ([4, 5, 6, 7], "with lion"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "with adam or lion"),
        ([0, 4, 8], "with epochs = 1"),
        ([1, 2, 5, 6], "with adam or lion and epochs = 2 or 4"),
        ([0, 5], "adam, epochs = 1; lion, epochs = 2"),
        (
            [point for point in range(12) if point not in (3, 5)],
            "all 12 variants but adam, epochs = 8; lion, epochs = 2",
        ),
        ([0, 1, 4, 6, 11], "5 of 12 variants (adam, epochs = 1; …; sgd, epochs = 8)"),
    ],
)
def test_a_set_of_variants_has_its_shortest_name(points, text):
    assert names([*points]) == text


def test_the_only_variant_needs_no_name():
    assert names([0], swept=[{}]) == ""


def test_many_values_in_a_row_are_a_range_and_others_are_not():
    swept = [{"optimizer": name, "optimizer.b1": b1 / 10} for name in ("adam", "lion") for b1 in range(10)]
    assert names([*range(2, 8), *range(12, 18)], swept) == "with b1 = 0.2 to 0.7"
    assert names([0, 2, 4, 6, 8, 10, 12, 14, 16, 18], swept).startswith("10 of 20 variants (")


def test_values_with_commas_are_told_apart():
    swept = [{"optimizer": name} for name in ("adam", "adam, b2 = 0.95", "sgd", "a", "b", "c", "d", "e", "f")]
    assert names([0, 1, 2, 3], swept) == "with adam; adam, b2 = 0.95; sgd or a"


@pytest.mark.parametrize(
    ("share", "text"), [(0.92, "92 %"), (0.004, "0.4 %"), (0.0, "0 %"), (0.997, "99.7 %"), (1.0, "100 %")]
)
def test_shares_are_per_cent(share, text):
    assert percent(share) == text


def test_numbers_have_as_many_digits_as_they_need():
    assert [plain(-0.2), plain(0.41529), hundredths(-0.001), hundredths(0.354)] == ["−0.2", "0.415", "0.00", "0.35"]
    assert span([0.97, 0.61]) == "0.61 to 0.97" and span([0.6101, 0.6102]) == "0.61"
    assert ends([2.0, 1.0]) == [1.0, 2.0] and ends([1.0, 1.0 + 1e-15]) == 1.0


def test_the_ends_of_a_range_have_their_variants_names_where_these_are_short():
    run = run_of([{"point": 0, "ratio/max": 1.0}, {"point": 1, "ratio/max": 1.0}], points=GRID[:1] + GRID[4:5])
    assert whose(run, {0: 0.5, 1: 0.9}, percent) == "50 % (adam, epochs = 1) to 90 % (lion, epochs = 1)"
    assert whose(run, {0: 0.5, 1: 0.501}, percent) == "50 %"
