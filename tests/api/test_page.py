"""The page, driven in a real browser over real HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from api.app import create_app
from api.store.read_model import ReadModel
from tests.support import documents
from tests.support.apis import MAP, CollectingLog, fall_silent, show_ann
from tests.support.documents import encoded
from tests.support.uvicorns import serving

MARKUP = "<img src=x onerror=\"document.title='pwned'\">"


@pytest.fixture
def model(tmp_path: Path) -> ReadModel:
    model = ReadModel(f"sqlite:///{tmp_path}/read-model.sqlite")
    model.migrate()
    return model


@pytest.fixture
async def page(browser: BrowserContext, model: ReadModel) -> AsyncIterator[Page]:
    """The page over Ann's read model; whatever the console complains of fails the test."""
    complaints: list[str] = []
    async with serving(create_app(model, CollectingLog(), MAP)) as url:
        page = await browser.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        show_ann(model)
        await page.goto(url)
        yield page
        await page.close()
    assert complaints == []


async def find(page: Page, typed: str) -> None:
    await page.get_by_role("searchbox").fill(typed)
    await page.keyboard.press("Enter")


async def test_a_phone_number_as_typed_finds_the_journey_with_a_lane_for_each_department(
    page: Page, tmp_path: Path
) -> None:
    await find(page, "0151 / 12345678")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Order A1")
    lanes = page.locator(".lane-name")
    await expect(lanes).to_have_text(["Shop", "Logistics", "Activation", "Call center"])
    await expect(page.locator("button.event .label strong")).to_have_text(
        ["Order placed", "Order paid", "Parcel shipped", "Requested", "Call received"]
    )
    await page.screenshot(path=tmp_path / "journey.png", full_page=True)


async def test_broken_handoffs_are_red_and_say_what_is_late_or_missing_by_how_much(page: Page) -> None:
    await find(page, "order:A1")
    await expect(page.locator(".ghost-label.bad")).to_contain_text("SIM activated: missing")
    await expect(page.locator(".ghost-label.bad")).to_contain_text("due 16 Jan, 20:40")
    await expect(page.locator(".ghost-label.bad")).to_contain_text("13 h 20 min overdue")
    shipped = page.get_by_role("button", name="Logistics: Parcel shipped")
    await expect(shipped).to_contain_text("14 h 37 min late")
    await expect(page.locator("path.handoff.bad")).to_have_count(2)
    red = await page.locator("path.handoff.bad").first.evaluate("path => getComputedStyle(path).stroke")
    neutral = await page.locator("path.handoff.ok").first.evaluate("path => getComputedStyle(path).stroke")
    assert red == "rgb(195, 34, 47)" != neutral


async def test_an_event_shows_what_it_said_and_the_keyboard_walks_along_the_timeline(page: Page) -> None:
    await find(page, "A1")
    await page.get_by_role("button", name="Shop: Order placed").focus()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    details = page.locator("#event-details")
    await expect(details.get_by_role("heading")).to_have_text("Parcel shipped")
    await expect(details).to_contain_text("DHL")
    await expect(details).to_contain_text("logistics.events, partition 0, offset 7")


async def test_an_alert_is_acknowledged_and_taken_back(page: Page, model: ReadModel) -> None:
    panel = page.get_by_role("complementary")
    await expect(panel.locator("#alerts-count")).to_have_text("2")
    card = panel.locator('[data-alert="f1"]')
    await card.get_by_role("button", name="Acknowledge").click()
    await card.get_by_label("Your name").fill("Bea")
    await card.get_by_label("Note").fill("calling activation")
    await card.get_by_role("button", name="Take it on").click()
    await expect(panel.locator("#alerts-count")).to_have_text("1")
    taken = model.acknowledgements.of("f1")
    assert taken is not None
    assert (taken.by, taken.note) == ("Bea", "calling activation")
    await panel.get_by_text("Acknowledged (1)").click()
    await expect(card).to_contain_text("Bea took it on")
    await card.get_by_role("button", name="Take back").click()
    await expect(panel.locator("#alerts-count")).to_have_text("2")


async def test_a_link_to_an_alert_opens_its_proof_beside_the_timeline(page: Page) -> None:
    await page.goto(f"{page.url}#alert=f3")
    proof = page.locator("main .alert[aria-current] .proof")
    await expect(proof).to_have_attribute("open", "")
    await expect(proof).to_contain_text("call_center.events/0@7")
    await expect(proof.locator("li.weakest")).to_contain_text("+4915112345678")
    await expect(page.locator("button.event")).to_have_count(5)


