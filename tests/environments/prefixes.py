"""A token tree by plain recursion over prefixes, without any numbering of states by arithmetic."""

import itertools
from collections.abc import Iterator


def ends(text: tuple[int, ...], max_length: int) -> bool:
    """Token 0 ends a completion, and so does the last token that fits."""
    return len(text) > 0 and (text[-1] == 0 or len(text) == max_length)


def completions(vocab_size: int, max_length: int, said: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Every completion that goes on from `said`."""
    if ends(said, max_length):
        yield said
        return
    for token in range(vocab_size):
        yield from completions(vocab_size, max_length, (*said, token))


def unfinished(vocab_size: int, max_length: int) -> list[tuple[int, ...]]:
    """Every prefix at which a token is still to be said, shortest first, then in the order of their tokens."""
    return [text for length in range(max_length) for text in itertools.product(range(1, vocab_size), repeat=length)]
