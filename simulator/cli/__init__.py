"""The subcommands of `ratiodrift`, one per file: execute(options) -> exit code."""
