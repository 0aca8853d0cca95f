from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from journeys.errors import InvalidMap
from journeys.instants import DAY, HOUR
from journeys.journey_map import Condition, Handoff, JourneyMap, Promise

SMALL = dedent("""\
    departments:
      shop: {owner: shop-desk}
      activation:
    identifiers:
      email: email
      phone: {normaliser: phone, region: DE, junk: ["0171 3920001"]}
      order: order
      iccid: {normaliser: iccid, identifies: journey}
    events:
      shop.order_placed:
        identifiers: {order: data.order, email: [data.email, data.items.*.email]}
        fields: {plan: data.plan, promised_at: data.promised_at}
      shop.order_cancelled:
        identifiers: {order: data.order}
      line_on:
        department: activation
        identifiers: {order: data.order, iccid: data.iccid, phone: data.phone}
        fields: {plan: data.plan, recognised: data.recognised}
    journeys:
      new_line:
        starts: shop.order_placed
        correlates: order
        cancels: [shop.order_cancelled]
        handoffs:
          activation:
            from: shop.order_placed
            to: line_on
            within: 4h
            agree_on: [plan, order]
    contacts:
      line_on: {recognised: {field: recognised, equals: true}}
    """)


def parse(text: str) -> JourneyMap:
    return JourneyMap.parse(text, "maps/small.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidMap) as raised:
        parse(text)
    return raised.value.problems


def with_change(old: str, new: str) -> str:
    assert SMALL.count(old) >= 1
    return SMALL.replace(old, new, 1)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_what_a_map_leaves_out_is_filled_in() -> None:
    small = parse(SMALL)
    shop, email, order = small.departments["shop"], small.identifiers["email"], small.identifiers["order"]
    journey = small.journeys["new_line"]
    assert small.name == "small"
    assert (shop.topic, shop.silent_after, shop.allowed_delay) == ("shop.events", None, 0)
    assert (email.normaliser, email.priority, email.unique, email.routes) == ("email", 1, False, True)
    assert (email.identifies, order.identifies) == ("customer", "journey")
    assert small.events["shop.order_placed"].department == "shop"
    assert (journey.starts, journey.steps) == (("shop.order_placed",), ("shop.order_placed", "line_on"))
    assert journey.handoffs["activation"] == Handoff(
        "activation", "shop.order_placed", "line_on", within=4 * HOUR, agree_on=("plan", "order")
    )
    assert small.contacts["line_on"].recognised == Condition("recognised", True)


def test_a_handoff_is_owned_by_the_department_that_owes_it_unless_the_map_says_otherwise() -> None:
    assert parse(SMALL).journeys["new_line"].handoffs["activation"].owner == ""
    owned = SMALL.replace("  activation:\n", "  activation: {owner: activation-desk}\n", 1)
    assert parse(owned).journeys["new_line"].handoffs["activation"].owner == "activation-desk"
    named = owned.replace("within: 4h", "within: 4h\n        owner: night-shift")
    assert parse(named).journeys["new_line"].handoffs["activation"].owner == "night-shift"


def test_optional_steps_come_last_unless_the_map_places_them() -> None:
    optional = with_change("correlates: order", "correlates: order\n    optional: shop.order_cancelled")
    placed = optional.replace(
        "    optional:", "    steps: [shop.order_placed, shop.order_cancelled, line_on]\n    optional:"
    )
    assert parse(optional).journeys["new_line"].steps == (
        "shop.order_placed",
        "line_on",
        "shop.order_cancelled",
    )
    assert parse(placed).journeys["new_line"].steps == (
        "shop.order_placed",
        "shop.order_cancelled",
        "line_on",
    )


def test_a_promise_names_event_field_and_pick() -> None:
    text = with_change("within: 4h", "by: {event: shop.order_placed, field: promised_at, pick: newest}")
    assert parse(text).journeys["new_line"].handoffs["activation"].by == Promise(
        "shop.order_placed", "promised_at", "newest"
    )


@pytest.mark.parametrize(("spelling", "value"), [("0.8", 0.8), ("3h", 3 * HOUR)])
def test_jeopardy_is_a_share_of_the_time_or_a_duration(spelling: str, value: float | int) -> None:
    text = with_change("within: 4h", f"within: 4h\n        jeopardy_at: {spelling}")
    assert parse(text).journeys["new_line"].handoffs["activation"].jeopardy_at == value


def test_the_default_region_reads_phones_that_have_none() -> None:
    text = "default_region: AT\n" + with_change(", region: DE", "")
    small = parse(text)
    assert small.default_region == "AT"
    assert small.identifiers["phone"].normalise("0664 1234567") == "+436641234567"


def test_topics_know_their_event_types() -> None:
    small = parse(with_change("activation:\n", "activation: {topic: lines}\n"))
    assert small.topics == ("shop.events", "lines", "baton.commands", "baton.inbox")
    assert small.topic_of("line_on") == "lines"
    assert small.topic_of("baton.link") == "baton.commands"
    assert small.topic_of("unheard.of") is None


def test_an_events_identifiers_are_normalised_and_the_strongest_comes_first() -> None:
    items = [{"email": "zoe@example.com"}, {"email": "anna@example.com"}]
    event = {
        "type": "shop.order_placed",
        "data": {"order": "#a-1", "email": "ANNA@example.com", "items": items},
    }
    assert parse(SMALL).identifiers_of(event) == (
        ("email:anna@example.com", "email:zoe@example.com", "order:A-1"),
        0,
    )


def test_unusable_identifiers_are_dropped_and_counted() -> None:
    event = {"type": "line_on", "data": {"order": "null", "iccid": {"a": 1}, "phone": "+49 171 3920001"}}
    assert parse(SMALL).identifiers_of(event) == ((), 3)


def test_an_events_fields_are_read_where_the_map_says() -> None:
    small = parse(SMALL)
    placed = {"type": "shop.order_placed", "data": {"plan": "L", "promised_at": ["a", "b"], "other": 1}}
    assert small.fields_of(placed) == {"plan": "L", "promised_at": ["a", "b"]}
    assert small.fields_of({"type": "line_on", "data": {"plan": {"name": "L"}, "recognised": False}}) == {
        "recognised": False
    }


def test_the_version_depends_on_content_only() -> None:
    reordered = "# a comment\n" + yaml.safe_dump(yaml.safe_load(SMALL), sort_keys=True)
    assert parse(SMALL).version == parse(SMALL + "\n# the end\n").version
    assert len(parse(SMALL).version) == 12
    assert parse(SMALL).version != parse(with_change("4h", "5h")).version
    shop_first = with_change(
        "  shop: {owner: shop-desk}\n  activation:\n", "  activation:\n  shop: {owner: shop-desk}\n"
    )
    assert parse(SMALL).version == parse(shop_first).version
    assert "# a comment" in reordered


def test_aliases_are_read_as_what_they_stand_for() -> None:
    aliased = SMALL.replace("starts: shop.order_placed", "starts: &first [shop.order_placed]").replace(
        "cancels: [shop.order_cancelled]", "cancels: [shop.order_cancelled]\n    optional: *first"
    )
    assert parse(aliased).journeys["new_line"].optional == ("shop.order_placed",)


PATH = "journeys.new_line.handoffs.activation"

BROKEN = [
    ("within: 4h", "witin: 4h", f"{PATH}: unknown key 'witin' (did you mean 'within'?)"),
    (
        "within: 4h",
        "within: 4 hours",
        f"{PATH}.within: expected a duration such as 4h, 30m or 1d12h, found '4 hours'",
    ),
    ("within: 4h", "within: 4", f"{PATH}.within: expected a duration such as 4h, 30m or 1d12h, found 4"),
    ("within: 4h", "within:", f"{PATH}.within: expected a duration such as 4h, 30m or 1d12h, found nothing"),
    (
        "within: 4h",
        "within: 0s",
        f"{PATH}.within: expected a duration such as 4h, 30m or 1d12h longer than 0s, found '0s'",
    ),
    (
        "within: 4h",
        "by: {event: shop.order_placed, field: promised}",
        f"{PATH}.by.field: shop.order_placed has no field 'promised' (did you mean 'promised_at'?)",
    ),
    ("within: 4h", "by: {event: shop.order_placed}", f"{PATH}.by: the key 'field' is missing"),
    ("within: 4h", "by: 4h", f"{PATH}.by: expected keys and values, found '4h'"),
    (
        "within: 4h",
        "by: {event: shop.order_placed, field: plan, pick: last}",
        f"{PATH}.by.pick: unknown value 'last' (did you mean 'latest'?)",
    ),
    (
        "within: 4h",
        "within: 4h\n        by: {event: shop.order_placed, field: plan}",
        f"{PATH}.by: within and by exclude each other: a handoff has one deadline",
    ),
    (
        "within: 4h\n        agree_on: [plan, order]",
        "severity: info",
        f"{PATH}: expected a rule: within, by, fails_on, accepted_by, agree_on, order or once",
    ),
    (
        "within: 4h",
        "accepted_by: line_on",
        f"{PATH}.accepted_by: accepted_by needs a deadline: add within or by",
    ),
    ("within: 4h", "jeopardy_at: 0.8", f"{PATH}.jeopardy_at: jeopardy_at needs a deadline: add within or by"),
    (
        "within: 4h",
        "within: 4h\n        jeopardy_at: 1.5",
        f"{PATH}.jeopardy_at: expected a share such as 0.8 or a duration such as 3h, found 1.5",
    ),
    ("within: 4h", "within: 4h\n        once: maybe", f"{PATH}.once: expected true or false, found 'maybe'"),
    (
        "within: 4h",
        "within: 4h\n        severity: warn",
        f"{PATH}.severity: unknown value 'warn' (did you mean 'warning'?)",
    ),
    ("within: 4h", "within: 4h\n        owner: [a, b]", f"{PATH}.owner: expected text, found a list"),
    (
        "within: 4h",
        "within: 4h\n        fails_on: []",
        f"{PATH}.fails_on: expected at least one value, found a list",
    ),
    (
        "within: 4h",
        "within: 4h\n        fails_on: [line_on, line_on]",
        f"{PATH}.fails_on: 'line_on' is here twice",
    ),
    (
        "to: line_on",
        "to: line_of",
        f"{PATH}.to: unknown event type 'line_of' (did you mean 'line_on'?)",
    ),
    (
        "to: line_on",
        "to: shop.order_placed",
        f"{PATH}: a handoff goes from one event type to another, not to the same",
    ),
    (
        "[plan, order]",
        "[plan, ordr]",
        f"{PATH}.agree_on: line_on has neither a field nor an identifier 'ordr' (did you mean 'order'?)",
    ),
    ("starts: shop.order_placed", "steps: [line_on]", "journeys.new_line: the key 'starts' is missing"),
    (
        "correlates: order",
        "correlates: ordr",
        "journeys.new_line.correlates: unknown identifier 'ordr' (did you mean 'order'?)",
    ),
    (
        "correlates: order",
        "correlates: iccid",
        "journeys.new_line.correlates: shop.order_placed starts the journey but has no identifier 'iccid'",
    ),
    (
        "department: activation",
        "department: activaton",
        "events.line_on.department: unknown department 'activaton' (did you mean 'activation'?)",
    ),
    (
        "    department: activation\n",
        "",
        "events.line_on: the key 'department' is missing, and 'line_on' is no department"
        " (expected one of activation, shop)",
    ),
    (
        "phone: data.phone}",
        "phoen: data.phone}",
        "events.line_on.identifiers.phoen: unknown identifier 'phoen' (did you mean 'phone'?)",
    ),
    (
        "phone: data.phone}",
        "phone: phone_number}",
        "events.line_on.identifiers.phone: expected a path that starts at data, subject, source …,"
        " found 'phone_number' (did you mean 'data.phone_number'?)",
    ),
    (
        "phone: data.phone}",
        "phone: data..phone}",
        "events.line_on.identifiers.phone: expected a path such as data.order_id or data.items.*.id,"
        " found 'data..phone'",
    ),
    (
        "{plan: data.plan, recognised",
        "{phone: data.plan, recognised",
        "events.line_on.fields.phone: 'phone' is an identifier of this event already",
    ),
    (
        "    identifiers: {order: data.order}\n",
        "    identifiers: {}\n",
        "events.shop.order_cancelled.identifiers:"
        " expected at least one identifier, or the event belongs to nobody",
    ),
    (
        "email: email",
        "email: {limit: 0}",
        "identifiers.email.limit: expected a whole number from 1 on, found 0",
    ),
    (
        "email: email",
        "email: {limit: true}",
        "identifiers.email.limit: expected a whole number from 1 on, found True",
    ),
    (
        "email: email",
        "email: {limit: 5, window: 1d}",
        "identifiers.email.window: window needs limit_within: so many values in any span of that length",
    ),
    (
        "email: email",
        "email: {limit_within: 2}",
        "identifiers.email.limit_within: limit_within needs window:"
        " so many values in any span of that length",
    ),
    (
        "email: email",
        "email: {limit: 2, window: 1d, limit_within: 3}",
        "identifiers.email.limit_within: expected at most the limit, 2, which holds for all time",
    ),
    (
        "email: email",
        "email: {unique: true, changes_hands_after: 60d}",
        "identifiers.email.changes_hands_after: what is unique to a customer does not change hands",
    ),
    (
        "order: order",
        "order: {normaliser: order, changes_hands_after: 60d}",
        "identifiers.order.changes_hands_after: 'order' identifies a journey:"
        " only what identifies a customer changes hands",
    ),
    (
        "    department: activation\n",
        "    department: activation\n    releases: email\n",
        "events.line_on.releases: line_on has no identifier 'email' (expected one of iccid, order, phone)",
    ),
    (
        "    department: activation\n",
        "    department: activation\n    releases: [phone, iccid]\n",
        "events.line_on.releases: 'iccid' identifies a journey, and does not change hands",
    ),
    (
        "    department: activation\n",
        "    department: activation\n    releases: fone\n",
        "events.line_on.releases: unknown identifier 'fone' (did you mean 'phone'?)",
    ),
    (
        "email: email",
        "email: {region: DE}",
        "identifiers.email.region: only the normaliser phone needs a region",
    ),
    ("email: email", "email: {unique: 1}", "identifiers.email.unique: expected true or false, found 1"),
    ("email: email", "email: mail", "identifiers.email: unknown value 'mail' (did you mean 'email'?)"),
    (
        "email: email",
        "email: {priority: 3}",
        "identifiers.order: priority 3 is that of 'email' already"
        " (an identifier without priority has its place in the list)",
    ),
    ("region: DE", "region: UK", "identifiers.phone.region: expected a country code such as DE, found 'UK'"),
    ("region: DE", "region: no", "identifiers.phone.region: expected text, found False"),
    (
        "shop: {owner: shop-desk}",
        "shop: {silent_after: soon}",
        "departments.shop.silent_after: expected a duration such as 4h, 30m or 1d12h, found 'soon'",
    ),
    (
        "shop: {owner: shop-desk}",
        "shop: {topic: shop events}",
        "departments.shop.topic:"
        " expected a Kafka topic of letters, digits, dot, _ and -, found 'shop events'",
    ),
    (
        "shop: {owner: shop-desk}",
        "shop: {topic: baton.alerts}",
        "departments.shop.topic: names that start with baton are Baton's own: choose another",
    ),
    (
        "  activation:\n",
        "  baton:\n",
        "departments.baton: names that start with baton are Baton's own: choose another",
    ),
    (
        "  line_on:\n",
        "  baton.link:\n",
        "events.baton.link: names that start with baton are Baton's own: choose another",
    ),
    (
        "  line_on:\n",
        "  line on:\n",
        "events.line on: expected an event type without spaces of at most 200 characters, found 'line on'",
    ),
    (
        "new_line:",
        "new line:",
        "journeys.new line:"
        " expected a name of letters, digits, _ and - that starts with a letter, found 'new line'",
    ),
    (
        "line_on: {recognised",
        "line_of: {recognised",
        "contacts.line_of: unknown event type 'line_of' (did you mean 'line_on'?)",
    ),
    (
        "field: recognised",
        "field: recognized",
        "contacts.line_on.recognised.field: line_on has neither a field nor an identifier 'recognized'"
        " (did you mean 'recognised'?)",
    ),
    (
        "{recognised: {field: recognised, equals: true}}",
        "{severity: info}",
        "contacts.line_on: expected a rule: recognised or repeat_within",
    ),
    (
        "equals: true",
        "equals: [true]",
        "contacts.line_on.recognised.equals: expected text, a number, true or false, found a list",
    ),
    ("contacts:", "contcats:", "unknown key 'contcats' (did you mean 'contacts'?)"),
]


@pytest.mark.parametrize(("old", "new", "problem"), BROKEN, ids=[problem[:70] for *_, problem in BROKEN])
def test_a_problem_says_where_it_is_and_what_was_expected(old: str, new: str, problem: str) -> None:
    found = problems(with_change(old, new))
    lines = {one.partition(": ")[2]: one.partition(": ")[0] for one in found}
    assert problem in lines
    assert lines[problem].startswith("maps/small.yaml:")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("within: 4h", "within: 4h\n        witin: 4h", "witin"),
        ("within: 4h", "within: four", "within"),
        ("starts: shop.order_placed", "starts: shop.order_plcaed", "starts"),
        ("email: email", "email: {limit: 0}", "email"),
        ("[plan, order]", "\n          - plan\n          - ordr", "agree_on"),
    ],
)
def test_a_problem_names_the_line_of_its_key(old: str, new: str, key: str) -> None:
    text = with_change(old, new)
    assert problems(text)[0].startswith(f"maps/small.yaml:{line_of(text, key + ':')}: ")


