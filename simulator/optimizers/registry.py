"""Every optimizer by name: optax's, those that were added from Python, and those that installed packages offer.

A package offers one by an entry point of the group `ratiodrift.optimizers`. Its name is known without importing the
package; what it takes is read from the function's signature when somebody asks for it.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from importlib.metadata import EntryPoint, entry_points
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np

from ..parts import origin, tell_rewritten
from .signatures import Factory, Keyword, Kind, of_optax

GROUP = "ratiodrift.optimizers"
OWN = "own"  # the module of a factory that is none of optax's
# What the table of any optimizer has beside the keywords of its function (a test holds it against Settings).
SETTINGS = ("max_grad_norm", "max_grad_norm_eps", "coupled_weight_decay", "state", "reset_every", "remedies")
OWN_KEYS = ("name", "twin", *SETTINGS)
NOT_KEYWORDS = (*OWN_KEYS, "label", "which")  # no function of one's own can take these


class Optimizers(Mapping[str, Factory]):
    """The factories by name. Looking one up imports its package, if it has one; going through the names does not.

    What a package offers and cannot be used is there nevertheless: its `not_driven` says why.
    """

    def __init__(self) -> None:
        self._read: dict[str, tuple[Factory, Callable[..., Any] | None]] = {}

    def add(self, factory: Any, name: str | None = None) -> Any:
        """Add a function of numbers and options that returns an `optax.GradientTransformation`.

        It is called by its own name, unless another is given. Returns it, so that it serves as a decorator; raises
        ValueError when the name is taken, or when a table could not say what the function takes.
        """
        name = getattr(factory, "__name__", "") if name is None else name
        made = read(name, factory)
        if origin(factory) in {entry.value for entry in self._offered.get(name, [])}:
            return factory  # an entry point leads here
        again = name in self._read and origin(self._read[name][1]) == origin(factory)
        if name in self and not again:
            raise ValueError(f"there is an optimizer {name!r} already: {', '.join(self._meanings(name))}")
        if again:
            tell_rewritten()
        self._read[name] = made, factory
        return factory

    def function(self, name: str) -> Callable[..., Any]:
        """What builds an optimizer that is none of optax's. Raises ValueError where its package cannot be used."""
        factory, function = self._found(name)
        if function is None:
            raise ValueError(f"{name}: {factory.not_driven}")
        return function

    def is_added(self, name: str) -> bool:
        """Whether it was added from Python: only this process knows it."""
        return name in self._read and name not in self._offered

    def __getitem__(self, name: str) -> Factory:
        if name in self._read or name in self._offered:
            return self._found(name)[0]
        return of_optax()[name]

    def __contains__(self, name: object) -> bool:
        return any(name in names for names in (self._read, self._offered, of_optax()))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*of_optax(), *self._read, *self._offered}))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _offered(self) -> dict[str, list[EntryPoint]]:
        """The entry points of the installed packages, by name."""
        found: dict[str, list[EntryPoint]] = {}
        for entry in entry_points(group=GROUP):
            found.setdefault(entry.name, []).append(entry)
        return found

    def _found(self, name: str) -> tuple[Factory, Callable[..., Any] | None]:
        """An optimizer that is none of optax's; without a function, and with the reason, where it cannot be used."""
        if name not in self._read:
            self._read[name] = self._imported(name)
        return self._read[name]

    def _imported(self, name: str) -> tuple[Factory, Callable[..., Any] | None]:
        meanings = self._meanings(name)
        if len(meanings) > 1:
            return _unusable(name, f"the name is given more than once: {', '.join(meanings)}"), None
        try:
            function = self._offered[name][0].load()
            return read(name, function), function
        except Exception as error:  # whatever a package does when it is imported
            return _unusable(name, f"{meanings[0]} cannot be used: {type(error).__name__}: {error}"), None

    def _meanings(self, name: str) -> list[str]:
        """Where the optimizers of this name come from."""
        of_optaxs = [f"{of_optax()[name].module}.{name}"] if name in of_optax() else []
        offered = [
            f"{entry.value} of package {entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
            for entry in self._offered.get(name, [])
        ]
        added = [] if name not in self._read or offered else [f"{self.function(name)!r}, added from Python"]
        return of_optaxs + offered + added


def _unusable(name: str, reason: str) -> Factory:
    return Factory(name=name, module=OWN, keywords={}, summary=reason, not_driven=reason)


