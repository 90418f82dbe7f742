"""What the installed optax offers, read from its source without importing it.

`ratiodrift validate` has to know optax's optimizers and their keywords, and must not wait for jax. So the
signatures are read with `ast`; a test holds them against `inspect.signature` of the imported functions.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from .optax_facts import facts_of

Kind = Literal["number", "integer", "numbers", "constant", "count", "flag", "choice", "opaque"]

# Numbers of schedules that optax looks at in Python, where a traced number cannot be: structure ("constant").
LOOKED_AT = {
    "exponential_decay": {"decay_rate"},
    "warmup_exponential_decay_schedule": {"decay_rate"},
    "warmup_cosine_decay_schedule": {"peak_value"},
    "linear_onecycle_schedule": {"pct_start", "pct_final", "div_factor", "final_div_factor"},
    "cosine_onecycle_schedule": {"pct_start", "div_factor", "final_div_factor"},
}


@dataclass(frozen=True)
class Keyword:
    """One keyword of a factory. `number`, `integer` and `numbers` are leaves, the other kinds are structure;
    `opaque` ones (masks, dtypes, callables) cannot be written in a file."""

    name: str
    kind: Kind
    required: bool
    default: Any = None
    optional: bool = False
    schedule: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Factory:
    """One optimizer or schedule: where it lives, what it takes, what its docstring says first.

    `not_driven` says why it cannot drive a simulated policy, where it cannot.
    """

    name: str
    module: str
    keywords: dict[str, Keyword]
    summary: str
    not_driven: str = ""


def _kind(annotation: str, default: Any) -> Kind:
    not_writable = ("Callable", "DType", "dtype", "Mask", "Dimension", "GradientTransformation", "dict")
    if any(word in annotation for word in not_writable):
        return "opaque"
    if "bool" in annotation:
        return "flag"
    if "uple[" in annotation:
        return "numbers" if "Literal" not in annotation else "opaque"
    if "Literal" in annotation or annotation == "str":
        return "choice"
    if annotation in ("int", "Optional[int]", "int | None"):
        return "count"
    if "ArrayLike" in annotation or "float" in annotation or "Scalar" in annotation:
        return "integer" if type(default) is int else "number"
    return "opaque"


def _literal(node: ast.expr | None, constants: dict[str, Any]) -> Any:
    """The value of an expression that is a literal or a constant of its module, else None."""
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    try:
        return ast.literal_eval(node) if node is not None else None
    except ValueError:
        return None


def _keyword(argument: ast.arg, default: ast.expr | None, constants: dict[str, Any]) -> Keyword:
    annotation = ast.unparse(argument.annotation) if argument.annotation else ""
    value = _literal(default, constants)
    choices: tuple[str, ...] = ()
    if argument.annotation is not None and "Literal" in annotation:
        choices = tuple(
            node.value
            for node in ast.walk(argument.annotation)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
    return Keyword(
        name=argument.arg,
        kind="opaque" if argument.arg.endswith(("mask", "dtype", "key")) else _kind(annotation, value),
        required=default is None,
        default=value,
        optional="Optional" in annotation or "None" in annotation,
        schedule="ScalarOrSchedule" in annotation,
        choices=choices,
    )


def _keywords(function: ast.FunctionDef, constants: dict[str, Any]) -> dict[str, Keyword]:
    arguments = function.args
    unset: list[ast.expr | None] = [None] * (len(arguments.args) - len(arguments.defaults))
    pairs = [
        *zip(arguments.args, [*unset, *arguments.defaults], strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return {argument.arg: _keyword(argument, default, constants) for argument, default in pairs}


def _factories(path: Path, module: str) -> dict[str, Factory]:
    """The public functions of one source file, and the partials made of them (`nadam = partial(adam, …)`)."""
    tree = ast.parse(path.read_text())
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    constants = {getattr(node.targets[0], "id", ""): _literal(node.value, {}) for node in assigned}
    found: dict[str, Factory] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            summary = (ast.get_docstring(node) or "").split("\n")[0]
            found[node.name] = Factory(node.name, module, _keywords(node, constants), summary)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            call, name = node.value, getattr(node.targets[0], "id", "_")
            if ast.unparse(call.func).endswith("partial") and not name.startswith("_"):
                base = found[ast.unparse(call.args[0])]
                bound = {keyword.arg for keyword in call.keywords}
                rest = {key: value for key, value in base.keywords.items() if key not in bound}
                preset = ", ".join(ast.unparse(keyword) for keyword in call.keywords)
                found[name] = Factory(name, module, rest, f"{base.name} with {preset}")
    return found


def _exports(init: Path) -> set[str]:
    """The names that a package's `__init__` imports or assigns: what it makes public."""
    names: set[str] = set()
    for node in ast.parse(init.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _root() -> Path:
    spec = find_spec("optax")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("optax is not installed; it comes with ratiodrift: reinstall it")
    return Path(spec.origin).parent


def _is_optimizer(factory: Factory) -> bool:
    """An optimizer is what takes a learning rate and is no building block and no wrapper of another optimizer."""
    takes_rate = any("learning_rate" in name for name in factory.keywords)
    return takes_rate and not factory.name.startswith("scale_by_") and "base_optimizer" not in _required(factory)


def _required(factory: Factory) -> set[str]:
    return {keyword.name for keyword in factory.keywords.values() if keyword.required}


@cache
def of_optax() -> dict[str, Factory]:
    """Every optimizer of optax and optax.contrib, by name."""
    root = _root()
    core = _factories(root / "_src" / "alias.py", "optax")
    found = {name: factory for name, factory in core.items() if name in _exports(root / "__init__.py")}
    contributed = _exports(root / "contrib" / "__init__.py")
    for path in sorted((root / "contrib").glob("_*.py")):
        if not path.stem.endswith("_test") and path.stem != "__init__":
            offered = _factories(path, "optax.contrib")
            found |= {name: factory for name, factory in offered.items() if name in contributed}
    return {
        name: replace(factory, not_driven=facts_of(name).not_driven)
        for name, factory in sorted(found.items())
        if _is_optimizer(factory)
    }


def _compiled_in(factory: Factory, names: set[str]) -> Factory:
    """The factory with these keywords as structure."""
    constants = {name: replace(factory.keywords[name], kind="constant") for name in names}
    return replace(factory, keywords=factory.keywords | constants)


@cache
def schedules() -> dict[str, Factory]:
    """Every schedule of optax that can be written as a name and numbers."""
    root = _root()
    public = _exports(root / "schedules" / "__init__.py")
    found = _factories(root / "schedules" / "_schedule.py", "optax")
    return {
        name: _compiled_in(factory, LOOKED_AT.get(name, set()))
        for name, factory in sorted(found.items())
        if name in public and all(word.kind != "opaque" for word in factory.keywords.values())
    }
