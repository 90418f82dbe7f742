"""What every page is made of: one self-contained HTML file, its tables, its figures, the data behind them.

Whatever comes from a scenario is text; `document.py` says what keeps it so.
"""

from analysis.page.document import Section, page
from analysis.page.drawings import figure_block
from analysis.page.tables import html_table
from analysis.page.taking import data_block

__all__ = ["Section", "data_block", "figure_block", "html_table", "page"]
