"""Token worlds: who may say what, and what it is worth. One environment a file."""