def read(name: str, function: Any) -> Factory:
    """What a function takes, from its signature, and the first line of its docstring.

    Raises ValueError where a table could not name it, or not say what it takes.
    """
    if not callable(function):
        raise ValueError(
            f"a {type(function).__name__} is no function that makes an optimizer; "
            "an optax object needs no name: ratiodrift.optimizer(the_object)"
        )
    written = function
    while isinstance(written, partial):
        written = written.func
    keywords = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ValueError(f"{name}: '{parameter}' is {parameter.kind.description}, and a table gives keywords alone")
        if parameter.name in NOT_KEYWORDS:
            raise ValueError(f"{name}: {parameter.name!r} means something in the table of any optimizer: rename it")
        keywords[parameter.name] = _keyword(name, parameter, getattr(written, "__globals__", {}))
    if not re.fullmatch(r"[\w.-]+", name):
        raise ValueError(f"an optimizer's name is made of letters, digits and - _ . (name = …), got {name!r}")
    summary = (inspect.getdoc(written) or "").split("\n")[0]
    return Factory(name=name, module=OWN, keywords=keywords, summary=summary)


def _keyword(name: str, parameter: inspect.Parameter, names: dict[str, Any]) -> Keyword:
    required = parameter.default is parameter.empty
    default = None if required else _plain(parameter.default)
    types = _types(parameter.annotation, names) or ([] if required else [type(parameter.default)])
    kind = _kind(types, default)
    if required and kind == "opaque":
        raise ValueError(
            f"{name}: a table cannot give {parameter.name!r}: it needs a default, or a type "
            "(float, int, bool, str, a Literal of strings; a tuple of numbers needs a default, too)"
        )
    return Keyword(
        name=parameter.name,
        kind=kind,
        required=required,
        default=default,
        optional=NoneType in types,
        schedule=kind == "number" and any(Callable in (each, get_origin(each)) for each in types),
        choices=tuple(word for each in types for word in get_args(each)) if kind == "choice" else (),
    )


def _types(annotation: Any, names: dict[str, Any]) -> list[Any]:
    """The types that an annotation allows; none where there is none, or none that can be evaluated."""
    if isinstance(annotation, str):
        try:
            return _types(eval(annotation, names), names)
        except Exception:  # imported for type checkers only, most likely
            return []
    if annotation is inspect.Parameter.empty:
        return []
    if get_origin(annotation) is Annotated:
        return _types(get_args(annotation)[0], names)
    if get_origin(annotation) in (Union, UnionType):
        return [each for member in get_args(annotation) for each in _types(member, names)]
    return [NoneType if annotation is None else annotation]


def _kind(types: list[Any], default: Any) -> Kind:
    """What a table writes for these types: numbers will be traced, int, bool and strings are as they are written."""
    given = [each for each in types if each is not NoneType]
    if float in given:  # jax's ArrayLike has it, too
        return "integer" if np.ndarray in given and type(default) is int else "number"
    for kind, allowed in KINDS.items():
        if given and all(allowed(each) for each in given):
            return kind if kind != "numbers" or _are_numbers(default) else "opaque"
    return "opaque"


KINDS: dict[Kind, Callable[[Any], bool]] = {
    "flag": lambda each: each is bool,
    "count": lambda each: each is int,
    "choice": lambda each: each is str or (get_origin(each) is Literal and {*map(type, get_args(each))} == {str}),
    "numbers": lambda each: each is tuple or get_origin(each) is tuple,
}


def _are_numbers(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) > 0 and all(type(item) in (int, float) for item in value)


def _plain(default: Any) -> Any:
    """A default as a manifest and a schema can hold it, else None."""
    if isinstance(default, tuple):
        items = tuple(map(_plain, default))
        return None if None in items else items
    finite = not isinstance(default, float) or math.isfinite(default)
    return default if isinstance(default, bool | int | float | str) and finite else None


OPTIMIZERS = Optimizers()


class _NotDriven(Mapping[str, str]):
    """The optimizers that cannot drive a simulated policy, with the reason that users are told."""

    def __getitem__(self, name: str) -> str:
        if reason := OPTIMIZERS[name].not_driven:
            return reason
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for name, factory in OPTIMIZERS.items() if factory.not_driven)

    def __len__(self) -> int:
        return sum(1 for _ in self)


NOT_DRIVEN = _NotDriven()