async def test_a_conflict_shows_both_sides_the_rule_and_its_history(page: Page, model: ReadModel) -> None:
    model.writer.apply("baton.alerts", 0, [(9, "f4", encoded(documents.conflict_alert()))])
    await page.goto(f"{page.url}#alert=f4")
    proof = page.locator("main .alert[aria-current] .proof")
    await expect(proof).to_contain_text("Crm is unique; the weaker link, phone, was refused.")
    await expect(proof.locator(".side")).to_have_count(2)
    await expect(proof.locator(".side").nth(1).locator("li.weakest")).to_contain_text("C2")
    await expect(proof.locator(".history li")).to_contain_text("by unlink of eve")
    await expect(proof.locator(".history q")).to_have_text("two persons")


async def test_new_alerts_appear_by_themselves(page: Page, model: ReadModel) -> None:
    panel = page.get_by_role("complementary")
    await expect(panel.locator("#alerts-count")).to_have_text("2")
    model.writer.apply("baton.alerts", 0, [(9, "f9", encoded(documents.alert("f9", summary="Another one.")))])
    await expect(panel.locator('[data-alert="f9"]')).to_contain_text("Another one.", timeout=15_000)


async def test_what_departments_send_never_becomes_markup(page: Page, model: ReadModel) -> None:
    journey = documents.journey(
        "j2", correlates=f"order:{MARKUP}", identifiers={"order": [MARKUP]}, type=MARKUP
    )
    journey["timeline"][0]["fields"] = {MARKUP: MARKUP}
    alert = documents.alert("f8", journey="j2", summary=MARKUP, owner=MARKUP, runbook="javascript:alert(1)")
    model.writer.apply("baton.journeys", 0, [(5, "j2", encoded(journey))])
    model.writer.apply("baton.alerts", 0, [(8, "f8", encoded(alert))])
    await page.goto(f"{page.url}#alert=f8")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("onerror")
    await page.get_by_role("button", name="Shop: Order placed").click()
    await expect(page.locator("#event-details")).to_contain_text("onerror")
    assert await page.locator("img").count() == 0
    assert await page.get_by_role("link", name="Runbook").count() == 0
    assert await page.title() != "pwned"


async def test_a_search_without_result_says_what_to_try(page: Page) -> None:
    await find(page, "nobody@example.com")
    await expect(page.locator("main .empty")).to_contain_text("Nobody is known as “nobody@example.com”")
    await expect(page.locator("main .empty")).to_contain_text("Try the order number")


async def test_the_start_shows_handoffs_the_worst_first_and_the_latest_journeys(page: Page) -> None:
    await expect(page.locator(".figures strong")).to_have_text(["Activation", "Shipping", "Payment"])
    await expect(page.locator(".figures li").first).to_contain_text("100 % broken")
    await page.locator(".journeys a.title").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Order A1")


async def test_the_start_shows_silent_departments_and_how_much_is_not_judged_for_that(
    page: Page, model: ReadModel
) -> None:
    fall_silent(model)
    await page.reload()
    await expect(page.locator(".silences li")).to_have_text(
        "Activation silent since 16 Jan, 12:00: 2 handoffs it owes are due, and judged when it is heard again"
    )


async def test_it_fits_a_phone_without_scrolling_sideways(page: Page, tmp_path: Path) -> None:
    await page.set_viewport_size({"width": 400, "height": 800})
    for address in ("#", "#journey=j1", "#alert=f1"):
        await page.goto(f"{page.url.partition('#')[0]}{address}")
        await expect(page.locator("main h1, main h2").first).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == 400
    await page.screenshot(path=tmp_path / "phone.png", full_page=True)


async def test_it_says_when_the_service_is_gone_and_recovers(page: Page) -> None:
    await expect(page.locator("#live-text")).to_contain_text("Up to date")
    away = '{"title": "Service Unavailable", "status": 503, "detail": "the read model is away"}'
    await page.evaluate(
        """away => { const real = window.fetch; window.back = () => { window.fetch = real; };
        window.fetch = async () => new Response(away, { status: 503 }); }""",
        away,
    )
    await expect(page.locator("#live-text")).to_have_text("The read model is away.", timeout=15_000)
    await page.evaluate("window.back()")
    await expect(page.locator("#live-text")).to_contain_text("Up to date", timeout=15_000)
