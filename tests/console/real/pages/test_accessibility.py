"""Every page, in light and dark, on a desk and on a phone: axe finds nothing, and nothing has to be moved sideways."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has none
from playwright.sync_api import Browser, Page

from schemas.records.integration import Mode
from tests.console.pages.browsing import PHONE, WIDE, screenshot, visiting
from tests.console.pages.fake_console import FakeConsole, fake_console
from tests.console.pages.fake_read_model import CLIENT, FINISHED, FakeReadModel, integration

HOME: Final = f"/accounting/{CLIENT}/vantaca"
PAGES: Final = {
    "settings": ("dana", HOME),
    "nothing-found": ("dana", f"{HOME}?q=nobody"),
    "run": ("dana", f"{HOME}/runs/{FINISHED}"),
    "vendor": ("dana", f"{HOME}/vendors/v-1009"),
    "put-aside": ("dana", f"{HOME}/dead-letters"),
    "try-again": ("dana", f"{HOME}/dead-letters/3-17"),
    "not-here": ("dana", f"{HOME}/vendors/nobody"),
    "wrong-role": ("vic", HOME),
    "sign-in": (None, "/sign-in"),
}
OTHER_STATES: Final[dict[str, dict[str, Any]]] = {
    "all-well": {"integration": integration(), "trouble": False, "running": False},
    "paused-of-record": {"integration": integration(Mode.SYSTEM_OF_RECORD), "paused": True, "running": False},
    "one-way-empty": {"integration": integration(Mode.ONE_WAY), "empty": True},
    "no-integration": {"integration": None},
}
SIZES: Final = {"1280": WIDE, "390": PHONE}
axe: Final = Axe()


# Preloading writes styles into the page, which its policy forbids; only a rule about rotated pages needs it.
RUN_AXE: Final = "axe.run({resultTypes: ['violations'], preload: false}).then(results => results.violations)"


def violations(page: Page) -> list[str]:
    return [
        f"{one['id']}: {one['help']} {[(node['html'], node['any'][:1]) for node in one['nodes']]}"
        for one in page.evaluate(RUN_AXE)
    ]


def holds_everywhere(page: Page, name: str) -> None:
    page.evaluate(Axe().axe_script)
    for width, size in SIZES.items():
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], (name, width)
        page.emulate_media(color_scheme="light")
        assert violations(page) == [], (name, "light", width)
        page.emulate_media(color_scheme="dark")
        assert violations(page) == [], (name, "dark", width)
    screenshot(page, f"{name}-phone-dark")


@pytest.mark.parametrize("name", PAGES)
def test_a_page(browser: Browser, made_up: FakeConsole, name: str) -> None:
    person, path = PAGES[name]
    token = None if person is None else made_up.token(person)
    with visiting(browser, made_up.url, token, reduced_motion="reduce") as visit:
        holds_everywhere(visit.go(path), name)


@pytest.mark.parametrize("name", OTHER_STATES)
def test_the_settings_page_in_another_state(browser: Browser, name: str) -> None:
    with (
        fake_console(FakeReadModel(**OTHER_STATES[name])) as console,
        visiting(browser, console.url, console.token(), reduced_motion="reduce") as visit,
    ):
        holds_everywhere(visit.go(HOME), name)


@pytest.fixture
def page(browser: Browser, made_up: FakeConsole) -> Iterator[Page]:
    with visiting(browser, made_up.url, made_up.token(), reduced_motion="reduce") as visit:
        yield visit.go(HOME)


def test_the_panel(page: Page) -> None:
    page.locator("#vendors").get_by_role("link", name="Harbor Elevators Inc.").click()
    page.locator("#panel #detail").wait_for()
    holds_everywhere(page, "panel")


def test_the_page_after_a_press(page: Page) -> None:
    page.get_by_role("button", name="Sync All Vendors").click()
    page.locator("#notice p").wait_for()
    holds_everywhere(page, "pressed")


def test_the_page_without_kafka(page: Page, made_up: FakeConsole) -> None:
    made_up.kafka_unavailable = True
    try:
        page.get_by_role("button", name="Sync All Vendors").click()
        page.locator("#button-trouble p").wait_for()
        holds_everywhere(page, "kafka-away")
    finally:
        made_up.kafka_unavailable = False


def test_the_rough_time_left_is_the_same_from_server_and_script(page: Page) -> None:
    from console.pages.sentences.run_words import roughly  # noqa: PLC0415 -- beside what it is compared with

    seconds = [0, 9, 10, 14, 26, 54, 55, 89, 91, 3500, 3569, 3571, 5000, 20000]
    script = "seconds => import('/static/time_left.js').then(module => seconds.map(module.roughly))"
    assert page.evaluate(script, seconds) == [roughly(each) for each in seconds]
