"""Where the credentials of a client's accounting system come from: a folder with one JSON file a reference."""

import json
import time
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from accounting.errors import CredentialsRefusedError

MIN_REFETCH_SECONDS: Final = 1.0
"""How long a file is trusted to be as it was."""


class Credentials(BaseModel):
    """What Vantaca wants of a caller. Neither repr nor str shows a value."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    company: SecretStr
    login: SecretStr
    password: SecretStr


class CredentialsFolder:
    """Reads ``<ref>.json`` (``{"company": ..., "login": ..., "password": ...}``) and reads it again when the file changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[int, Credentials]] = {}
        self._looked: dict[str, float] = {}

    def get(self, ref: str) -> Credentials:
        """The credentials of this reference.

        Raises:
            CredentialsRefusedError: there is no such file, or it does not hold credentials.
        """
        known = self._read.get(ref)
        now = time.monotonic()
        if known is not None and now - self._looked[ref] < MIN_REFETCH_SECONDS:
            return known[1]
        path = self._folder / f"{ref}.json"
        try:
            changed = path.stat().st_mtime_ns
            if known is not None and known[0] == changed:
                self._looked[ref] = now
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
        self._read[ref], self._looked[ref] = (changed, credentials), now
        return credentials
