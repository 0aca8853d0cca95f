"""Errors that say whose fault they are."""


class InvalidEvent(ValueError):
    """The sender's fault: the record can't be used as an event.

    `reason` is a fixed code (the dead letter's), `detail` says what was expected.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class InvalidMap(ValueError):
    """The operator's fault: the journey map can't be used. `problems` names each one with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
