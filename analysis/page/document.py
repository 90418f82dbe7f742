"""One HTML file that opens by a double click and asks nothing of the network.

Everything that is not ready-made HTML is escaped where it enters. Should something slip through all the same, the
page's own policy is the second lock: the browser runs the page's two scripts, which the policy knows by their hashes,
and no other, and loads nothing from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from plotly.offline import get_plotlyjs

from .drawings import DRAWING


@dataclass(frozen=True)
class Section:
    """A part of a page under a heading of its own; `html` is ready-made, the title is not, `name` is a word."""

    name: str
    title: str
    html: str


def page(title: str, body: str, sections: Sequence[Section] = (), name: str = "ratiodrift") -> str:
    """The whole page as text; `body` is ready-made HTML, the title is not.

    The sections that are not empty follow the body and are listed beside it. What is downloaded from the page has
    `name` in front of its name.
    """
    sections = [section for section in sections if section.html]
    body = "\n".join([body, *map(_section, sections)])
    scripts = [*[get_plotlyjs()] * (DRAWING in body), _shipped("report.js")]
    return (
        f'<!doctype html>\n<html lang=en data-name="{escape(name)}">\n<head>\n<meta charset=utf-8>\n'
        f'<meta http-equiv=Content-Security-Policy content="{_policy(scripts)}">\n'
        '<meta name=viewport content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} – Ratiodrift</title>\n<style>\n{_shipped('report.css')}</style>\n</head>\n<body>\n"
        "<header><span>Ratiodrift</span><button id=theme type=button hidden>dark</button></header>\n"
        f"{_contents(sections)}<main>\n<h1>{escape(title)}</h1>\n{body}\n</main>\n"
        + "".join(f"<script>{script}</script>\n" for script in scripts)
        + "</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    return f"<section id={section.name}>\n<h2>{escape(section.title)}</h2>\n{section.html}\n</section>"


def _contents(sections: list[Section]) -> str:
    links = "".join(f"<a href='#{section.name}'>{escape(section.title)}</a>" for section in sections)
    return f"<nav aria-label='On this page'>{links}</nav>\n" if len(sections) > 1 else ""


def _shipped(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _policy(scripts: list[str]) -> str:
    """What the browser may do for this page: run these scripts, and show what they draw."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    rest = "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src {allowed}; {rest}"
