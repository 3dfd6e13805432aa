"""The pages' answers, without a browser."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from console.app import create_app
from console.pages.views.settings_page import NOT_QUEUED
from messaging.producer import KafkaUnavailableError
from producers.button import CONFIRMATION
from tests.console.pages.fake_console import FakeConsole
from tests.console.pages.fake_read_model import CLIENT, FINISHED, FakeReadModel, integration

HOME = f"/accounting/{CLIENT}/vantaca"
ORIGIN = "http://testserver"


@pytest.fixture
def console() -> FakeConsole:
    return FakeConsole()


@pytest.fixture
def browser(console: FakeConsole) -> Iterator[TestClient]:
    """A client that has signed in as a Client Admin."""
    app = create_app(console.parts(FakeReadModel(integration=integration())))
    with TestClient(app, follow_redirects=False, cookies={"vive_session": console.token()}) as made:
        made.headers["Origin"] = ORIGIN
        yield made


def test_the_start_leads_to_the_own_client(browser: TestClient) -> None:
    assert browser.get("/").headers["location"] == HOME


def test_a_press_leads_back_to_the_page_which_confirms_it(browser: TestClient, console: FakeConsole) -> None:
    answer = browser.post(f"{HOME}/sync", data={"key": "one"})
    assert answer.status_code == 303
    page = browser.get(answer.headers["location"])
    assert CONFIRMATION in page.text
    assert "Sync is starting" in page.text
    assert console.keys == ["one"]


def test_an_address_that_is_opened_again_later_confirms_nothing(browser: TestClient) -> None:
    for run in (FINISHED, "nonsense"):
        page = browser.get(f"{HOME}?pressed={run}")
        assert CONFIRMATION not in page.text
        assert "Sync is starting" not in page.text


def test_a_press_that_failed_is_pressed_again_with_the_same_key(browser: TestClient, console: FakeConsole) -> None:
    console.kafka_unavailable = True
    answer = browser.post(f"{HOME}/sync", data={"key": "one"})
    assert answer.status_code == 503
    assert NOT_QUEUED in answer.text.replace("&#39;", "'")
    assert 'name="key" value="one"' in answer.text
    assert 'name="key" value="one"' not in browser.get(HOME).text


def test_a_form_from_elsewhere_is_refused_as_a_page(browser: TestClient, console: FakeConsole) -> None:
    answer = browser.post(f"{HOME}/sync", headers={"Origin": "https://elsewhere.example"})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert console.keys == []


def test_a_dead_letter_that_was_just_redriven_is_not_offered_again(browser: TestClient) -> None:
    answer = browser.post(f"{HOME}/dead-letters/3-17/redrive")
    assert answer.headers["location"] == f"{HOME}?again=3-17"
    page = browser.get(answer.headers["location"]).text
    assert "Granite Electric LLC is queued to be synced once more." in page
    assert "dead-letters/3-17" not in page
    assert "dead-letters/3-18" in page


def test_a_dead_letter_that_is_left_shows_the_reason(browser: TestClient, console: FakeConsole) -> None:
    console.dead_letter_unchanged = True
    answer = browser.post(f"{HOME}/dead-letters/3-17/redrive")
    assert answer.status_code == 409
    assert "It was redriven by Maria" in answer.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{HOME}?cursor=nonsense", 422),
        (f"{HOME}?runs=nonsense", 422),
        (f"{HOME}?first=0", 422),
        (f"{HOME}?state=nonsense", 200),
        (f"{HOME}/dead-letters?cursor=nonsense", 422),
        (f"{HOME}/dead-letters/3-99", 404),
        (f"{HOME}/dead-letters/three", 422),
        (f"{HOME}/runs/{FINISHED}?cursor=nonsense", 422),
        (f"{HOME}/runs/nobody", 404),
        (f"{HOME}/vendors/nobody", 404),
        (f"{HOME}/vendors/{'v' * 10_000}", 422),
        (f"{HOME}/vendors/..%2f..%2fetc", 404),
        (f"{HOME}/nothing", 404),
    ],
)
def test_an_error_at_a_pages_path_is_a_page_too(browser: TestClient, path: str, status: int) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "<h1>" in answer.text


def test_where_there_is_no_sign_in_who_is_nobody_gets_a_page(console: FakeConsole) -> None:
    parts = replace(console.parts(FakeReadModel(integration=integration())), sign_in_page=None)
    with TestClient(create_app(parts)) as nobody:
        answer = nobody.get(HOME)
    assert answer.status_code == 401
    assert "You are not signed in" in answer.text
    assert "www-authenticate" not in answer.headers


def test_a_page_without_kafka_is_a_page(console: FakeConsole) -> None:
    def unavailable(*_: object, **__: object) -> None:
        raise KafkaUnavailableError("Kafka does not answer.")

    parts = replace(console.parts(FakeReadModel(integration=integration())), redrive=unavailable)
    with TestClient(create_app(parts), cookies={"vive_session": console.token()}) as made:
        answer = made.post(f"{HOME}/dead-letters/3-17/redrive", headers={"Origin": ORIGIN})
    assert answer.status_code == 503
    assert "Kafka does not answer." in answer.text
