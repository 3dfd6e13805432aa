"""The people as whom a person may sign in on their own machine: invented, as the demo's clients are."""

from typing import Final

from console.auth.dev_issuer import LocalPerson
from devkit.demo_data import RECORD_CLIENT, TWO_WAY_CLIENT
from producers.button import CLIENT_ADMIN

DEMO_PEOPLE: Final = (
    LocalPerson(
        person="hana@harbor-homes.example",
        name="Hana Ito",
        client_id=TWO_WAY_CLIENT,
        roles=frozenset({CLIENT_ADMIN}),
        about="Client Admin of Harbor Homes",
    ),
    LocalPerson(
        person="samir@summit-management.example",
        name="Samir Haddad",
        client_id=RECORD_CLIENT,
        roles=frozenset({CLIENT_ADMIN}),
        about="Client Admin of Summit Management",
    ),
    LocalPerson(
        person="vera@harbor-homes.example",
        name="Vera Lind",
        client_id=TWO_WAY_CLIENT,
        roles=frozenset({"viewer"}),
        about="Works at Harbor Homes, and is no Client Admin",
    ),
)
