"""Ratiodrift measured against what a user would use instead: `make bench`, `python -m benchmarks --help`."""
