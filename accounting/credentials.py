"""Reads the credentials of accounting systems from a folder with one JSON file for each reference."""

import json
import time
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from accounting.errors import CredentialsRefusedError

MIN_REFETCH_SECONDS: Final = 1.0
"""Seconds for which a file is not checked for changes again."""


class Credentials(BaseModel):
    """Company, login and password of a client at its accounting system. Neither repr nor str shows a value."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    company: SecretStr
    login: SecretStr
    password: SecretStr


class CredentialsFolder:
    """Reads ``<ref>.json`` (``{"company": ..., "login": ..., "password": ...}``) and reads it again when the file changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[int, Credentials]] = {}
        self._checked_at: dict[str, float] = {}

    def get(self, ref: str) -> Credentials:
        """The credentials of this reference.

        Raises:
            CredentialsRefusedError: there is no such file, or it does not hold credentials.
        """
        known = self._read.get(ref)
        now = time.monotonic()
        if known is not None and now - self._checked_at[ref] < MIN_REFETCH_SECONDS:
            return known[1]
        path = self._folder / f"{ref}.json"
        try:
            changed = path.stat().st_mtime_ns
            if known is not None and known[0] == changed:
                self._checked_at[ref] = now
                return known[1]
            credentials = Credentials.model_validate(json.loads(path.read_bytes()))
        except OSError as error:
            raise CredentialsRefusedError(
                f"The credentials {ref} can't be read ({error.strerror}): put {ref}.json into the credentials folder."
            ) from None
        except (ValueError, ValidationError):
            raise CredentialsRefusedError(
                f"The credentials file {ref}.json does not hold company, login and password as JSON."
            ) from None
        self._read[ref], self._checked_at[ref] = (changed, credentials), now
        return credentials
