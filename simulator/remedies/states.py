"""Fields of optax states, found by the state's class wherever chains, masks, partitions and wrappers put it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
from jax.tree_util import PyTreeDef

Table = Mapping[str, tuple[str, ...]]  # class of a state, a NamedTuple -> its fields that are meant


def get_fields(state: Any, table: Table, what: str) -> list[Any]:
    """Every field of `state` that the table names, in the order of the tree.

    Raises ValueError, which says `what` was looked for and names the classes in `state`, when there is none.
    """
    nodes = [node for node in jax.tree.leaves(state, is_leaf=_in(table)) if _in(table)(node)]
    if not nodes:
        classes = sorted(set(_classes(jax.tree.structure(state)))) or ["nothing"]
        raise ValueError(f"no {what} in an optimizer state of {', '.join(classes)}")
    return [getattr(node, field) for node in nodes for field in table[type(node).__name__]]


def map_fields(function: Callable[[Any], Any], state: Any, table: Table, what: str) -> Any:
    """`state` with `function` applied to every field that the table names, and all else as it was.

    Raises ValueError as `get_fields` does.
    """
    get_fields(state, table, what)

    def mapped(node: Any) -> Any:
        if not _in(table)(node):
            return node
        return node._replace(**{field: function(getattr(node, field)) for field in table[type(node).__name__]})

    return jax.tree.map(mapped, state, is_leaf=_in(table))


def _in(table: Table) -> Callable[[Any], bool]:
    return lambda node: type(node).__name__ in table


def _classes(structure: PyTreeDef) -> Iterator[str]:
    """The NamedTuple classes of a tree, without optax's empty placeholders."""
    node = structure.node_data()
    if node is not None and getattr(node[0], "_fields", None):
        yield node[0].__name__
    for child in structure.children():
        yield from _classes(child)
