"""The subcommands of `baton`, one a file."""
