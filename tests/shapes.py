"""The type checker of the tests: shapes and types of every call inside `simulator`, but not of a part's fields.

A field's type says what a scenario file may hold; inside jit the field holds a tracer.
"""

from beartype import beartype


def typechecker(function):
    return function if function.__name__ == "__init__" else beartype(function)
