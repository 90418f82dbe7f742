"""`import ratiodrift`: every public name of both packages, and one copy of each module under both its names."""

from importlib import import_module

import pytest

import analysis
import ratiodrift
import simulator
from simulator.methods.grpo import GRPO
from tests import fresh


@pytest.mark.parametrize("package", [simulator, analysis])
def test_every_public_name_of_both_packages_is_there(package):
    names = set(package.__all__) - ({"load"} if package is simulator else set())
    assert all(getattr(ratiodrift, name) is getattr(package, name) for name in names)
    assert names <= set(dir(ratiodrift))


def test_load_opens_a_run():
    assert ratiodrift.load is analysis.load


def test_a_module_with_two_names_is_one_module():
    from ratiodrift.methods.grpo import GRPO as by_family
    from ratiodrift.simulator.methods.grpo import GRPO as by_package

    assert by_family is by_package is GRPO is ratiodrift.methods.grpo.GRPO
    assert GRPO.__module__ == "simulator.methods.grpo"


def test_a_second_name_leaves_the_module_as_it_was():
    import ratiodrift.simulator.dialects.trl  # noqa: F401

    import simulator.dialects.trl as first

    assert first.__spec__.name == first.__name__ == "simulator.dialects.trl"


def test_a_name_that_nobody_has_is_an_error():
    with pytest.raises(AttributeError, match="no attribute 'grpo'"):
        _ = ratiodrift.grpo
    with pytest.raises(ModuleNotFoundError):
        import_module("ratiodrift.grpo")


def test_importing_it_imports_neither_package():
    printed = fresh.python(
        "import sys, ratiodrift; print([m for m in sys.modules if m.startswith(('simulator', 'analysis', 'jax'))])"
    )
    assert printed.strip() == "[]"
