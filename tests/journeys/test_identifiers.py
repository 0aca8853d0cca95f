import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from journeys.identifiers import NORMALISERS, fold, normalise


@pytest.mark.parametrize(
    ("normaliser", "spellings", "one"),
    [
        (
            "email",
            ["Anna@Example.COM", "  anna@example.com ", "mailto:anna@example.com", "<anna@example.com>"],
            "anna@example.com",
        ),
        (
            "phone",
            [
                "0171 3920001",
                "+49 (0)171 392 00 01",
                "0049 171/3920001",
                "tel:+49-171-3920001",
                "491713920001",
                491713920001,
            ],
            "+491713920001",
        ),
        ("order", ["a-1001", "#A-1001", " A-1001 ", "A - 1001"], "A-1001"),
        ("order", [1001, "1001", "#1001"], "1001"),
        (
            "iccid",
            [
                "8949020000000010013",
                "8949 0200 0000 0010 013",
                "8949-0200-0000-0010-013F",
                "894902000000001001",
            ],
            "8949020000000010013",
        ),
        (
            "imei",
            ["490154203237518", "49-015420-323751-8", "49015420323751", "4901542032375117", 490154203237518],
            "490154203237518",
        ),
        ("text", ["Straße 1", "STRASSE  1", " strasse 1\t", "Straße\u200b 1"], "strasse 1"),
    ],
)
def test_it_finds_one_spelling_for_all(normaliser: str, spellings: list[object], one: str) -> None:
    assert {normalise(normaliser, spelling, "DE") for spelling in spellings} == {one}


@pytest.mark.parametrize(
    ("normaliser", "value"),
    [
        ("email", "anna"),
        ("email", "anna@localhost"),
        ("email", "anna@@example.com"),
        ("email", "an na@example.com"),
        ("email", "noreply@example.com"),
        ("phone", "12"),
        ("phone", "call me"),
        ("phone", "+49 0000000000"),
        ("phone", "1" * 200),
        ("iccid", "8949020000000010014"),
        ("iccid", "1234567890123456789"),
        ("iccid", "89490200000000100"),
        ("imei", "490154203237519"),
        ("imei", "0000000000000000"),
        ("imei", "35-ABCDEF-123456"),
        ("order", "#"),
        ("order", "# null"),
    ],
)
def test_it_refuses_what_cannot_be_one(normaliser: str, value: str) -> None:
    assert normalise(normaliser, value, "DE") is None


@pytest.mark.parametrize(
    "value", [None, True, False, 1.5, {}, [], b"A1", "x" * 257, 10**100, pytest.param(10**5000, id="huge")]
)
@pytest.mark.parametrize("normaliser", NORMALISERS)
def test_only_short_text_and_integers_are_usable(normaliser: str, value: object) -> None:
    assert normalise(normaliser, value, "DE") is None


def test_a_number_without_country_code_needs_a_region() -> None:
    assert normalise("phone", "0171 3920001") is None
    assert normalise("phone", "+49 171 3920001") == "+491713920001"


def test_a_region_without_trunk_prefix_reads_its_own_numbers_first() -> None:
    assert normalise("phone", "2125551234", "US") == "+12125551234"


JUNK = [
    "",
    " ",
    "\t\n",
    "\u200b",
    "null",
    "NULL",
    "None",
    "nil",
    "NaN",
    "n/a",
    "N.A.",
    "undefined",
    "unknown",
    "Anonymous",
    "guest",
    "test",
    "-",
    "--",
    "-1",
    "0",
    "000",
    "000-000",
    "999",
    "9999999",
    "1111111",
    "[object Object]",
    "true",
    "False",
    "'null'",
    '"null"',
    "\"'null'\"",
    '""',
    "`none`",
    "id",
    "email",
    "not_authenticated",
    "123456789",
    "test@example.com",
    "Anonymous@example.com",
    None,
    True,
    False,
    0,
    -1,
    999999,
    1.5,
    [],
    {},
]


@pytest.mark.parametrize("value", JUNK)
def test_junk_names_nobody(value: object) -> None:
    assert all(normalise(normaliser, value, "DE") is None for normaliser in NORMALISERS)


@pytest.mark.parametrize(
    "value", ["A-1001", "anna@example.com", 1, 10, 17, 99, 2026, "0171 3920001", "testa rossa"]
)
def test_what_names_somebody_is_no_junk(value: object) -> None:
    assert normalise("text", value, None) is not None


LIKELY = st.one_of(
    st.text(max_size=40),
    st.text("0123456789 +-/()#.fF", max_size=30),
    st.from_regex(r"[ßİŉA-Za-z.]{1,8}@[ßA-Z.]{1,8}\.[a-z]{2}", fullmatch=True),
    st.integers(0, 10**20),
)


@given(st.sampled_from(NORMALISERS), LIKELY, st.sampled_from(["DE", "US", "IT", None]))
@example("order", "ŉ ß İ ǰ", None)
@example("order", "U¯", None)
@example("text", "\u00b4 a", None)
@example("text", "\u1e9e\u0345\u03b1", None)
def test_normalising_again_changes_nothing(normaliser: str, value: object, region: str | None) -> None:
    once = normalise(normaliser, value, region)
    if once is not None:
        assert normalise(normaliser, once, region) == once


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_an_unknown_normaliser_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        normalise("fax", "A1")
