"""What all remedies share: they nest, pass everything on, say what they lack, and import nothing of the simulator."""

import ast

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import simulator.remedies as remedies
from simulator.remedies import brake, mask_momentum, reposition, skip_when_clipped, stop_at
from tests import fresh
from tests.remedies.page import largest_ratio, signals

WRAPPERS = {
    "mask_momentum": (mask_momentum, ["clipped_away"]),
    "skip_when_clipped": (skip_when_clipped, ["clip_active"]),
    "stop_at_ratio": (lambda inner: stop_at(inner, ratio=2.0), ["max_log_ratio"]),
    "stop_at_kl": (lambda inner: stop_at(inner, kl=1.0), ["kl"]),
    "reposition": (reposition, ["update", "num_updates"]),
    "brake": (brake, ["clipped_away"]),
}
PARAMS = [jnp.zeros(()), jnp.zeros(())]
MISSING = [(name, signal) for name, (_, needed) in WRAPPERS.items() for signal in needed]


def everything(inner, numbers):
    """All remedies around one optimizer; a number each."""
    masked = mask_momentum(inner, factor=numbers["factor"], survived=numbers["survived"])
    skipped = skip_when_clipped(brake(masked, strength=numbers["strength"]), share=numbers["share"])
    stopped = stop_at(skipped, ratio=numbers["ratio"], kl=numbers["kl"])
    return reposition(stopped, interpolation=numbers["interpolation"])


@pytest.mark.parametrize(("name", "signal"), MISSING)
def test_a_missing_signal_is_named(name, signal):
    optimizer = WRAPPERS[name][0](optax.adam(0.1))
    known = {key: value for key, value in signals().items() if key != signal}
    with pytest.raises(TypeError, match=f"missing .* argument: '{signal}'"):
        optimizer.update(PARAMS, optimizer.init(PARAMS), PARAMS, **known)


@pytest.mark.parametrize("name", WRAPPERS)
def test_all_extra_arguments_reach_the_inner_optimizer(name):
    seen = []

    def update(updates, state, params=None, **extra):
        seen.append(set(extra))
        return updates, state

    inner = optax.GradientTransformationExtraArgs(optax.adam(0.1).init, update)
    optimizer = WRAPPERS[name][0](inner)
    assert isinstance(optimizer, optax.GradientTransformationExtraArgs)
    given = signals(value=1.0, step=3)
    optimizer.update(PARAMS, optimizer.init(PARAMS), PARAMS, **given)
    assert seen and all(names == set(given) for names in seen)


@pytest.mark.parametrize("name", WRAPPERS)
def test_inside_a_chain_and_out_of_the_way_it_is_the_inner_optimizer(name):
    wrapped = optax.with_extra_args_support(optax.chain(WRAPPERS[name][0](optax.adam(0.1)), optax.scale(2.0)))
    plain = optax.chain(optax.adam(0.1), optax.scale(2.0))
    grads = [jnp.array(1.0), jnp.array(-3.0)]
    updates, _ = jax.jit(wrapped.update)(grads, wrapped.init(PARAMS), PARAMS, **signals())
    expected, _ = plain.update(grads, plain.init(PARAMS), PARAMS)
    np.testing.assert_allclose(updates, expected, rtol=1e-14)


@pytest.mark.long
def test_all_nested_their_numbers_are_swept_with_vmap():
    points = {
        "factor": [1.0, 0.5, 0.9],
        "survived": [0.5, 0.5, 0.1],
        "strength": [0.0, 0.25, 0.1],
        "share": [2.0, 1.0, 1.0],
        "ratio": [9.0, 1.5, 9.0],
        "kl": [9.0, 9.0, 0.05],
        "interpolation": [1.0, 1.0, 0.8],
    }
    swept = jax.jit(jax.vmap(lambda numbers: largest_ratio(everything(optax.adam(0.02), numbers))))
    ends = swept({name: jnp.array(values) for name, values in points.items()})
    alone = largest_ratio(everything(optax.adam(0.02), {name: values[1] for name, values in points.items()}))
    np.testing.assert_allclose(ends[1], alone, rtol=1e-12)
    np.testing.assert_allclose(ends[0], largest_ratio(optax.adam(0.02)), rtol=1e-12)  # all of them switched off
    assert len(set(np.round(ends, 3).tolist())) == 3


def test_importing_them_imports_nothing_else_of_the_simulator():
    printed = fresh.python(
        "import sys, simulator.remedies; print([name for name in sys.modules if name.split('.')[0] == 'simulator'])"
    )
    loaded = ast.literal_eval(printed)
    assert "simulator.remedies.masking" in loaded
    assert [name for name in loaded if not name.startswith("simulator.remedies") and name != "simulator"] == []


def test_they_import_jax_and_optax_alone():
    imported = set()
    for path in (fresh.ROOT / "simulator" / "remedies").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                inside = "simulator.remedies" if node.level == 1 else "." * node.level
                imported.add(inside if node.level else ".".join(node.module.split(".")[:2]))
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
    allowed = {"jax", "jax.typing", "jax.tree_util", "optax", "typing", "collections.abc", "simulator.remedies"}
    assert imported <= allowed


def test_every_exported_name_is_there_and_no_module_has_it():
    modules = {path.stem for path in (fresh.ROOT / "simulator" / "remedies").glob("*.py")}
    assert all(callable(getattr(remedies, name)) for name in remedies.__all__)
    assert modules & set(remedies.__all__) == set()
