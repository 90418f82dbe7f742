"""Named methods: each a short alias for one point of the product. One method a file.

A new method is one file like its peers here, and one import line in `simulator/experiment.py`.
"""
