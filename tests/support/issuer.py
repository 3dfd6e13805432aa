"""An issuer of tokens with keys of its own."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_ec_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as new_rsa_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from console.auth.dev_issuer import KnownKeys
from console.auth.keys import read_jwks
from console.auth.tokens import Issuer, Verifier
from producers.button import CLIENT_ADMIN

ISSUER = "https://issuer.example"
AUDIENCE = "vive-sync-console"


@dataclass
class TestIssuer:
    __test__ = False

    rsa: RSAPrivateKey = field(default_factory=lambda: new_rsa_key(65537, 2048))
    ec: EllipticCurvePrivateKey = field(default_factory=lambda: new_ec_key(SECP256R1()))

    @property
    def jwks(self) -> dict[str, Any]:
        rsa = RSAAlgorithm.to_jwk(self.rsa.public_key(), as_dict=True)
        ec = ECAlgorithm.to_jwk(self.ec.public_key(), as_dict=True)
        return {"keys": [{**rsa, "kid": "rsa-1", "alg": "RS256", "use": "sig"}, {**ec, "kid": "ec-1", "use": "sig"}]}

    @property
    def issuer(self) -> Issuer:
        return Issuer(keys=KnownKeys(read_jwks(json.dumps(self.jwks))), name=ISSUER, audience=AUDIENCE)

    @property
    def verifier(self) -> Verifier:
        return Verifier([self.issuer])

    def claims(self, client_id: str, /, **claims: Any) -> dict[str, Any]:
        """Those of a Client Admin; a claim given as None is left out."""
        now = int(time.time())
        given = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "dana@acme.example",
            "name": "Dana Reyes",
            "client_id": client_id,
            "roles": [CLIENT_ADMIN],
            "iat": now,
            "exp": now + 600,
        }
        return {name: value for name, value in (given | claims).items() if value is not None}

    def token(self, client_id: str, /, *, kid: str | None = "ec-1", **claims: Any) -> str:
        headers = {} if kid is None else {"kid": kid}
        key, algorithm = (self.rsa, "RS256") if kid == "rsa-1" else (self.ec, "ES256")
        return jwt.encode(self.claims(client_id, **claims), key, algorithm=algorithm, headers=headers)
