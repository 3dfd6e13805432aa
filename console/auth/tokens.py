"""Checks bearer tokens (JWT): algorithms pinned, the key by its id, issuer, audience, times."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import jwt
from pydantic import TypeAdapter, ValidationError

from console.auth.keys import Keys
from console.auth.principal import Principal
from schemas.errors import ViveSyncError
from schemas.message import Identifier

LEEWAY_SECONDS: Final = 30.0
"""How far the clocks of the issuer and of this machine may differ."""
MAX_CHARACTERS: Final = 8192
MAX_NAME_CHARACTERS: Final = 200
_identifier: Final[TypeAdapter[str]] = TypeAdapter(Identifier)


class BadTokenError(ViveSyncError, RuntimeError):
    """The token is not of a trusted issuer, or no longer valid. The message names the fault and holds nothing of the token."""


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """An issuer of tokens that the console trusts, and its keys."""

    keys: Keys
    name: str
    """The claim ``iss``."""
    audience: str
    """The claim ``aud``, or one of it."""


class Verifier:
    """Turns tokens into principals. Without an issuer there is no valid token."""

    def __init__(self, issuers: Sequence[Issuer]) -> None:
        self._issuers = tuple(issuers)

    def principal(self, token: str) -> Principal:
        """The person of the token.

        Raises:
            BadTokenError: it is not valid.
            KeysUnavailableError: the issuer's keys can't be read.
        """
        if not self._issuers:
            raise BadTokenError("No issuer of tokens is configured here.")
        if len(token) > MAX_CHARACTERS:
            raise BadTokenError("The token is too long.")
        return _principal(self._claims(token))

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise BadTokenError("The token is not a JWT.") from None
        if not isinstance(kid, str):
            raise BadTokenError("The token does not say which key signed it (kid).")
        for issuer in self._issuers:
            key = issuer.keys.get(kid)
            if key is None:
                continue
            try:
                return jwt.decode(
                    token,
                    key.key,
                    algorithms=[key.algorithm],
                    issuer=issuer.name,
                    audience=issuer.audience,
                    leeway=LEEWAY_SECONDS,
                    options={"require": ["exp", "iss", "aud", "sub"]},
                )
            except (jwt.PyJWTError, ValueError, RecursionError) as error:
                raise BadTokenError(_reason(error)) from None
        raise BadTokenError("The token is signed by a key that is not known here.")


def _reason(error: Exception) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return "The token has expired. Sign in again."
        case jwt.ImmatureSignatureError():
            return "The token is not valid yet."
        case jwt.InvalidAudienceError():
            return "The token is meant for somebody else (aud)."
        case jwt.InvalidIssuerError():
            return "The token is from another issuer (iss)."
        case jwt.MissingRequiredClaimError():
            return f"The token lacks the claim {error.claim}."
        case _:
            return "The token's signature or form is not valid."


def _principal(claims: dict[str, Any]) -> Principal:
    person, name, roles = claims["sub"], claims.get("name", ""), claims.get("roles", [])
    if not isinstance(person, str) or not person.strip() or not _is_plain(person):
        raise BadTokenError("The token's claim sub is no person's id.")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise BadTokenError("The token's claim roles is not a list of texts.")
    try:
        client_id = _identifier.validate_python(claims.get("client_id"), strict=True)
        until = datetime.fromtimestamp(float(claims["exp"]), UTC)
    except ValidationError:
        raise BadTokenError("The token's claim client_id names no client.") from None
    except (ValueError, OverflowError, OSError):
        raise BadTokenError("The token's claim exp is no time.") from None
    return Principal(
        person=person,
        client_id=client_id,
        roles=frozenset(roles),
        name=name if isinstance(name, str) and _is_plain(name) else "",
        until=until,
    )


def _is_plain(text: str) -> bool:
    """Whether it can stand in a log and a table: one line, and not too long."""
    return len(text) <= MAX_NAME_CHARACTERS and not any(unicodedata.category(character)[0] == "C" for character in text)
