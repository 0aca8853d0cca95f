from stream.notify.open_alerts import OpenAlerts
from tests.stream.notify.receiving import alert, batch, resolved


def told(*alerts: dict) -> OpenAlerts:
    alerts_told = OpenAlerts()
    alerts_told.remember(batch(*alerts))
    return alerts_told


def test_an_alert_is_news_once() -> None:
    assert OpenAlerts().news(batch(alert())) == [alert()]
    assert told(alert()).news(batch(alert())) == []


def test_a_later_watermark_or_more_evidence_is_no_news_but_is_what_a_reminder_tells() -> None:
    later = alert(judged_at="2026-01-15T18:00:00Z", evidence=[{"id": "e9"}], links=[{"a": "x:1"}])
    alerts = told(alert())
    assert alerts.news(batch(later)) == []
    alerts.remember(batch(later))
    assert alerts.open() == [later]


def test_a_resolved_alert_is_news_and_is_not_repeated_afterwards() -> None:
    alerts = told(alert("f1"), alert("f2"))
    assert alerts.news(batch(resolved("f1"))) == [resolved("f1")]
    alerts.remember(batch(resolved("f1")))
    assert alerts.open() == [alert("f2")]
    assert alerts.news(batch(resolved("f1"))) == []


def test_an_alert_that_opens_again_is_news() -> None:
    alerts = told(alert())
    alerts.remember(batch(resolved()))
    assert alerts.news(batch(alert())) == [alert()]


def test_an_alert_that_was_resolved_before_anyone_was_told_is_news() -> None:
    assert OpenAlerts().news(batch(resolved())) == [resolved()]


def test_only_the_last_state_in_a_batch_is_told() -> None:
    assert OpenAlerts().news(batch(alert(), resolved())) == [resolved()]


def test_an_open_alert_that_is_no_more_is_told_as_withdrawn() -> None:
    alerts = told(alert("open"), alert("mended"))
    alerts.remember(batch(resolved("mended")))
    gone = [("open", None), ("mended", None), ("unheard of", None)]
    assert alerts.news(gone) == [alert("open", status="withdrawn")]
    alerts.remember(gone)
    assert alerts.open() == []
    assert alerts.news(batch(alert("open"))) == [alert("open")]