def test_all_problems_are_found_at_once_and_in_line_order() -> None:
    text = SMALL
    for old, new in [
        ("email: email", "email: emial"),
        ("data.items.*.email", "items.*.email"),
        ("correlates: order", "correlates: ordr"),
        ("within: 4h", "witin: 4h"),
        ("equals: true", "equal: true"),
    ]:
        text = text.replace(old, new, 1)
    found = problems(text)
    lines = [int(problem.split(":")[1]) for problem in found]
    assert len(found) == 6
    assert len(found) == 6
    assert lines == sorted(lines)


def test_a_broken_event_is_reported_once_not_at_each_mention() -> None:
    assert (
        len(
            problems(
                with_change("identifiers: {order: data.order, email", "identifiers: {order: order_id, email")
            )
        )
        == 1
    )


def test_two_handoffs_of_one_name_are_refused_with_both_lines() -> None:
    again = "      activation: {from: shop.order_placed, to: line_on, within: 5h}\ncontacts:"
    text = with_change("contacts:", again)
    first = line_of(text, "      activation:")
    assert problems(text) == [
        f"maps/small.yaml:{first + 5}: journeys.new_line.handoffs:"
        f" the key 'activation' is here twice (first in line {first})"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1: the file is empty: expected departments, identifiers, events and journeys"),
        ("# nothing\n", "1: the file is empty: expected departments, identifiers, events and journeys"),
        ("- a\n- b\n", "1: expected keys and values, found a list"),
        ("just text", "1: expected keys and values, found 'just text'"),
        ("a: 1\nb: [1, 2\n", "3: not valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: 1\n\tb: 2\n", "2: not valid YAML: found character '\\t' that cannot start any token"),
        (
            "a: 1\nb: \x07\n",
            "2: not valid YAML: unacceptable character #x0007: special characters are not allowed",
        ),
        ("a: *b\n", "1: not valid YAML: found undefined alias 'b'"),
        ("a: 1\n---\nb: 2\n", "2: not valid YAML: but found another document"),
        (
            "a: !!python/object:os.system {}",
            "1: not valid YAML: unknown tag 'tag:yaml.org,2002:python/object:os.system'",
        ),
        ("[" * 5000, "1: not valid YAML: nested more than 20 deep"),
        (
            "a: &a [*a]",
            "1: expected at most 100000 values, nested at most 20 deep, counting what aliases stand for",
        ),
        ("x: " + "y" * 1_000_000, "1: expected at most 1 MB of YAML"),
    ],
    ids=lambda value: value[:30],
)
def test_what_is_no_map_at_all_is_refused(text: str, problem: str) -> None:
    assert f"maps/small.yaml:{problem}" in problems(text)


