"""What every page is made of: one self-contained HTML file, its tables, its figures, the data behind them.

Whatever comes from a scenario is text; `document.py` says what keeps it so.
"""

from .document import Section, data_block, figure_block, html_table, page

__all__ = ["Section", "data_block", "figure_block", "html_table", "page"]
