"""The compiled program of a structure: one chunk of rollouts of one block of lanes.

A structure is compiled once, whoever runs it, on however many cores: a program for several devices would be another
one, whose operations XLA fuses otherwise, and the last bit would tell. The state before the first rollout is made
inside the program, and is handed in and out as an argument: what XLA could fold into constants, it would fold for
seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from ..experiment import Experiment
from ..parts import REWRITTEN
from ..types import Tokens, Trace
from .plan import Layout, Structure
from .program_cache import kept

# A block is one core's. Threads of its own would share a sum between them, and the last bit would depend on them.
OPTIONS = {"cpu": {"xla_cpu_multi_thread_eigen": False}}

if TYPE_CHECKING:
    from .. import loop

State = list[Any]  # the leaves of `loop.State`, the lanes in front, random keys as their numbers


@dataclass(frozen=True)
class Program:
    """A compiled chunk of a block; everything that goes in and out has its lanes in front."""

    compiled: Any
    blank: State

    def __call__(
        self, experiments: Experiment, seeds: np.ndarray, state: State | None, first: int
    ) -> tuple[State, Trace]:
        """The chunk that begins with rollout `first`; `state` is what the one before left, and is used up."""
        state = self.blank if state is None else state
        state, metrics, tokens, params = self.compiled(jax.tree.leaves(experiments), seeds, state, np.int32(first))
        return state, Trace(metrics=metrics, tokens=None if tokens is None else Tokens(**tokens), params=params)


def compile_chunk(structure: Structure, layout: Layout) -> Program:
    """A structure's program; kept for the next time."""
    leaves, treedef = jax.tree.flatten(structure.example)
    kinds = tuple((np.shape(leaf), np.asarray(leaf).dtype) for leaf in leaves)
    return _compiled(treedef, kinds, layout.lane_width, layout.rollouts_per_chunk)


def forget_compiled() -> None:
    """Let go of all compiled programs and their memory: what runs next has others."""
    _compiled.cache_clear()
    jax.clear_caches()


REWRITTEN.append(forget_compiled)


@lru_cache(maxsize=64)
def _compiled(treedef: Any, kinds: tuple[tuple, ...], lane_width: int, rollouts_per_chunk: int) -> Program:
    options = OPTIONS.get(jax.default_backend())

    def compile_it() -> jax.stages.Compiled:
        leaves, seeds = [_lanes(lane_width, shape, dtype) for shape, dtype in kinds], _lanes(lane_width, (), np.uint32)
        state = jax.eval_shape(lambda *lane: _leaves(_begin(*lane)), treedef.unflatten(leaves), seeds)
        program = jax.jit(partial(_chunk, treedef, count=rollouts_per_chunk), donate_argnums=2)
        return program.lower(leaves, seeds, state, jax.ShapeDtypeStruct((), jnp.int32)).compile(options)  # type: ignore[arg-type]

    structure = treedef.unflatten([0.0] * treedef.num_leaves)
    with jax.enable_x64(structure.training.precision == "float64"):
        compiled = kept((structure, kinds, lane_width, rollouts_per_chunk, options), compile_it)
    state = compiled.args_info[0][2]
    return Program(compiled, [np.zeros(leaf.shape, leaf.dtype) for leaf in state])


def _chunk(
    treedef: Any, leaves: list[Array], seeds: Array, state: State, first: Array, count: int
) -> tuple[State, dict[str, Array], dict[str, Array] | None, dict[str, Array]]:
    """`loop.advance` over the lanes of a block; where `first` is 0, from the state that their seeds begin with.

    Returns the state, the metrics, the tokens' fields and the parameters by name.
    """
    from .. import loop  # and with it optax: a program that is kept needs neither

    experiments = treedef.unflatten(leaves)
    begun = _begin(experiments, seeds)
    leaves = [jnp.where(first == 0, new, old) for new, old in zip(_leaves(begun), state, strict=True)]
    keys = jax.vmap(jax.random.key)(seeds)
    after, trace = jax.vmap(lambda *lane: loop.advance(*lane, first, count))(experiments, keys, _state(leaves, begun))  # type: ignore[call-arg]
    tokens = None if trace.tokens is None else dict(vars(trace.tokens))
    named = jax.tree_util.tree_leaves_with_path(trace.params)
    params = {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in named}
    return _leaves(after), trace.metrics, tokens, params


def _begin(experiments: Any, seeds: Array) -> loop.State:
    from .. import loop

    return jax.vmap(loop.init)(experiments, jax.vmap(jax.random.key)(seeds))


def _leaves(state: loop.State) -> State:
    return [jax.random.key_data(leaf) if _is_key(leaf) else leaf for leaf in jax.tree.leaves(state)]


def _state(leaves: Sequence[Array], like: loop.State) -> loop.State:
    own, treedef = jax.tree.flatten(like)
    pairs = zip(leaves, own, strict=True)
    return treedef.unflatten([jax.random.wrap_key_data(leaf) if _is_key(old) else leaf for leaf, old in pairs])  # type: ignore[attr-defined]


def _is_key(leaf: Array) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _lanes(lanes: int, shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((lanes, *shape), jax.dtypes.canonicalize_dtype(dtype))
