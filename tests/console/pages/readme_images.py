"""Makes the README's pictures of the page, from made-up data: ``python -m tests.console.pages.readme_images``."""

from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from schemas.records.integration import Mode
from tests.console.pages.browsing import launched, visiting
from tests.console.pages.fake_console import fake_console
from tests.console.pages.fake_read_model import CLIENT, FakeReadModel, integration

IMAGES: Final = Path(__file__).parents[3] / "docs" / "images"
HOME: Final = f"/accounting/{CLIENT}/vantaca"


def settings_page(page: Page) -> None:
    page.screenshot(path=IMAGES / "page.png")


def panel(page: Page) -> None:
    page.locator("#vendors").get_by_role("link", name="Harbor Elevators Inc.").click()
    page.locator("#panel #detail").wait_for()
    page.locator("#panel").screenshot(path=IMAGES / "panel.png")


def phone(page: Page) -> None:
    page.screenshot(path=IMAGES / "phone.png")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    shown = (
        (settings_page, {"width": 1000, "height": 640}, "light", {"trouble": False}),
        (panel, {"width": 1000, "height": 620}, "light", {"trouble": False}),
        (phone, {"width": 390, "height": 700}, "dark", {"paused": True, "running": False}),
    )
    with launched() as browser:
        for show, size, scheme, state in shown:
            model = FakeReadModel(integration=integration(Mode.TWO_WAY), **state)
            with (
                fake_console(model) as console,
                visiting(
                    browser,
                    console.url,
                    console.token(),
                    viewport=size,
                    color_scheme=scheme,
                    reduced_motion="reduce",
                ) as visit,
            ):
                show(visit.go(HOME))


if __name__ == "__main__":
    main()
