from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.errors import (
    AccountingError,
    CredentialsRefusedError,
    ProviderMissingError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from accounting.vantaca.http.answer import Answer, check_write, clean_reason, error_of, read_retry_after

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((200, None), (204, None), (301, UnavailableError), (302, UnavailableError), (400, RejectedError)),
        *((401, CredentialsRefusedError), (403, CredentialsRefusedError), (404, ProviderMissingError)),
        *((405, RejectedError), (408, UnavailableError), (411, RejectedError), (429, ThrottledError)),
        *((500, UnavailableError), (503, UnavailableError), (599, UnavailableError)),
    ],
)
def test_what_a_status_means(status: int, kind: type[AccountingError] | None) -> None:
    error = error_of(Answer(status=status, reason="INVALID DATE"), "updating provider 1")
    assert type(error) is (kind or type(None))
    if error is not None:
        assert str(status) in error.sentence
        assert "updating provider 1" in error.sentence


@pytest.mark.parametrize("body", [b"", b"  \r\n", b"{}", b"null", b'{"providerID":1}'])
def test_a_write_that_was_done(body: bytes) -> None:
    check_write(Answer(status=200, body=body), "updating provider 1")


@pytest.mark.parametrize("body", [b"<html>", b"OK", b"\xff\xfe", b"[" * 100_000])
def test_a_page_is_no_write(body: bytes) -> None:
    with pytest.raises(UnavailableError, match="was a page"):
        check_write(Answer(status=200, body=body), "updating provider 1")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("9" * 400, 86_400.0),
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Sun, 01 Mar 2099 11:00:00 GMT", 86_400.0),
        ("Sun, 01 Mar 2026 12:01:30", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, NOW) == seconds


def test_a_reason_shows_no_address_and_no_secret() -> None:
    reason = "Bad\tpwd=hunter22&x login for hunter22 at https://u:p@host/x?pwd=y \x00 end hunter22"
    assert clean_reason(reason, ["hunter22"]) == "Bad *** login for *** at *** end ***"


@given(st.text(), st.lists(st.text(min_size=4)))
def test_a_reason_is_one_short_line(reason: str, secrets: list[str]) -> None:
    shown = clean_reason(reason, secrets)
    assert len(shown) <= 300
    assert shown.isprintable()
