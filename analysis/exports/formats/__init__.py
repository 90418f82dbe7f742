"""Formats, one per file: each writes the pieces of a source to a path, tells how far it is, and returns the rows."""
