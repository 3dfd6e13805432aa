"""The access to a schema registry: whose certificates are trusted, and who the client is."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.errors import ViveSyncError


class RegistrySettingsError(ViveSyncError, ValueError):
    """The settings of the schema registry can't be used. The text names the setting and what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class RegistryAccess:
    """TLS and authentication. All paths are of PEM files.

    ``ca``: certificates of the authorities that are trusted; None: those that the client brings along. ``certificate`` and
    ``key``: the client's own, for a registry that asks for one; ``key`` may be None where the certificate's file holds the key.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def client_settings(self) -> Mapping[str, Any]:
        """The settings for Confluent's client.

        Raises:
            RegistrySettingsError: a file can't be read, or settings that belong together are not all there.
        """
        self._check()
        given = {
            "ssl.ca.location": None if self.ca is None else str(self.ca),
            "ssl.certificate.location": None if self.certificate is None else str(self.certificate),
            "ssl.key.location": None if self.key is None else str(self.key),
            "basic.auth.user.info": None if self.user is None else f"{self.user}:{self.password}",
        }
        return {name: value for name, value in given.items() if value is not None}

    def _check(self) -> None:
        if (self.user is None) is not (self.password is None):
            raise RegistrySettingsError("The schema registry needs a user and a password, and only one of them is set.")
        if self.user is not None and ":" in self.user:
            raise RegistrySettingsError("The user of the schema registry has a colon in it, which HTTP can't transmit.")
        if self.key is not None and self.certificate is None:
            raise RegistrySettingsError("The schema registry has a client's key set and no client's certificate.")
        if self.ca is None and self.certificate is None:
            return
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except ssl.SSLError as error:
            files = ", ".join(str(path) for path in (self.ca, self.certificate, self.key) if path is not None)
            reason = error.reason or "no PEM file"
            raise RegistrySettingsError(f"A file for the schema registry can't be used ({files}): {reason}.") from None
        except OSError as error:
            missing = [
                path for path in (self.ca, self.certificate, self.key) if path is not None and not path.is_file()
            ]
            files = ", ".join(map(str, missing)) or "the certificates and the key"
            raise RegistrySettingsError(f"The schema registry's {files} can't be read: {error.strerror}.") from None


def _no_password() -> str:
    """Instead of asking for it at the terminal: a key must not be encrypted."""
    return ""


def tls_fault(error: BaseException | None) -> str | None:
    """The fault of TLS that caused this error, as a part of a sentence; None where TLS is not the cause."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not accepted ({error.verify_message})"
        if isinstance(error, ssl.SSLError):
            return f"TLS failed ({(error.reason or 'unknown').replace('_', ' ').lower()})"
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None
