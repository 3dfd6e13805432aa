"""Concerns and their remedies in a browser, with everything behind the page real."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.console.pages.browsing import screenshot, visiting
from tests.console.pages.stage import Client, Stage
from tests.support.eventually import eventually
from tests.support.slowness import patient


@pytest.fixture(scope="module")
def troubled(stage: Stage) -> Client:
    """A vendor without its provider, one with values that Vantaca does not take, and one that agrees."""
    client = stage.client("granite-homes")
    stage.fill(
        client,
        [client.record(number) for number in (1, 2, 3)],
        [client.provider(2, compliance_status="Pending"), client.provider(3)],
    )
    refusal = {"kind": "error", "status": 400, "reason": "Status <Approved> is not known", "path": "/write"}
    stage.sandbox.put_fault(f"refuses-{client.client_id}", {**refusal, "company": client.client_id})
    stage.press(client)
    eventually(lambda: stage.open_dead_letters(client) == 2, seconds=60)
    stage.sandbox.remove_fault(f"refuses-{client.client_id}")
    return client


def test_a_dead_letter_is_redriven(browser: Browser, stage: Stage, troubled: Client) -> None:
    with visiting(browser, stage.url, stage.token(troubled.admin)) as visit:
        page = visit.go(troubled.page)
        missing, rejected = page.locator("[data-concern=missing]"), page.locator("[data-concern=rejected]")
        expect(missing).to_contain_text("1 vendor is linked to a provider that Vantaca does not have")
        expect(missing).to_contain_text("Link the vendor to the right provider in VIVE")
        expect(rejected).to_contain_text("Status <Approved> is not known")
        screenshot(page, "needs-attention")
        rejected.get_by_role("link", name="Try again").click()
        panel = page.get_by_role("dialog")
        expect(panel).to_contain_text("The vendor is synced once more, as it is now in VIVE.")
        screenshot(page, "try-again", full=False)
        panel.get_by_role("button", name="Try again now").click()
        expect(
            page.get_by_role("status").filter(has_text="Granite Paving LLC 2 is queued to be synced once more.")
        ).to_be_visible()
        expect(panel).to_be_hidden()
        eventually(lambda: stage.open_dead_letters(troubled) == 1)
        eventually(lambda: stage.sandbox.providers(troubled.client_id)["2"].compliance_status == "Approved")
        page.reload()
        expect(page.locator("[data-concern=rejected]")).to_have_count(0)


def test_a_dead_letter_is_redriven_without_javascript(browser: Browser, stage: Stage, troubled: Client) -> None:
    stage.keep_books(troubled, [troubled.provider(number) for number in (1, 2, 3)])
    with visiting(browser, stage.url, stage.token(troubled.admin), java_script_enabled=False) as visit:
        page = visit.go(troubled.page)
        page.locator("[data-concern=missing]").get_by_role("link", name="Try again").click()
        expect(page).to_have_title(re.compile("put aside"))
        page.get_by_role("button", name="Try again now").click()
        expect(
            page.get_by_role("status").filter(has_text="Cedar Plumbing Inc. 1 is queued to be synced once more.")
        ).to_be_visible()
        eventually(lambda: stage.open_dead_letters(troubled) == 0)
        page.get_by_role("link", name="VIVE").click()
        page.get_by_role("link", name="Cedar Plumbing Inc. 1").click()
        expect(page.locator("#history-heading + ol li").first).to_contain_text("trying again")


def test_a_client_is_paused_while_vantaca_refuses_its_credentials(browser: Browser, stage: Stage) -> None:
    client = stage.client("mesa-homes")
    numbers = (1, 2, 3, 4)
    stage.fill(
        client,
        [client.record(number) for number in numbers],
        [client.provider(number, compliance_status="Pending") for number in numbers],
    )
    refusal = {"kind": "error", "status": 403, "reason": "Forbidden", "company": client.client_id}
    stage.sandbox.put_fault(f"paused-{client.client_id}", refusal)
    with visiting(browser, stage.url, stage.token(client.admin)) as visit:
        page = visit.go(client.page)
        page.get_by_role("button", name="Sync All Vendors").click()
        expect(page.locator("#run .summary")).to_contain_text(
            "4 waiting until syncing can go on", timeout=patient(30_000)
        )
        paused = page.locator("[data-concern=paused]")
        expect(paused).to_contain_text("Syncing is paused: Vantaca refuses the credentials of Mesa Homes")
        expect(paused).to_contain_text("Nothing has to be pressed afterwards.")
        screenshot(page, "paused")
        paused.get_by_role("link", name="Show the 4 vendors").click()
        expect(page.locator("#vendors .badge")).to_have_text(["Waiting"] * 4)
        expect(page.locator("#vendors-heading")).to_be_focused()
        stage.sandbox.remove_fault(f"paused-{client.client_id}")
        eventually(lambda: stage.parked(client) == 0, seconds=30)
        visit.go(client.page)
        expect(page.get_by_text("Nothing needs your attention.")).to_be_visible()
