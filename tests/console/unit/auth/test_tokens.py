"""Tokens: the valid ones, and each kind that is refused."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as new_rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from console.auth.keys import read_jwks
from console.auth.tokens import BadTokenError, Verifier
from producers.button import CLIENT_ADMIN
from tests.support.issuer import TestIssuer

US = TestIssuer()


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def refused(token: str) -> str:
    with pytest.raises(BadTokenError) as caught:
        US.verifier.principal(token)
    return str(caught.value)


@pytest.mark.parametrize("kid", ["rsa-1", "ec-1"])
def test_a_valid_token_names_the_person(kid: str) -> None:
    found = US.verifier.principal(US.token("acme", kid=kid))
    assert (found.person, found.client_id, found.roles) == ("dana@acme.example", "acme", frozenset({CLIENT_ADMIN}))
    assert found.signature == "Dana Reyes (dana@acme.example)"
    assert found.is_client_admin


def test_without_a_name_the_id_signs() -> None:
    found = US.verifier.principal(US.token("acme", name=None, roles=None))
    assert (found.signature, found.display_name) == ("dana@acme.example", "dana@acme.example")
    assert not found.is_client_admin


def test_clocks_may_differ_by_half_a_minute() -> None:
    now = int(time.time())
    assert US.verifier.principal(US.token("acme", exp=now - 20, nbf=now + 20)).client_id == "acme"
    assert refused(US.token("acme", exp=now - 40)) == "The token has expired. Sign in again."
    assert refused(US.token("acme", nbf=now + 40)) == "The token is not valid yet."


def test_algorithm_none_is_refused() -> None:
    unsigned = f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'ec-1'})}.{part(US.claims('acme'))}."
    assert refused(unsigned) == "The token's signature or form is not valid."


def test_hs256_with_the_public_key_as_its_secret_is_refused() -> None:
    public = US.rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head, body = part({"alg": "HS256", "typ": "JWT", "kid": "rsa-1"}), part(US.claims("acme"))
    signature = jwt.get_algorithm_by_name("HS256").sign(f"{head}.{body}".encode(), public)
    token = f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    assert refused(token) == "The token's signature or form is not valid."


def test_the_algorithm_is_the_keys_not_the_tokens() -> None:
    token = jwt.encode(US.claims("acme"), US.rsa, algorithm="PS256", headers={"kid": "rsa-1"})
    assert refused(token) == "The token's signature or form is not valid."


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": "another"}, "The token is meant for somebody else (aud)."),
        ({"aud": None}, "The token lacks the claim aud."),
        ({"iss": "https://evil.example"}, "The token is from another issuer (iss)."),
        ({"iss": None}, "The token lacks the claim iss."),
        ({"exp": None}, "The token lacks the claim exp."),
        ({"exp": "soon"}, "The token's signature or form is not valid."),
        ({"exp": 1e300}, "The token's claim exp is no time."),
        ({"sub": None}, "The token lacks the claim sub."),
        ({"sub": "dana\nadmin"}, "The token's claim sub is no person's id."),
        ({"sub": "d" * 201}, "The token's claim sub is no person's id."),
        ({"client_id": None}, "The token's claim client_id names no client."),
        ({"client_id": "../acme"}, "The token's claim client_id names no client."),
        ({"client_id": ["acme"]}, "The token's claim client_id names no client."),
        ({"roles": CLIENT_ADMIN}, "The token's claim roles is not a list of texts."),
        ({"roles": {CLIENT_ADMIN: True}}, "The token's claim roles is not a list of texts."),
        ({"roles": [CLIENT_ADMIN, 1]}, "The token's claim roles is not a list of texts."),
    ],
)
def test_claims_that_do_not_fit_are_refused(claims: dict[str, Any], why: str) -> None:
    assert refused(US.token("acme", **claims)) == why


def test_a_role_elsewhere_is_none() -> None:
    elsewhere: dict[str, Any] = {
        "role": CLIENT_ADMIN,
        "scope": CLIENT_ADMIN,
        "groups": [CLIENT_ADMIN],
        "realm_access": {"roles": [CLIENT_ADMIN]},
    }
    assert US.verifier.principal(US.token("acme", roles=None, **elsewhere)).roles == frozenset()
    assert not US.verifier.principal(US.token("acme", roles=["Client_Admin", "client_admin "])).is_client_admin


@pytest.mark.parametrize(
    "kid",
    [
        "",
        "unknown",
        "../../../../dev/null",
        "http://evil.example/jwks",
        "file:///etc/passwd",
        "rsa-1' OR 1=1",
        "ec-1\0",
    ],
)
def test_a_forged_kid_finds_no_key(kid: str) -> None:
    assert refused(US.token("acme", kid=kid)) == "The token is signed by a key that is not known here."


def test_a_token_names_the_key_that_signed_it() -> None:
    assert refused(US.token("acme", kid=None)) == "The token does not say which key signed it (kid)."


def test_a_key_that_the_token_brings_along_counts_for_nothing() -> None:
    own = generate_private_key(SECP256R1())
    brought = ECAlgorithm.to_jwk(own.public_key(), as_dict=True)
    for kid in ("ec-1", "own"):
        headers = {"kid": kid, "jwk": brought, "jku": "http://evil.example/jwks", "x5u": "http://evil.example/x"}
        refused(jwt.encode(US.claims("acme"), own, algorithm="ES256", headers=headers))


@pytest.mark.parametrize(
    "text", ["", "a", "a.b", "a.b.c", "." * 100, "é.é.é", "x" * 9000, f"{part([])}.{part({})}.", "\0"]
)
def test_a_text_that_is_no_token_is_refused(text: str) -> None:
    refused(text)


def test_a_changed_claim_breaks_the_signature() -> None:
    head, _, signature = US.token("acme").split(".")
    assert refused(f"{head}.{part(US.claims('globex'))}.{signature}") == "The token's signature or form is not valid."


def test_without_an_issuer_no_token_is_valid() -> None:
    with pytest.raises(BadTokenError, match="No issuer"):
        Verifier([]).principal(US.token("acme"))


def test_keys_of_a_jwks_are_those_that_check_rs256_and_es256() -> None:
    weak = RSAAlgorithm.to_jwk(new_rsa_key(65537, 1024).public_key(), as_dict=True)  # noqa: S505 -- it must be refused
    curve = ECAlgorithm.to_jwk(generate_private_key(SECP384R1()).public_key(), as_dict=True)
    private = ECAlgorithm.to_jwk(US.ec, as_dict=True)
    (rsa, ec) = US.jwks["keys"]
    others = [
        {**weak, "kid": "weak"},
        {**curve, "kid": "curve"},
        {**private, "kid": "private"},
        {**rsa, "kid": "for-encryption", "use": "enc"},
        {**rsa, "kid": "other-algorithm", "alg": "RS512"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {"kty": "strange", "kid": "strange"},
        {**rsa, "kid": 7},
        {name: value for name, value in ec.items() if name != "kid"},
    ]
    assert read_jwks(json.dumps({"keys": [*others, rsa, ec]})).keys() == {"rsa-1", "ec-1"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": 1}', '{"keys": [1]}', "[" * 100_000, "\xff"])
def test_a_text_that_is_no_jwks_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not a JWKS"):
        read_jwks(text)
