"""Access to the page, and to its button."""

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.pages.browsing import screenshot, visiting
from tests.console.pages.stage import Stage

BUTTON = "Sync All Vendors"
UNAVAILABLE: dict[str, tuple[dict[str, Any], str]] = {
    "one-way": ({"mode": "one_way"}, "this integration is one-way, so VIVE only reads from Vantaca"),
    "elsewhere": ({"system": "quickbooks"}, "Elsewhere keeps its books in quickbooks"),
    "ended": ({"ended_at": datetime(2026, 3, 1, tzinfo=UTC)}, "the integration of Ended ended on 1 March 2026"),
}


def has_no_button(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("button", name=BUTTON)).to_have_count(0)


@pytest.mark.parametrize("name", UNAVAILABLE)
def test_where_nothing_can_be_synced_a_sentence_gives_the_reason(browser: Browser, stage: Stage, name: str) -> None:
    fields, why = UNAVAILABLE[name]
    client = stage.client(name, **fields)
    stage.publish(client, client.integration)
    with visiting(browser, stage.url, stage.token(client.admin)) as visit:
        page = visit.go(client.page)
        has_no_button(page)
        expect(page.locator("#unavailable")).to_contain_text(why)
        screenshot(page, name)
        answer = page.request.post(f"{stage.url}{client.page}/sync", headers={"Origin": stage.url})
        assert answer.status == 409


def test_where_the_integration_cannot_be_read_the_page_says_so_first_and_shows_its_vendors(
    browser: Browser, stage: Stage
) -> None:
    client = stage.client("garbled")
    stage.fill(client, [client.record(1)])
    stage.garble(client)
    with visiting(browser, stage.url, stage.token(client.admin)) as visit:
        page = visit.go(client.page)
        has_no_button(page)
        expect(page.locator("#unavailable")).to_contain_text(
            "VIVE can't read the settings of this client's integration."
        )
        expect(page.locator(".concern").first).to_contain_text("Nothing is sent to Vantaca until they are corrected.")
        expect(page.locator("#vendors")).to_contain_text(client.record(1).legal_name)
        screenshot(page, "garbled")
        answer = page.request.post(f"{stage.url}{client.page}/sync", headers={"Origin": stage.url})
        assert answer.status == 409
        assert page.request.get(f"{stage.url}{client.page}/vendors/v-1").status == 200


def test_the_page_of_a_client_without_an_integration_gives_that_reason(browser: Browser, stage: Stage) -> None:
    client = stage.client("nobody")
    with visiting(browser, stage.url, stage.token(client.admin)) as visit:
        page = visit.go("/")
        expect(page).to_have_url(stage.url + client.page)
        has_no_button(page)
        expect(page.locator("#unavailable")).to_contain_text("has no accounting integration")


def test_without_the_role_there_is_no_button_and_nothing_to_see(browser: Browser, stage: Stage) -> None:
    client = stage.client("willow-homes")
    stage.fill(client, [client.record(1)])
    with visiting(browser, stage.url, stage.token(client.viewer)) as visit:
        page = visit.go(client.page)
        has_no_button(page)
        expect(page.locator("main")).to_contain_text("only a Client Admin may sync vendors and look at their syncs")
        expect(page.locator("main")).not_to_contain_text("Cedar Plumbing")
        screenshot(page, "wrong-role")
        assert page.request.get(stage.url + client.page).status == 403
        assert page.request.post(f"{stage.url}{client.page}/sync", headers={"Origin": stage.url}).status == 403
        page.get_by_role("button", name="Sign in as somebody else").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_another_client_is_not_there(browser: Browser, stage: Stage) -> None:
    mine, other = stage.client("mine"), stage.client("other")
    stage.fill(other, [other.record(1)])
    with visiting(browser, stage.url, stage.token(mine.admin)) as visit:
        page = visit.go(other.page)
        expect(page.get_by_role("heading", level=1)).to_have_text("This page is not here")
        screenshot(page, "not-here")
        for path in ("", "/vendors/v-1", "/dead-letters", "/dead-letters/0-1", "/runs/1"):
            assert page.request.get(stage.url + other.page + path).status == 404
        assert page.request.post(f"{stage.url}{other.page}/sync", headers={"Origin": stage.url}).status == 404


def test_who_is_not_signed_in_signs_in_and_comes_back(browser: Browser, stage: Stage) -> None:
    client = stage.client("redwood-homes")
    stage.fill(client, [client.record(1)])
    with visiting(browser, stage.url, None) as visit:
        page = visit.go(client.page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        page.locator(f"button[value='{client.admin}']").click()
        expect(page).to_have_url(stage.url + client.page)
        expect(page.get_by_role("button", name=BUTTON)).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_session_that_is_over_leads_to_signing_in(browser: Browser, stage: Stage) -> None:
    client = stage.client("pacific-homes")
    stage.fill(client, [client.record(1)])
    with visiting(browser, stage.url, stage.token(client.admin)) as visit:
        page = visit.go(client.page)
        page.context.clear_cookies()
        page.get_by_role("button", name=BUTTON).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
