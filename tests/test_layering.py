"""The arrows between the modules point one way, and importing a scenario does not wait for jax."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

from tests import fresh

ARROWS = (fresh.ROOT / "docs" / "architecture.md").read_text()


def floors(package: str) -> list[list[str]]:
    """The lines of the page's arrows, from the bottom up: a module may import what stands below it, and beside it."""
    (lines,) = re.findall(rf"```arrows {package}\n(.*?)```", ARROWS, flags=re.DOTALL)
    named = [[name if name == package else f"{package}.{name}" for name in line.split()] for line in lines.splitlines()]
    return named[::-1]


LAYERS, LAYERS_OF_ANALYSIS = floors("simulator"), floors("analysis")
SIBLINGS = ("environments", "policies", "methods", "optimizers", "probes")  # none of them knows another's parts

LOOP = ("simulator.loop", "simulator.update")
PROTOCOLS = {f"simulator.{family}.base" for family in ("environments", "policies", "methods", "surrogates", "probes")}
LOOP_MAY_IMPORT = PROTOCOLS | {"simulator.exact", "simulator.parts", "simulator.probes.context", "simulator.types"}
LOOP_MAY_IMPORT |= {
    "simulator.rollouts.walking",
    "simulator.optimizers.attribution",
    "simulator.surrogates.signals",
    "simulator.update",
}

# What is no part itself in the packages whose other modules each hold one.
NO_PART = {"base", "context", "__init__", "chance", "network", "reward_rules", "reward_scale", "sampling", "worlds"}
MAY_LIST_PARTS = ("simulator", "simulator.experiment")
COMMANDS = "simulator.cli"
ASKS_ABOUT_CLAIMS = ("simulator.scenario.claims", "ratiodrift.analysis.claims")  # names and bounds, no tables
NOT_IN_ANALYSIS = ("jax", "jaxlib", "optax", "simulator", "ratiodrift")


def is_in(module: str, package: str) -> bool:
    return module == package or ("." in package and module.startswith(package + "."))


