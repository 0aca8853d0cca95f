"""What an alert says in one sentence that a call-center manager understands. It never holds a person's identifiers."""

from journeys.documents import when
from journeys.journey import Journey
from journeys.journey_map import Handoff
from journeys.judgement import Broken

_SENTENCES = {
    "jeopardy": "{department} is about to be late with “{to}”, due at {due}",
    "missing": "{department} owes “{to}” since {due}; “{given}” was at {since}",
    "late": "{department} was late with “{to}”: it was due at {due} and came {late_by} later",
    "identity_late": "{department} did “{to}” in time, but only at {resolved} it was known to be this customer's",
    "stuck": "{department} accepted but has not completed “{to}”, due at {due}",
    "failed": "{department} reported “{what}” instead of “{to}”",
    "contradictory": "“{to}” contradicts “{given}” about the {about}",
    "out_of_order": "“{to}” came before “{given}”",
    "duplicated": "“{to}” came {count} times",
    "stalled": "nothing has happened in this {journey_type} since {since}; “{about}” was to come next",
    "unrecognised_caller": "a customer with a {journey_type} called and was not recognised",
    "repeat_contact": "a customer had to get in touch {count} times",
    "identity_conflict": "two different {about} identifiers claim to be the same customer",
}
_CONTRADICTORY_COMMANDS = "operators' commands on who is who contradict each other"


def sentence(broken: Broken, journey: Journey | None, handoff: Handoff | None) -> str:
    """The alert's summary."""
    failures = [event.type for event in broken.evidence if handoff and event.type in handoff.fails_on]
    if broken.kind == "identity_conflict" and not broken.about:
        return _CONTRADICTORY_COMMANDS
    return _SENTENCES[broken.kind].format(
        department=_spoken(broken.department).capitalize(),
        given=_spoken(handoff.source) if handoff else "",
        to=_spoken(handoff.target) if handoff else "",
        what=_spoken(failures[-1]) if failures else "",
        due=_moment(broken.due_at),
        since=_moment(broken.evidence[0].time),
        resolved=_moment(broken.resolved_at),
        late_by=_span(broken.late_by or 0),
        about=_spoken(broken.about),
        count=len(broken.evidence),
        journey_type=_spoken(journey.type.name) if journey else "journey",
    )


def _spoken(name: str) -> str:
    """`activation.line_activated` as people say it: line activated."""
    return name.rpartition(".")[2].replace("_", " ")


def _moment(instant: int | None) -> str:
    text = when(instant)
    return f"{text[:10]} {text[11:16]} UTC" if text else ""


def _span(microseconds: int) -> str:
    """The two largest units of a duration."""
    seconds = microseconds // 1_000_000
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (seconds % 60, "s"))
    spoken = [f"{count} {unit}" for count, unit in parts if count]
    return " ".join(spoken[:2]) or "less than a second"
