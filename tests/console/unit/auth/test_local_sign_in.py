"""The issuer of the sign-in page for a person's own machine."""

import pytest

from console.auth.dev_issuer import LocalPerson, LocalSignIn
from console.auth.tokens import BadTokenError, Verifier
from console.pages.sign_in_page import path_here

DANA = LocalPerson(person="dana", name="Dana", client_id="acme", roles=frozenset({"client_admin"}), about="Admin")


def test_its_tokens_are_valid_here_and_at_no_other_start() -> None:
    first, second = LocalSignIn([DANA]), LocalSignIn([DANA])
    token = first.token_of("dana")
    assert token is not None
    found = Verifier([first.issuer]).principal(token)
    assert (found.person, found.client_id, found.is_client_admin) == ("dana", "acme", True)
    with pytest.raises(BadTokenError):
        Verifier([second.issuer]).principal(token)


def test_there_are_no_tokens_for_others() -> None:
    assert LocalSignIn([DANA]).token_of("mallory") is None


def test_the_private_key_is_not_among_the_public_ones() -> None:
    (key,) = LocalSignIn([DANA]).jwks["keys"]
    assert "d" not in key


@pytest.mark.parametrize(
    "then",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "",
        "evil",
        "/a\r\nSet-Cookie: b",
        "/\t/evil",
    ],
)
def test_after_signing_in_one_stays_here(then: str) -> None:
    assert path_here(then) == "/"
    assert path_here("/accounting/acme/vantaca?state=failed") == "/accounting/acme/vantaca?state=failed"
