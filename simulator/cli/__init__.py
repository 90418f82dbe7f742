"""The subcommands of `ratiodrift`, one a file: execute(options) -> exit code."""
