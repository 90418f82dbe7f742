"""Who speaks: the policies that are trained. One policy a file."""
