"""Closed forms in plain numpy, one subject per file: what a run should have measured."""
