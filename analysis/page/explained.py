"""What explains a run, on its page: a sentence each, and folded what it rests on and where to read on."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..explaining import Explanation


def explained(found: Sequence[Explanation]) -> str:
    """Explanations as ready-made HTML, in their order; nothing where there are none."""
    return f"<ol class=explained>\n{''.join(map(_item, found))}</ol>\n" if found else ""


def _item(each: Explanation) -> str:
    from ..explaining.terminal import looked_at

    rests = f"Looked at: {looked_at(each.looked_at)}."
    return (
        f"<li>{escape(each.says)}<details><summary>why</summary>"
        f"<p>{escape(rests)} Rule <code>{escape(each.rule)}</code>, explained in <code>{escape(each.link)}</code>.</p>"
        "</details></li>\n"
    )
