"""Instants and durations, both whole microseconds: an instant counts from 1970-01-01 UTC.

Instants are compared as they are, never as dates. A text without a zone is UTC.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WITHOUT_ZONE = datetime(1970, 1, 1)
_EARLIEST = -62_135_596_800 * SECOND
_END = 253_402_300_800 * SECOND
_LONGEST = 36_525 * DAY
_DURATION = re.compile(
    r"(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)(?:\.([0-9]{1,6}))?s)?"
)


def parse_instant(text: str) -> int:
    """RFC 3339, also with a space for the T, without a zone, or a leap second (the next minute's first).

    Digits beyond the microsecond are cut. ValueError for anything else and outside the years 1 to 9999.
    """
    try:
        if text[4] != "-" or text[7] != "-" or text[10] not in "T t" or text[13] != ":" or text[16] != ":":
            raise ValueError
        leap = 0
        if text[17:19] == "60":
            text, leap = f"{text[:17]}59{text[19:]}", SECOND
        if text[-1] == "z":
            text = text[:-1] + "Z"
        moment = datetime.fromisoformat(text)
    except (ValueError, IndexError):
        raise ValueError(f"expected a time such as 2026-01-15T10:00:00Z, found {text[:60]!r}") from None
    elapsed = moment - (_EPOCH if moment.tzinfo else _EPOCH_WITHOUT_ZONE)
    instant = (elapsed.days * 86_400 + elapsed.seconds) * SECOND + elapsed.microseconds + leap
    if not _EARLIEST <= instant < _END:
        raise ValueError(f"expected a time in the years 1 to 9999 UTC, found {text!r}")
    return instant


def format_instant(instant: int) -> str:
    """`2026-01-15T10:00:00Z`, with six decimals only when they are not all zero."""
    days, micros = divmod(instant, DAY)
    minutes, micros = divmod(micros, MINUTE)
    seconds, micros = divmod(micros, SECOND)
    decimals = f".{micros:06d}" if micros else ""
    return f"{_date(days)}{_TIMES[minutes]}{seconds:02d}{decimals}Z"


_TIMES = tuple(f"T{minutes // 60:02d}:{minutes % 60:02d}:" for minutes in range(24 * 60))


@lru_cache(maxsize=1024)
def _date(days: int) -> str:
    return (_EPOCH_WITHOUT_ZONE + timedelta(days=days)).date().isoformat()


def parse_duration(text: str) -> int:
    """`2w`, `1d12h`, `30m`, `1.5s`: units from large to small, at most 100 years; else ValueError."""
    parts = _DURATION.fullmatch(text)
    if not text or not parts:
        raise ValueError(f"expected a duration such as 4h, 30m or 1d12h, found {text[:60]!r}")
    weeks, days, hours, minutes, seconds = (int(part[:12]) if part else 0 for part in parts.groups()[:5])
    micros = int((parts[6] or "").ljust(6, "0"))
    duration = (weeks * 7 + days) * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND + micros
    if duration > _LONGEST:
        raise ValueError(f"expected a duration of at most 100 years, found {text[:60]!r}")
    return duration


def format_duration(duration: int) -> str:
    """`1d12h`, `1.5s`, `0s`: what parse_duration reads; the duration is not negative."""
    text = ""
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE)):
        count, duration = divmod(duration, size)
        text += f"{count}{unit}" if count else ""
    seconds, micros = divmod(duration, SECOND)
    if micros:
        return text + f"{seconds}.{micros:06d}".rstrip("0") + "s"
    return text + f"{seconds}s" if seconds or not text else text
