"""docs/extending.md: a package that brings one part of each family, and a scenario that runs them all."""

import re
import tomllib

import numpy as np
import pandas as pd
import pytest

from tests import fresh
from tests.installed import install

PAGE = (fresh.ROOT / "docs" / "extending.md").read_text()
(MODULE,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
SCENARIO, ENTRY_POINTS = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
RUN = "import sys; sys.path.insert(0, {site!r}); from simulator.cli.main import main; sys.exit(main({arguments!r}))"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder into which the package of the page was installed."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "extras.py").write_text(MODULE)
    install(folder, "extras", tomllib.loads(ENTRY_POINTS)["project"]["entry-points"])
    return folder


def run(site, folder, *options):
    """The updates table of the page's scenario, run by the command."""
    (folder / "one_of_each.toml").write_text(SCENARIO)
    arguments = ["run", str(folder / "one_of_each.toml"), "--out", str(folder / "runs"), *options]
    fresh.python(RUN.format(site=str(site), arguments=arguments))
    return pd.concat(pd.read_parquet(file) for file in sorted((folder / "runs").glob("*/updates/*.parquet")))


@pytest.mark.parametrize(
    "options",
    [pytest.param((), id="inline", marks=pytest.mark.long), pytest.param(("--engine", "processes"), id="processes")],
)
def test_a_scenario_runs_one_of_each(site, tmp_path, options):
    fixed = '{ kind = "fixed", completions = [[[0], [1], [3]]] }'
    rows = run(site, tmp_path, "--no-cache", "--set", f"rollouts={fixed}", "--set", "policy.temperature=4.0", *options)
    # The rewards are 0, 1, 3 and their median is 1: A = (−1, 0, 2). At ratio 1 the clip and the root push alike, and
    # each of three completions of one token weighs 1/3. Uniform over four rungs, the gradient of the logits is
    # (A summed per rung − ¼ ΣA) / 3; the parameters are logits / temperature, and a step is `boost` × 1.0 as long.
    gradient = (np.array([-1.0, 0.0, 0.0, 2.0]) - 0.25) / 3
    first = rows[rows["rollout"] == 0]
    assert len(first) == 4  # two methods × two values of boost
    for boost, measured in zip(first["optimizer.boost"], first["top/probability"], strict=True):
        logits = boost * gradient / 4.0**2
        np.testing.assert_allclose(measured, np.exp(logits[3]) / np.exp(logits).sum(), rtol=1e-12)


def test_lists_show_them_and_a_typo_is_told_of_them(site, tmp_path):
    kinds = ("methods", "environments", "policies", "advantages", "gates", "reductions", "probes", "optimizers")
    lists = "; ".join(f"main(['list', '{kind}'])" for kind in kinds)
    shown = fresh.python(RUN.replace("sys.exit(main({arguments!r}))", lists).format(site=str(site)))
    offered = tomllib.loads(ENTRY_POINTS)["project"]["entry-points"].values()
    assert all(re.search(rf"^{name} ", shown, re.MULTILINE) for names in offered for name in names)
    with pytest.raises(AssertionError, match="did you mean 'median_grpo'"):
        run(site, tmp_path, "--set", 'method.0.name="median_grp"')


def test_no_part_of_the_page_takes_more_than_fifteen_lines():
    parts = re.split(r"\n\n\n", MODULE)[1:]
    assert len(parts) == 8
    assert max(len([line for line in part.splitlines() if line.strip()]) for part in parts) <= 15
