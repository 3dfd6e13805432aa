"""The vendors and one vendor, in a real browser, after a real sync."""

import re
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounting.vantaca.sandbox import Insurance
from schemas.records.vendor_record import Policy
from tests.console.pages.browsing import PHONE, screenshot, visiting
from tests.console.pages.stage import PERSONS_HOLD, Client, Stage
from tests.support.eventually import eventually

SCRIPT = "<script>document.title = 'taken over'</script><b>Sons</b>"
HELD, WRITTEN, HOSTILE, UNLINKED = 1, 2, 3, 4
VENDORS = 40


@pytest.fixture(scope="module")
def client(stage: Stage) -> Client:
    """Forty vendors, synced once."""
    client = stage.client("cedar-homes")
    policy = Policy(policy_type="General Liability", number="GL-203-77", expires_on=date(2027, 3, 31))
    row = Insurance(
        provider_insurance_id=1,
        insurance_type="General Liability",
        account_no="GL-203-77",
        expiration_date=date(2026, 3, 31),
    )
    special: dict[int, dict[str, Any]] = {
        HELD: {},
        WRITTEN: {"policies": (policy,)},
        HOSTILE: {"legal_name": SCRIPT},
        UNLINKED: {"provider_id": None},
    }
    as_held: dict[int, dict[str, Any]] = {
        HELD: {"on_hold": True, "on_hold_reason": PERSONS_HOLD, "name": "As the client calls it"},
        WRITTEN: {"compliance_status": "Pending", "compliant": False, "provider_insurance": (row,)},
        HOSTILE: {"name": SCRIPT},
    }
    numbers = range(1, VENDORS + 1)
    stage.fill(
        client,
        [client.record(number, **special.get(number, {})) for number in numbers],
        [client.provider(number, **as_held.get(number, {})) for number in numbers],
    )
    stage.press(client)
    eventually(lambda: all(run.done for run in stage.read_model.runs(client.client_id).items), seconds=60)
    return client


def names(page: Page) -> list[str]:
    return page.locator("#vendors .row-link").all_inner_texts()


def test_the_panel_shows_the_written_fields_and_the_others_with_the_reason(
    browser: Browser, stage: Stage, client: Client
) -> None:
    with visiting(browser, stage.url, stage.token(client.admin)) as visit:
        page = visit.go(client.page)
        link = page.get_by_role("link", name="Cedar Plumbing Inc. 1", exact=True)
        link.click()
        panel = page.get_by_role("dialog")
        expect(panel.get_by_role("heading", level=2)).to_be_focused()
        held = panel.get_by_role("row", name=re.compile("^Payment hold"))
        expect(held).to_contain_text("The payment hold was placed by a person in Vantaca, so VIVE left it.")
        expect(panel.get_by_role("row", name=re.compile("^Legal name"))).to_contain_text("As the client calls it")
        expect(panel).to_contain_text("caused by Dana Reyes")
        screenshot(page, "panel-left-alone", full=False)
        page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        expect(link).to_be_focused()
        page.get_by_role("link", name="Granite Paving LLC 2", exact=True).click()
        status = panel.get_by_role("row", name=re.compile("^Compliance status"))
        expect(status).to_contain_text(re.compile(r"Written\s+Pending\s+→\s*became\s+Approved"))
        renewed = panel.get_by_role("row", name=re.compile("GL-203-77: expiration date"))
        expect(renewed).to_contain_text(re.compile(r"2026-03-31\s+→\s*became\s+2027-03-31"))
        screenshot(page, "panel-written", full=False)
        panel.get_by_role("link", name="Open as a page").click()
        expect(page).to_have_url(f"{stage.url}{client.page}/vendors/v-2")
        expect(page).to_have_title(re.compile("^Granite Paving LLC 2"))


def test_html_in_a_name_is_text(browser: Browser, stage: Stage, client: Client) -> None:
    with visiting(browser, stage.url, stage.token(client.admin)) as visit:
        page = visit.go(client.page)
        link = page.get_by_role("link", name=SCRIPT, exact=True)
        link.click()
        expect(page.get_by_role("dialog").get_by_role("heading", level=2)).to_have_text(SCRIPT)
        visit.go(f"{client.page}/vendors/v-{HOSTILE}")
        expect(page).to_have_title(re.compile("^<script>"))
        expect(page.locator("#detail-heading")).to_have_text(SCRIPT)
        assert page.locator("main b").count() == 0


def test_search_state_and_pages(browser: Browser, stage: Stage, client: Client) -> None:
    with visiting(browser, stage.url, stage.token(client.admin)) as visit:
        page = visit.go(client.page)
        expect(page.locator("#vendors")).to_contain_text("1 to 25 of 40 vendors")
        first = names(page)
        page.get_by_role("link", name="Next page").click()
        expect(page.locator("#vendors")).to_contain_text("26 to 40 of 40 vendors")
        assert not set(first) & set(names(page))
        page.get_by_role("link", name="First page").click()
        expect(page.locator("#vendors")).to_contain_text("1 to 25 of 40 vendors")

        search = page.get_by_role("searchbox", name="Search vendors by name or id")
        search.press_sequentially("PAVING", delay=10)
        expect(page.locator("#vendors")).to_contain_text("1 to 8 of 8 vendors")
        expect(search).to_be_focused()
        expect(search).to_have_value("PAVING")
        expect(page.locator("#announcer")).to_have_text("1 to 8 of 8 vendors")
        page.get_by_role("link", name=re.compile("^Updated")).click()
        expect(page.locator("#vendors .row-link")).to_have_text(["Granite Paving LLC 2"])
        assert page.url.endswith("?q=PAVING&state=updated#vendors")
        page.reload()
        expect(page.locator("#vendors .row-link")).to_have_text(["Granite Paving LLC 2"])
        page.get_by_role("link", name=re.compile("^Not linked")).click()
        expect(page.locator("#vendors")).to_contain_text("No vendor is found by this search and state.")
        page.get_by_role("link", name="Show all vendors").click()
        expect(page.locator("#vendors")).to_contain_text("1 to 25 of 40 vendors")


def test_without_javascript_vendors_are_found_and_opened(browser: Browser, stage: Stage, client: Client) -> None:
    with visiting(browser, stage.url, stage.token(client.admin), viewport=PHONE, java_script_enabled=False) as visit:
        page = visit.go(client.page)
        page.get_by_role("searchbox").fill("v-1")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="Cedar Plumbing Inc. 1", exact=True).click()
        expect(page.locator("#detail")).to_contain_text("so VIVE left it.")
        screenshot(page, "vendor-without-javascript-phone")
