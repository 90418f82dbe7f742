"""Closed forms in plain numpy, one subject a file: what a run should have measured."""
