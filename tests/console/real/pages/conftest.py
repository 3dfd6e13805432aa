"""Browsers, and the environment behind the pages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from devkit.broker import Broker
from tests.console.pages.browsing import launched
from tests.console.pages.fake_console import FakeConsole, fake_console
from tests.console.pages.fake_read_model import FakeReadModel, integration
from tests.console.pages.stage import Stage, staged


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this folder; each visit has its own cookies."""
    with launched() as started:
        yield started


@pytest.fixture(scope="package")
def stage(browser: Browser, kafka: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:  # noqa: ARG001
    """The real thing, once for all tests of this folder. Without a browser it is not even started."""
    with staged(kafka.bootstrap, tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture(scope="package")
def made_up(browser: Browser) -> Iterator[FakeConsole]:  # noqa: ARG001
    """A console over made-up data in every state."""
    with fake_console(FakeReadModel(integration=integration())) as made:
        yield made
