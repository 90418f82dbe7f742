"""From a scenario file to validated experiments: read, checked, built, described. Nothing here imports jax."""
