"""Errors a command ends with: what is wrong and what to do, without a traceback."""


class Unusable(Exception):
    """What the command was given, or asked to use, cannot be used. Exit code 2."""