def test_a_small_file_that_aliases_blow_up_is_refused() -> None:
    bomb = "l0: &l0 [1]\n" + "".join(
        f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )
    assert "counting what aliases stand for" in problems(bomb)[0]


@pytest.mark.parametrize("key", ["departments", "identifiers", "events", "journeys"])
def test_a_map_needs_each_of_its_sections(key: str) -> None:
    content = yaml.safe_load(SMALL)
    del content[key]
    assert f"maps/small.yaml:1: the key '{key}' is missing" in problems(yaml.safe_dump(content))
    content[key] = {}
    found = problems(yaml.safe_dump(content))
    assert any(problem.endswith(f": {key}: expected at least one entry") for problem in found)


JSONISH = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["4h", "line_on", "order"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def places(node: object) -> list[tuple[object, object]]:
    """Every (container, key) in a document."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for key, value in items for place in ((node, key), *places(value))]


@given(st.data())
def test_whatever_stands_in_a_map_is_read_or_refused_with_reasons(data: st.DataObject) -> None:
    content = yaml.safe_load(SMALL)
    container, key = data.draw(st.sampled_from(places(content)), "place")
    container[key] = data.draw(JSONISH, "value")
    try:
        parse(yaml.safe_dump(content, allow_unicode=True))
    except InvalidMap as error:
        assert error.problems
        assert all(problem.startswith("maps/small.yaml:") for problem in error.problems)


@given(st.text())
def test_any_text_is_a_map_or_is_refused_with_reasons(text: str) -> None:
    with pytest.raises(InvalidMap):
        parse(text)


def test_the_telecom_map_uses_every_key() -> None:
    path = Path("deploy/maps/telecom.yaml")
    telecom = JourneyMap.parse(path.read_text(), str(path))
    assert set(telecom.departments) == {"shop", "activation", "call_center"}
    assert telecom.departments["shop"].silent_after == 6 * HOUR
    assert telecom.contacts["call_center.call_received"].repeat_within == DAY
