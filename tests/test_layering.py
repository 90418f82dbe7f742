"""The arrows between the modules point one way, and importing a scenario does not wait for jax."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import fresh

# From the bottom up: a module may import what stands below it, and its neighbours in the same entry.
LAYERS = [
    ["simulator.lazy", "simulator.remedies", "simulator.compilation", "simulator.interrupts"],
    ["simulator.parts", "simulator.errors", "simulator.shipped", "simulator.stop"],
    ["simulator.types", "simulator.axes"],
    ["simulator.environments.base", "simulator.policies.base", "simulator.advantages"],
    ["simulator.surrogates", "simulator.rollouts"],
    ["simulator.exact"],
    ["simulator.methods.base", "simulator.attribution", "simulator.step_context"],
    ["simulator.environments"],
    ["simulator.policies"],
    ["simulator.methods", "simulator.dialects"],
    ["simulator.optimizers"],
    ["simulator.braking"],
    ["simulator.probes"],
    ["simulator.updating"],
    ["simulator.loop"],
    ["simulator.experiment"],
    ["simulator.reading", "simulator.heading", "simulator.choices"],
    ["simulator.matching"],
    ["simulator.manifest"],
    ["simulator.scenario"],
    ["simulator.run_directory", "simulator.writing", "simulator.columns"],
    ["simulator.estimates", "simulator.kept_programs"],
    ["simulator.sweep"],
    ["simulator.calibration", "simulator.program", "simulator.room"],
    ["simulator.computing"],
    ["simulator.tables", "simulator.token_tables"],
    ["simulator.run_folder"],
    ["simulator.resuming", "simulator.keeping", "simulator.work"],
    ["simulator.engines"],
    ["simulator.runs"],
]
# Modules above these (replaying, …) may import all of them; the command line is on top.
COMMANDS = ("simulator.cli", "simulator.arguments", "simulator.__main__", "simulator.commands")
SIBLINGS = ("environments", "policies", "methods", "optimizers", "probes")  # none of them knows another's parts

LOOP = ("simulator.loop", "simulator.updating")
PROTOCOLS = {f"simulator.{family}.base" for family in ("environments", "policies", "methods", "surrogates", "probes")}
LOOP_MAY_IMPORT = PROTOCOLS | {"simulator.exact", "simulator.parts", "simulator.step_context", "simulator.types"}
LOOP_MAY_IMPORT |= {
    "simulator.rollouts.walking",
    "simulator.attribution",
    "simulator.surrogates.signals",
    "simulator.updating",
}

# What is no part itself in the packages whose other modules each hold one.
NO_PART = {"base", "__init__", "chance", "network", "reward_rules", "reward_scale", "sampling", "worlds"}
MAY_LIST_PARTS = ("simulator", "simulator.experiment", *COMMANDS)


def is_in(module: str, package: str) -> bool:
    return (
        module == package
        or module.startswith(package + ".")
        or (package == "simulator.commands" and module.startswith(package))
    )


def module_name(path: Path) -> str:
    parts = path.relative_to(fresh.ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(package: str) -> dict[str, str]:
    return {module_name(path): path.read_text() for path in sorted((fresh.ROOT / package).rglob("*.py"))}


def imports(source: str, known: set[str]) -> Iterator[str]:
    """Every module that a source imports at run time, also inside functions; `known` tells modules from names."""
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
            assert node.level == 0, f"a relative import: {ast.unparse(node)}"
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                yield below if below in known else node.module
        waiting.extend(ast.iter_child_nodes(node))


def rank(module: str) -> int:
    """The height of a module; what the layers do not name stands above them, the commands on top."""
    if any(is_in(module, command) for command in COMMANDS):
        return len(LAYERS) + 1
    exact = [height for height, layer in enumerate(LAYERS) if module in layer]
    inside = [height for height, layer in enumerate(LAYERS) if any(is_in(module, name) for name in layer)]
    return (exact or inside or [len(LAYERS)])[0]


def is_part(module: str) -> bool:
    names = module.split(".")
    return len(names) == 3 and names[1] in ("environments", "policies", "methods", "probes") and names[2] not in NO_PART


def package_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def complaints(module: str, source: str, known: set[str]) -> list[str]:
    """What is wrong with the imports of one module."""
    found = []
    for target in imports(source, known):
        top, arrow = target.split(".")[0], f"{module} imports {target}"
        if is_in(module, "analysis"):
            found += [f"{arrow}: files are the interface"] if top in ("jax", "jaxlib", "optax", "simulator") else []
            continue
        command = any(is_in(module, name) for name in COMMANDS)
        if top in ("pandas", "plotly") or (top == "analysis" and not command):
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
        if len(families & set(SIBLINGS)) == 2 and not target.endswith(".base"):
            found.append(f"{arrow}: families know each other by their protocols")
    return found


SOURCES = sources("simulator") | sources("analysis")
KNOWN = set(SOURCES)


@pytest.mark.parametrize("module", sorted(KNOWN))
def test_a_module_imports_only_what_stands_below_it(module):
    assert not complaints(module, SOURCES[module], KNOWN)


@pytest.mark.parametrize(
    ("module", "offence"),
    [
        ("analysis.run", "import jax"),
        ("analysis.run", "from optax import adam"),
        ("analysis.run", "def late():\n    from simulator.types import Trace"),
        ("simulator.runs", "import pandas as pd"),
        ("simulator.runs", "import plotly.express"),
        ("simulator.runs", "def late():\n    import analysis.report"),
        ("simulator.loop", "from simulator.methods.grpo import GRPO"),
        ("simulator.loop", "from simulator.advantages import GroupMean"),
        ("simulator.loop", "from simulator.experiment import Experiment"),
        ("simulator.types", "from simulator.advantages import GroupMean"),
        ("simulator.types", "if TYPE_CHECKING:\n    pass\nelse:\n    from simulator.policies.base import Policy"),
        ("simulator.surrogates.gates", "from simulator import loop"),
        ("simulator.advantages", "import simulator.experiment"),
        ("simulator.rollouts", "from simulator.sweep import plan"),
        ("simulator.rollouts", "from simulator import exact"),
        ("simulator.exact.oracle", "from simulator.step_context import StepContext"),
        ("simulator.exact.groups", "from simulator.environments.bandit import Bandit"),
        ("simulator.exact.groups", "from simulator.methods.base import Method"),
        ("simulator.experiment", "from simulator.scenario import load"),
        ("simulator.scenario", "from simulator.runs import run"),
        ("simulator.scenario", "from simulator import cli"),
        ("simulator.sweep", "from simulator.environments.bandit import Bandit"),
        ("simulator.sweep", "from simulator.program import compile_chunk"),
        ("simulator.computing", "from simulator.run_folder import RunFolder"),
        ("simulator.work", "from simulator.engines.base import Engine"),
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
        ("simulator.cli", "import analysis.report\nfrom simulator.methods.grpo import GRPO"),
        ("simulator.commands_brake", "def late():\n    import analysis.theory"),
        ("simulator.methods.new", "from simulator.methods.base import Regularized\nimport numpy"),
        ("simulator.loop", "from simulator import exact\nimport jax"),
        (
            "simulator.exact.new",
            "from simulator.surrogates.base import Surrogate\nfrom simulator.exact.groups import work",
        ),
        ("simulator.step_context", "from simulator.exact import Listed"),
        ("simulator.environments.new", "from simulator.environments.chance import draw"),
    ],
)
def test_the_check_lets_good_imports_pass(module, source):
    assert not complaints(module, source, KNOWN | {module})


def test_loading_a_scenario_does_not_import_jax():
    printed = fresh.python(
        "import sys, simulator.scenario; simulator.scenario.load('momentum_overshoot'); "
        "print([name for name in ('jax', 'jaxlib', 'optax', 'pandas', 'plotly') if name in sys.modules])"
    )
    assert printed.strip() == "[]"


def test_importing_the_package_imports_none_of_its_modules():
    printed = fresh.python("import sys, simulator; print([name for name in sys.modules if 'simulator.' in name])")
    assert printed.strip() == "[]"
