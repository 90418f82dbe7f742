"""What a run directory holds on the disk: where it is, its chunks, its tables."""
