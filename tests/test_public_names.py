"""The names that the packages offer: all there, and the same at the second look."""

import importlib
import inspect
import pkgutil

import pytest


@pytest.mark.parametrize("package", ["simulator", "analysis"])
def test_no_exported_name_is_hidden_by_a_module_of_that_name(package):
    module = importlib.import_module(package)
    modules = {found.name for found in pkgutil.iter_modules(module.__path__)}
    assert all(inspect.ismodule(getattr(module, name)) for name in modules & set(module.__all__))


@pytest.mark.parametrize("package", ["simulator", "analysis"])
def test_every_exported_name_is_there(package):
    module = importlib.import_module(package)
    for name in module.__all__:
        assert getattr(module, name) is getattr(module, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        module.nothing  # noqa: B018
