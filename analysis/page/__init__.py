"""What every page is made of: one self-contained HTML file, its tables, its figures, the data behind them.

Whatever comes from a scenario is text; `document.py` says what keeps it so.
"""

from .document import Section, page
from .drawings import figure_block
from .tables import html_table
from .taking import data_block

__all__ = ["Section", "data_block", "figure_block", "html_table", "page"]
