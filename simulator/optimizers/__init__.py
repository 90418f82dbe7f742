"""Optimizers: any of optax's, by name and with its own keywords."""
