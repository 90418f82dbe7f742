"""A run directory, read: its points, its tables by column, the value of each metric that stands for the run."""
