"""Ratiodrift against other implementations of the same methods, update by update."""
