"""Keeps Schemathesis from taking away what it works with: its own account and session, which it also finds by their ids in the answers
of lists."""

import os
import uuid

import requests
import schemathesis

URL = os.environ["CONFORMANCE_URL"]
TOKEN = os.environ["CONFORMANCE_TOKEN"]
PASSWORD = os.environ["ANNEX_ADMIN_PASSWORD"]
ENDING_OWN_SESSION = {"auth_logout", "auth_change_password", "sessions_delete_others"}
ENDING_WHAT_IS_NAMED = {"users_update", "users_delete", "sessions_delete"}
FOLLOWING = {"jobs_events"}
NOBODY = "00000000-0000-4000-8000-000000000000"


def own_ids():
    headers = {"Authorization": f"Bearer {TOKEN}"}
    account = requests.get(f"{URL}/v1/auth/me", headers=headers).json()["id"]
    sessions = requests.get(f"{URL}/v1/sessions", headers=headers).json()["items"]
    return {account, *(session["id"] for session in sessions)}


OWN = own_ids()


def operation_of(case):
    return case.operation.definition.raw.get("operationId")


@schemathesis.auth(refresh_interval=None)
class Accounts:
    """The run's own account; for what ends the caller's session, one that is new each time."""

    def get(self, case, context):
        if operation_of(case) not in ENDING_OWN_SESSION:
            return TOKEN
        body = {"email": f"{uuid.uuid4()}@example.com", "password": PASSWORD}
        answer = requests.post(f"{URL}/v1/auth/register", json=body)
        answer.raise_for_status()
        return answer.json()["access_token"]

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context, case, kwargs):
    """Every call of every phase comes through here."""
    if operation_of(case) in ENDING_WHAT_IS_NAMED and str(case.path_parameters.get("id")).lower() in OWN:
        case.path_parameters["id"] = NOBODY
    # What goes on until something happens is not waited for.
    if operation_of(case) in FOLLOWING:
        case.path_parameters["id"] = NOBODY
    for place in (case.query, case.body):
        if isinstance(place, dict) and isinstance(place.get("wait_seconds"), int | float) and 1 < place["wait_seconds"] <= 30:
            place["wait_seconds"] = 1