def module_name(path: Path) -> str:
    parts = path.relative_to(fresh.ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(package: str) -> dict[str, str]:
    return {module_name(path): path.read_text() for path in sorted((fresh.ROOT / package).rglob("*.py"))}


def imports(module: str, source: str, known: set[str]) -> Iterator[str]:
    """Every module that a source imports at run time, also inside functions; `known` tells modules from names."""
    package = module if any(name.startswith(module + ".") for name in known) else module.rpartition(".")[0]
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            # the other branch runs; where the test has another way to be true, so does this one
            taken = node.orelse if ast.unparse(node.test).endswith("TYPE_CHECKING") else [*node.body, *node.orelse]
            waiting.extend(taken)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            source_of = resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                below = f"{source_of}.{alias.name}"
                yield below if below in known else source_of
        waiting.extend(ast.iter_child_nodes(node))


def rank(module: str) -> int:
    """The height of a module: that of the entry which names it, or else the package that it is in."""
    layers = LAYERS_OF_ANALYSIS if module.split(".")[0] == "analysis" else LAYERS
    named = {name: height for height, layer in enumerate(layers) for name in layer if is_in(module, name)}
    assert named, f"{module} stands in no layer"
    return named[max(named, key=len)]


def is_part(module: str) -> bool:
    names = module.split(".")
    return len(names) == 3 and names[1] in ("environments", "policies", "methods", "probes") and names[2] not in NO_PART


def package_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def complaints(module: str, source: str, known: set[str]) -> list[str]:
    """What is wrong with the imports of one module."""
    found = []
    for target in imports(module, source, known):
        top, arrow = target.split(".")[0], f"{module} imports {target}"
        if module.split(".")[0] == "analysis":
            found += [f"{arrow}: files are the interface"] if top in NOT_IN_ANALYSIS else []
            if top == "analysis" and target != "analysis" and rank(target) > rank(module):
                found.append(f"{arrow}: the arrow points back")
            continue
        command = is_in(module, COMMANDS)
        if top in ("pandas", "plotly") or (
            top in ("analysis", "ratiodrift") and not command and (module, target) != ASKS_ABOUT_CLAIMS
        ):
            found.append(f"{arrow}: the simulator computes, analysis looks at it")
        if top != "simulator" or target == "simulator" or module == "simulator":
            continue
        if rank(target) > rank(module):
            found.append(f"{arrow}: the arrow points back")
        if module in LOOP and target not in LOOP_MAY_IMPORT:
            found.append(f"{arrow}: the loop knows protocols alone")
        may_list = command or module in MAY_LIST_PARTS or package_of(module) == package_of(target)
        if is_part(target) and not may_list:
            found.append(f"{arrow}: only the experiment lists the concrete parts")
        families = {package_of(module).split(".")[-1], package_of(target).split(".")[-1]}
        if len(families & set(SIBLINGS)) == 2 and not target.endswith((".base", "optimizers.attribution")):
            found.append(f"{arrow}: families know each other by their protocols")
    return found


SOURCES = sources("simulator") | sources("analysis")
KNOWN = set(SOURCES)


def test_every_module_imports_only_what_stands_below_it():
    assert not [found for module in sorted(KNOWN) for found in complaints(module, SOURCES[module], KNOWN)]


def circle(sources: dict[str, str]) -> list[str]:
    """The modules of an import circle; none where there is none."""
    known = set(sources)
    graph = {module: {*imports(module, text, known)} & known - {module} for module, text in sources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_there_is_no_import_circle():
    assert not circle(SOURCES)
    assert circle({"simulator.a": "from . import b", "simulator.b": "def late():\n    from . import a"})


def test_every_line_of_the_page_names_a_room():
    for name in (name for layers in (LAYERS, LAYERS_OF_ANALYSIS) for layer in layers for name in layer):
        assert any(is_in(module, name) for module in KNOWN), name


@pytest.mark.parametrize(
    ("module", "offence"),
    [
        ("analysis.run.run", "import jax"),
        ("analysis.run.run", "from optax import adam"),
        ("analysis.run.run", "def late():\n    from simulator.types import Trace"),
        ("analysis.run.run", "def late():\n    from ..figures import ALL"),
        ("analysis.text", "from .quantities import QUANTITIES"),
        ("simulator.runs", "import pandas as pd"),
        ("simulator.runs", "import plotly.express"),
        ("simulator.runs", "from ratiodrift.analysis.run.run import load"),
        ("analysis.run.run", "import ratiodrift"),
        ("simulator.runs", "def late():\n    import analysis.page.report"),
        ("simulator.loop", "from simulator.methods.grpo import GRPO"),
        ("simulator.loop", "from simulator.advantages import GroupMean"),
        ("simulator.loop", "from simulator.experiment import Experiment"),
        ("simulator.types", "from simulator.advantages import GroupMean"),
        ("simulator.types", "if TYPE_CHECKING:\n    pass\nelse:\n    from simulator.policies.base import Policy"),
        ("simulator.surrogates.gates", "from simulator import loop"),
        ("simulator.advantages", "import simulator.experiment"),
        ("simulator.rollouts", "from simulator.execution.plan import plan"),
        ("simulator.rollouts", "from simulator import exact"),
        ("simulator.exact.oracle", "from simulator.probes.context import StepContext"),
        ("simulator.exact.groups", "from simulator.environments.bandit import Bandit"),
        ("simulator.exact.groups", "from simulator.methods.base import Method"),
        ("simulator.experiment", "from simulator.scenario.load import load"),
        ("simulator.scenario.load", "from simulator.runs import run"),
        ("simulator.scenario.load", "from simulator.cli import main"),
        ("simulator.execution.plan", "from simulator.environments.bandit import Bandit"),
        ("simulator.execution.plan", "from simulator.execution.program import compile_chunk"),
        ("simulator.execution.compute", "from simulator.storage.chunks import RunFolder"),
        ("simulator.engines.worker", "from simulator.engines.base import Engine"),
        ("simulator.engines.ray", "from simulator.runs import write_run"),
        ("simulator.methods.grpo", "from simulator.environments.bandit import Bandit"),
        ("simulator.probes.kl", "from simulator.policies.sampling import draw"),
    ],
)
def test_the_check_can_fail(module, offence):
    assert complaints(module, offence, KNOWN | {module})


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("simulator.types", "if TYPE_CHECKING:\n    from simulator.environments.base import Environment"),
        ("simulator.cli.run", "import analysis.page.report\nfrom simulator.methods.grpo import GRPO"),
        ("simulator.cli.brake", "def late():\n    import analysis.theory"),
        ("simulator.methods.new", "from simulator.methods.base import Regularized\nimport numpy"),
        ("simulator.loop", "from simulator import exact\nimport jax"),
        (
            "simulator.exact.new",
            "from simulator.surrogates.base import Surrogate\nfrom simulator.exact.groups import work",
        ),
        ("simulator.probes.context", "from simulator.exact import Listed"),
        ("simulator.environments.new", "from simulator.environments.rewards import draw"),
    ],
)
def test_the_check_lets_good_imports_pass(module, source):
    assert not complaints(module, source, KNOWN | {module})


def test_loading_a_scenario_does_not_import_jax():
    printed = fresh.python(
        "import sys, simulator; simulator.load('momentum_overshoot'); "
        "print([name for name in ('jax', 'jaxlib', 'optax', 'pandas', 'plotly') if name in sys.modules])"
    )
    assert printed.strip() == "[]"


def test_importing_the_package_imports_none_of_its_modules():
    printed = fresh.python("import sys, simulator; print([name for name in sys.modules if 'simulator.' in name])")
    assert printed.strip() == "[]"
