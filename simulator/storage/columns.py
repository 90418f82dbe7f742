"""NumPy arrays as Arrow columns, without a copy, and without pandas, which `pa.array` imports to look at its input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa


def column(values: Any) -> pa.Array:
    """A flat array as a column that shares its memory."""
    if values.dtype == bool:
        packed = np.packbits(values, bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(packed)])
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def optional(values: list, kind: pa.DataType) -> pa.Array:
    """Numbers or texts, any of them None, as a column."""
    there = np.packbits([value is not None for value in values], bitorder="little")
    if pa.types.is_string(kind):
        texts = [b"" if value is None else value.encode() for value in values]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        return pa.Array.from_buffers(kind, len(values), [*map(pa.py_buffer, (there, ends, b"".join(texts)))])
    numbers = np.array([0 if value is None else value for value in values], dtype=kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, len(values), [*map(pa.py_buffer, (there, numbers))])


def lists(values: Any, counts: Any) -> pa.Array:
    """Flat values as a column of lists, `counts[n]` of them in row n."""
    ends = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(column(ends), column(values))


def spread(values: Any, shape: tuple[int, ...], *axes: int) -> np.ndarray:
    """Values, whose axes are these of `shape`, repeated over the others, flat."""
    full = np.expand_dims(values, [axis for axis in range(len(shape)) if axis not in axes])
    return np.broadcast_to(full, shape).reshape(-1)
