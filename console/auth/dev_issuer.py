"""Signing in on a person's own machine, without a password: a key made at the start signs for a few known people."""

import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

from console.auth.keys import PublicKey, read_jwks
from console.auth.tokens import Issuer

SESSION_SECONDS: Final = 12 * 3600
NAME: Final = "vive-sync-local-sign-in"
AUDIENCE: Final = "vive-sync-console"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPerson:
    """Somebody who may be signed in as. ``about`` is a line for the sign-in page."""

    person: str
    name: str
    client_id: str
    roles: frozenset[str]
    about: str


class KnownKeys:
    """Keys in memory."""

    def __init__(self, keys: Mapping[str, PublicKey]) -> None:
        self._keys = dict(keys)

    def get(self, kid: str) -> PublicKey | None:
        """The key of this id."""
        return self._keys.get(kid)


class LocalSignIn:
    """An issuer of tokens inside the console. Its key is never written anywhere and goes when the process ends."""

    def __init__(self, people: Sequence[LocalPerson]) -> None:
        self.people = tuple(people)
        self._private = generate_private_key(SECP256R1())
        self._kid = secrets.token_urlsafe(12)

    @property
    def jwks(self) -> dict[str, Any]:
        """The public key, as issuers publish theirs."""
        key = ECAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": self._kid, "use": "sig", "alg": "ES256"}]}

    @property
    def issuer(self) -> Issuer:
        """The issuer by which a verifier trusts this sign-in."""
        return Issuer(keys=KnownKeys(read_jwks(json.dumps(self.jwks))), name=NAME, audience=AUDIENCE)

    def token_of(self, person: str) -> str | None:
        """A token for this person; None: it is none of the people."""
        known = next((one for one in self.people if one.person == person), None)
        if known is None:
            return None
        now = int(time.time())
        claims = {
            "iss": NAME,
            "aud": AUDIENCE,
            "sub": known.person,
            "name": known.name,
            "client_id": known.client_id,
            "roles": sorted(known.roles),
            "iat": now,
            "exp": now + SESSION_SECONDS,
        }
        return jwt.encode(claims, self._private, algorithm="ES256", headers={"kid": self._kid})
