"""What `ratiodrift brake` measured, as tables, a table on the terminal and a page."""

from .brakes import BEHAVIOURS, Brakes, gather

__all__ = ["BEHAVIOURS", "Brakes", "gather"]
