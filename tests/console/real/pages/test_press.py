"""The button in a real browser, with everything behind it real."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from console.pages.views.settings_page import NOT_QUEUED
from producers.button import CONFIRMATION
from tests.console.pages.browsing import PHONE, screenshot, visiting
from tests.console.pages.serving import serve
from tests.console.pages.stage import Client, Stage
from tests.support.free_port import free_port
from tests.support.slowness import patient

VENDORS = 30
MILLISECONDS = patient(60_000)
"""The longest that a run of these tests may take."""


@pytest.fixture(scope="module")
def client(stage: Stage) -> Client:
    """Thirty vendors of which every third differs, at a Vantaca that takes its time."""
    client = stage.client("harbor-homes", max_in_flight=4)
    numbers = range(1, VENDORS + 1)
    stage.fill(
        client,
        [client.record(number) for number in numbers] + [client.record(99, provider_id=None)],
        [
            client.provider(number, **({"compliance_status": "Pending"} if number % 3 == 0 else {}))
            for number in numbers
        ],
    )
    slowness = {"kind": "latency", "company": client.client_id, "minSeconds": 0.15, "maxSeconds": 0.25}
    stage.sandbox.put_fault(f"slow-{client.client_id}", slowness)
    return client


@contextmanager
def stalled(stage: Stage, client: Client) -> Iterator[None]:
    """Meanwhile each call to Vantaca takes five seconds, so that no machine is too slow to meet the run under way."""
    name = f"stalled-{client.client_id}"
    stage.sandbox.put_fault(name, {"kind": "latency", "company": client.client_id, "minSeconds": 5, "maxSeconds": 5})
    try:
        yield
    finally:
        stage.sandbox.remove_fault(name)


def press(page: Page) -> None:
    page.get_by_role("button", name="Sync All Vendors").click()


def finished(page: Page) -> None:
    expect(page.locator("#run .summary")).to_be_visible(timeout=MILLISECONDS)


def test_pressed_it_confirms_and_moves_by_itself_to_the_end(browser: Browser, stage: Stage, client: Client) -> None:
    with visiting(browser, stage.url, stage.token(client.admin)) as visit:
        page = visit.go(client.page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Accounting - Vantaca")
        expect(page).to_have_title(re.compile("Accounting - Vantaca - Harbor Homes"))
        screenshot(page, "before-the-press")
        with stalled(stage, client):
            press(page)
            expect(page.get_by_role("status").filter(has_text=CONFIRMATION)).to_be_visible()
            bar = page.get_by_role("progressbar", name="Vendors synced")
            expect(bar).to_be_visible()
            expect(page.locator("[data-total]")).to_have_text(str(VENDORS))
        expect(page.locator("[data-count=unchanged] strong")).not_to_have_text("0")
        screenshot(page, "in-progress")
        finished(page)
        summary = page.locator("#run .summary")
        expect(summary).to_have_text(re.compile(r"^30 vendors checked in .*: 10 updated, 20 unchanged\.$"))
        expect(page.locator("#announcer")).to_have_text(summary.inner_text())
        expect(page.locator("#run")).to_contain_text("1 vendor is not linked to a provider, and was left out.")
        expect(page.locator("#runs li")).to_have_count(1)
        expect(page.locator("#runs li")).to_contain_text("By Dana Reyes")
        expect(page.locator("#vendors .badge", has_text="Updated")).to_have_count(8)  # of the first 25
        screenshot(page, "finished")


def test_pressed_again_it_shows_how_many_were_not_queued_again(browser: Browser, stage: Stage, client: Client) -> None:
    with visiting(browser, stage.url, stage.token(client.admin)) as visit:
        page = visit.go(client.page)
        for number in range(1, VENDORS + 1):
            stage.sandbox.edit(client.client_id, str(number), complianceStatus="Pending")
        with stalled(stage, client):
            press(page)
            first = page.locator("#run[data-progress]").get_attribute("data-run")
            expect(page.locator("[data-total]")).to_have_text(str(VENDORS))
            press(page)
            expect(page.locator(f"#run[data-run='{first}']")).to_have_count(0)
            sentence = page.locator("#run").get_by_text(
                re.compile(r"^\d+ vendors? (was|were) already in progress and (was|were) not queued again\.$")
            )
            expect(sentence).to_be_visible()
        finished(page)
        expect(page.locator("#runs li")).to_have_count(3)


def test_two_clicks_in_one_breath_are_one_press(browser: Browser, stage: Stage, client: Client) -> None:
    with visiting(browser, stage.url, stage.token(client.admin)) as visit:
        page = visit.go(client.page)
        before = stage.read_model.runs(client.client_id).total
        page.get_by_role("button", name="Sync All Vendors").dblclick()
        expect(page.get_by_role("status").filter(has_text=CONFIRMATION)).to_be_visible()
        finished(page)
        assert stage.read_model.runs(client.client_id).total == before + 1


def test_by_keyboard_only(browser: Browser, stage: Stage, client: Client) -> None:
    with visiting(browser, stage.url, stage.token(client.admin)) as visit:
        page = visit.go(client.page)
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        button = page.get_by_role("button", name="Sync All Vendors")
        expect(button).to_be_focused()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text=CONFIRMATION)).to_be_visible()
        expect(button).to_be_focused()


def test_without_javascript_it_is_a_form(browser: Browser, stage: Stage, client: Client) -> None:
    with visiting(browser, stage.url, stage.token(client.admin), viewport=PHONE, java_script_enabled=False) as visit:
        page = visit.go(client.page)
        press(page)
        expect(page.get_by_role("status").filter(has_text=CONFIRMATION)).to_be_visible()
        expect(page).to_have_title(re.compile("^Queued"))
        run = page.locator("#run").get_attribute("data-run")
        for _ in range(100):
            if page.locator("#run .summary").count():
                break
            page.get_by_role("link", name="Refresh to see how far it is").click()
        expect(page.locator("#run .summary")).to_contain_text("30 vendors checked")
        page.get_by_role("link", name="Details of this sync").click()
        expect(page).to_have_url(f"{stage.url}{client.page}/runs/{run}")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Sync of")
        page.get_by_role("link", name="Unchanged").click()
        expect(page.locator("#vendors")).to_contain_text("1 to 25 of 30 vendors")
        screenshot(page, "run-without-javascript-phone")


def test_without_kafka_a_sentence_stands_at_the_button(browser: Browser, stage: Stage, client: Client) -> None:
    port = free_port()
    before = stage.read_model.runs(client.client_id).total
    with (
        serve(stage.app(kafka=f"127.0.0.1:{free_port()}"), port),
        visiting(browser, f"http://127.0.0.1:{port}", stage.token(client.admin)) as visit,
    ):
        page = visit.go(client.page)
        press(page)
        expect(page.get_by_role("alert")).to_have_text(NOT_QUEUED)
        expect(page.get_by_role("button", name="Sync All Vendors")).to_be_enabled()
        screenshot(page, "kafka-away")
    assert stage.read_model.runs(client.client_id).total == before


def test_a_cut_stream_shows_it_and_goes_on_by_itself(browser: Browser, stage: Stage, client: Client) -> None:
    port = free_port()
    for number in range(1, VENDORS + 1):
        stage.sandbox.edit(client.client_id, str(number), complianceStatus="Pending")
    with visiting(browser, f"http://127.0.0.1:{port}", stage.token(client.admin)) as visit:
        with stalled(stage, client):
            with serve(stage.app(), port):
                page = visit.go(client.page)
                press(page)
                expect(page.locator("[data-total]")).to_have_text(str(VENDORS))
            expect(page.get_by_text("The connection was lost. Reconnecting…")).to_be_visible()
        with serve(stage.app(), port):
            finished(page)
