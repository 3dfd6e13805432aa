"""The errors of accounting systems; ``docs/reference/errors.md`` shows them as a tree.

Their texts are sentences for a person. No text holds an address or a parameter: Vantaca's password is part of the query string.
"""

from schemas.errors import ViveSyncError


class AccountingError(ViveSyncError):
    """An accounting system did not do what was requested."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class UnavailableError(AccountingError):
    """Timeout, broken connection, 5xx, or an unreadable answer; ``retry_after`` is in seconds, where the system sent it."""

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
