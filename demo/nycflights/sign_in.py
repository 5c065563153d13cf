"""Who loads the data: an admin, found in the environment or asked for on the terminal."""

import getpass
import os
import sys

from . import DemoError
from .api import Annex

HOW = """\
The demo makes collections, so it needs an admin. Either set ANNEX_ADMIN_EMAIL and ANNEX_ADMIN_PASSWORD,
or ANNEX_TOKEN (an access token); or run it on a terminal, where it asks."""


def sign_in(annex: Annex) -> None:
    """Gives `annex` the token of an admin."""
    token, email, password = (
        os.environ.get(name) for name in ("ANNEX_TOKEN", "ANNEX_ADMIN_EMAIL", "ANNEX_ADMIN_PASSWORD")
    )
    if token:
        annex.token = token
    elif email and password:
        log_in(annex, email, password)
    elif sys.stdin.isatty():
        ask(annex)
    else:
        raise DemoError(HOW)
    user = annex.call("GET", "/v1/auth/me")
    if "admin" not in user["roles"]:
        raise DemoError(f"{user['email']} is not an admin. {HOW}")


def log_in(annex: Annex, email: str, password: str) -> None:
    annex.token = annex.call("POST", "/v1/auth/login", {"email": email, "password": password})["access_token"]


def ask(annex: Annex) -> None:
    print(f"Sign in to {annex.url} as an admin.")
    pasted = getpass.getpass("The one-time token that Annex printed (just Enter if you have an account): ")
    # A link ends with the token.
    setup = pasted.strip().rpartition("token=")[2]
    email = input("E-mail: ").strip()
    password = getpass.getpass("Password: ")
    if not setup:
        return log_in(annex, email, password)
    made = annex.call("POST", "/v1/auth/bootstrap", {"token": setup, "email": email, "password": password})
    annex.token = made["access_token"]
