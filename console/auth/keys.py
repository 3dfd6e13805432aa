"""The keys that tokens are checked with: the issuer's, from a JWKS at an address or in a file."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from schemas.errors import ViveSyncError

log = logging.getLogger(__name__)

FRESH_SECONDS: Final = 600.0
"""A key that its issuer takes back counts no longer than this."""
MIN_REFETCH_SECONDS: Final = 60.0
"""The least between two fetches, whoever sends unknown kids."""
FETCH_SECONDS: Final = 3.0
MAX_BYTES: Final = 256 * 1024
LEAST_RSA_BITS: Final = 2048


class KeysUnavailableError(ViveSyncError, RuntimeError):
    """The keys can't be read, so no token can be checked. The text is for a person."""


class PublicKey:
    """A public key and the one algorithm that it is for."""

    def __init__(self, key: jwt.PyJWK, algorithm: str) -> None:
        self.key = key
        self.algorithm = algorithm


class Keys(Protocol):
    """Public keys by id."""

    def get(self, kid: str) -> PublicKey | None:
        """The key of this id.

        Raises:
            KeysUnavailableError: they can't be read.
        """


def read_jwks(text: str | bytes) -> dict[str, PublicKey]:
    """The keys of a JWKS that can check RS256 or ES256, by id; others are passed over.

    Raises:
        ValueError: it is no JWKS.
    """
    try:
        entries = json.loads(text)["keys"]
        by_kid = {entry["kid"]: entry for entry in reversed(entries) if isinstance(entry.get("kid"), str)}
    except (TypeError, KeyError, AttributeError, ValueError, RecursionError):
        raise ValueError("It is not a JWKS: a JSON object with the list `keys`.") from None
    return {kid: key for kid, entry in by_kid.items() if (key := _public_key(entry)) is not None}


def _public_key(entry: Mapping[str, Any]) -> PublicKey | None:
    if entry.get("use", "sig") != "sig" or "d" in entry:
        return None
    try:
        key = jwt.PyJWK(dict(entry))
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    match key.key:
        case RSAPublicKey() if key.key.key_size >= LEAST_RSA_BITS:
            algorithm = "RS256"
        case EllipticCurvePublicKey() if isinstance(key.key.curve, SECP256R1):
            algorithm = "ES256"
        case _:
            return None
    return PublicKey(key, algorithm) if entry.get("alg", algorithm) == algorithm else None


class JwksKeys:
    """The keys of a JWKS, kept. They are read again when they are old, and for an unknown id at most once a minute."""

    def __init__(self, source: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """``source`` is an http or https address, or a path."""
        self._source = source
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._keys: dict[str, PublicKey] | None = None
        self._tried_at = -MIN_REFETCH_SECONDS
        self._read_at = -FRESH_SECONDS

    def get(self, kid: str) -> PublicKey | None:
        """The key of this id.

        Raises:
            KeysUnavailableError: they have never been read.
        """
        known = self._keys
        if known is not None and kid in known and self._monotonic() - self._read_at < FRESH_SECONDS:
            return known[kid]
        with self._lock:
            self._refresh(kid)
            if self._keys is None:
                raise KeysUnavailableError(
                    "The keys that tokens are checked with can't be read now. Try again in a minute."
                )
            return self._keys.get(kid)

    def _refresh(self, kid: str) -> None:
        now = self._monotonic()
        if self._keys is not None and kid in self._keys and now - self._read_at < FRESH_SECONDS:
            return  # somebody else has just read them
        if now - self._tried_at < MIN_REFETCH_SECONDS and (
            self._keys is not None or now - self._tried_at < FETCH_SECONDS
        ):
            return
        self._tried_at = now
        try:
            self._keys = read_jwks(self._fetch())
            self._read_at = now
        except (OSError, ValueError, httpx.HTTPError) as error:
            # The keys that were read last stay valid: an issuer that is unavailable must not lock everybody out.
            log.warning("The JWKS can't be read: %s", _shown(error))

    def _fetch(self) -> bytes:
        if not self._source.startswith(("http://", "https://")):
            with Path(self._source).open("rb") as file:
                return _bounded(file.read(MAX_BYTES + 1))
        body = b""
        deadline = self._monotonic() + FETCH_SECONDS
        with httpx.stream("GET", self._source, timeout=FETCH_SECONDS, headers={"Accept": "application/json"}) as answer:
            answer.raise_for_status()
            for part in answer.iter_bytes():
                body = _bounded(body + part)
                if self._monotonic() > deadline:
                    raise ValueError(f"It did not come within {FETCH_SECONDS:g} seconds.")
        return body


def _shown(error: Exception) -> str:
    if isinstance(error, httpx.HTTPError):  # its text may hold the address, and with it a secret
        status = f" {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else ""
        return f"{type(error).__name__}{status}"
    return str(error)


def _bounded(body: bytes) -> bytes:
    if len(body) > MAX_BYTES:
        raise ValueError(f"It is larger than {MAX_BYTES} bytes.")
    return body
