"""One spelling for each identifier, and none for values that identify nobody.

An identifier is written `type:value`. Normalising what is normalised already changes nothing.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import phonenumbers
from stdnum import luhn

MAX_LENGTH = 256

# fmt: off
_JUNK_WORDS = {
    "-", "-1", "null", "none", "nil", "nan", "na", "n/a", "n.a.", "missing", "undefined", "unknown",
    "unspecified", "invalid", "empty", "default", "true", "false", "anonymous", "anon", "guest", "nobody",
    "not_authenticated", "id", "email", "distinctid", "distinct_id", "test", "testing", "tester", "dummy",
    "placeholder", "xxx", "123456789", "1234567890", "0123456789", "not available", "not applicable",
    "[object object]",
}
_JUNK_MAILBOXES = {
    "anonymous", "guest", "nobody", "noemail", "none", "noreply", "no-reply", "null", "test", "undefined",
    "unknown",
}
# fmt: on
_JUNK_DIGITS = re.compile(r"0+|9{3,}|([0-9])\1{6,}")
_SEPARATORS = re.compile(r"[\s.\-_/()+]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_INVISIBLE = ("Cc", "Cf", "Cs")


def normalise(normaliser: str, value: object, region: str | None = None) -> str | None:
    """The value's one spelling; None where unusable: junk, malformed, too long, neither text nor integer.

    `region` (ISO 3166, as `DE`) reads phone numbers without country code. KeyError: unknown normaliser.
    """
    if isinstance(value, str):
        return _normalise(normaliser, value, region) if len(value) <= MAX_LENGTH else None
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= MAX_LENGTH:
        return _normalise(normaliser, str(value), region)
    return None


def fold(text: str) -> str:
    """Trimmed, spaces collapsed, case folded, compatibility forms made one, invisible characters gone."""
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())
    seen = " ".join(text.split())
    folded = "".join(char for char in seen if unicodedata.category(char) not in _INVISIBLE)
    for _ in range(4):
        folded = unicodedata.normalize("NFKC", folded.casefold())
    return " ".join(folded.split())


@lru_cache(maxsize=1 << 16)
def _normalise(normaliser: str, value: str, region: str | None) -> str | None:
    spell = _NORMALISERS[normaliser]
    text = fold(value)
    if _is_junk(text):
        return None
    spelling = spell(text, region)
    return spelling if spelling and len(spelling) <= MAX_LENGTH else None


def _is_junk(folded: str) -> bool:
    """Whether a text names nobody: blank, `null`, `0`, `anonymous`, `999999` …, also quoted."""
    bare = folded.strip("\"'` ")
    return (
        not bare
        or bare in _JUNK_WORDS
        or _JUNK_DIGITS.fullmatch(_SEPARATORS.sub("", bare) or "0") is not None
        or ("@" in bare and bare.partition("@")[0] in _JUNK_MAILBOXES)
    )


def _text(text: str, region: str | None) -> str | None:
    return text


def _order(text: str, region: str | None) -> str | None:
    spelling = unicodedata.normalize("NFC", text.lstrip("# ").replace(" ", "").upper())
    return None if _is_junk(fold(spelling)) else spelling


def _email(text: str, region: str | None) -> str | None:
    address = text.removeprefix("mailto:").strip("<> ")
    return address if _EMAIL.fullmatch(address) else None


def _phone(text: str, region: str | None) -> str | None:
    # Many systems keep the region's country code but lose the plus: 4915123456789.
    bare = _SEPARATORS.sub("", text).removeprefix("tel:")
    code = phonenumbers.country_code_for_region(region) if region else 0
    international = _parse_phone(f"+{bare}", None) if code and bare.startswith(str(code)) else None
    lost_plus = international is not None and phonenumbers.is_valid_number(international)
    number = international if lost_plus else _parse_phone(text, region)
    if number is None or not phonenumbers.is_possible_number(number):
        return None
    national = str(number.national_number)
    if len(national) < 4 or _JUNK_DIGITS.fullmatch(national):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parse_phone(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _iccid(text: str, region: str | None) -> str | None:
    """A SIM card's number: 89, then digits, the last one a Luhn check digit; `f` fills up the last byte."""
    digits = _SEPARATORS.sub("", text).rstrip("f")
    if not digits.startswith("89") or not _is_digits(digits):
        return None
    if len(digits) == 18:
        return digits + str(luhn.calc_check_digit(digits))
    return digits if len(digits) in (19, 20) and luhn.is_valid(digits) else None


def _imei(text: str, region: str | None) -> str | None:
    """A device's number: 14 digits and a check digit; an IMEISV has a software version instead of it."""
    digits = _SEPARATORS.sub("", text)
    if not _is_digits(digits) or len(digits) not in (14, 15, 16) or not digits[:14].strip("0"):
        return None
    if len(digits) == 15 and not luhn.is_valid(digits):
        return None
    return digits[:14] + str(luhn.calc_check_digit(digits[:14]))


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


_NORMALISERS: dict[str, Callable[[str, str | None], str | None]] = {
    "email": _email,
    "phone": _phone,
    "order": _order,
    "iccid": _iccid,
    "imei": _imei,
    "text": _text,
}
NORMALISERS = tuple(_NORMALISERS)
