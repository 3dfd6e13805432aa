"""What can go wrong at an accounting system.

AccountingError
├── UnavailableError          not now: the same call may work later
│   └── ThrottledError        the system asks for fewer calls
├── CredentialsRefusedError   the client's trouble, not the vendor's
├── RejectedError             this data, or this call, is refused for good
└── ProviderMissingError      the linked provider is not there

Texts are sentences for a person. They never hold an address or a parameter: Vantaca's password travels in the query string.
"""


class AccountingError(Exception):
    """An accounting system did not do what was asked."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class UnavailableError(AccountingError):
    """Timeout, broken connection, 5xx, or an unreadable answer; ``retry_after`` is in seconds where the system said so."""

    def __init__(self, sentence: str, *, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class ThrottledError(UnavailableError):
    """429: too many calls."""


class CredentialsRefusedError(AccountingError):
    """401 or 403: wrong credentials, or a caller's address that is not allowed; every vendor of the client is concerned."""


class RejectedError(AccountingError):
    """400 and other refusals: the same data will be refused again."""


class ProviderMissingError(AccountingError):
    """The provider that the vendor is linked to is not in the client's books."""
