"""Who asks, and about what. `scripts/schemathesis.js` makes what is named here.

Every request is one of the administrator `anna`, who owns the space `plant`, or of an access token of
that space. What would end the run's own session or take its space away is asked by, or about,
somebody and something else, so that all the other requests still mean something.
"""

import os

import schemathesis

COOKIE = "__Host-session"
SESSION = os.environ["SECRET_MANAGER_SESSION"]
SESSION_TO_END = os.environ["SECRET_MANAGER_SESSION_TO_END"]
TOKEN = os.environ["SECRET_MANAGER_TOKEN"]

ENDS_SESSIONS = {
    ("delete", "/api/v1/session"),
    ("delete", "/api/v1/sessions"),
    ("put", "/api/v1/session/password"),
}

KEPT_USERS = os.environ["SECRET_MANAGER_KEPT_USERS"].split()
KEPT_SPACES = os.environ["SECRET_MANAGER_KEPT_SPACES"].split()
KEPT_TOKENS = os.environ["SECRET_MANAGER_KEPT_TOKENS"].split()

PARTS = {"space": "plant", "key": "DB_PASSWORD", "user": "leaver"}


@schemathesis.auth()
class Credentials:
    def get(self, case, context):
        # Something, else nothing is set.
        return SESSION

    def set(self, case, data, context):
        operation = context.operation
        security = operation.definition.raw.get("security", [])
        if {"token": []} in security:
            case.headers["Authorization"] = f"Bearer {TOKEN}"
        if {"session": []} in security:
            ends = (operation.method, operation.path) in ENDS_SESSIONS
            session = SESSION_TO_END if ends else SESSION
            case.cookies[COOKIE] = session


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Random names are never found; half of the requests name what is there."""
    return path_parameters and {
        name: PARTS[name] if name in PARTS and len(str(value)) % 2 == 0 else value
        for name, value in path_parameters.items()
    }


@schemathesis.hook
def before_call(context, case, kwargs):
    """Leaves the run's own user and access token alone, and its space where it is."""
    parts = case.path_parameters or {}
    if parts.get("token") in KEPT_TOKENS:
        parts["token"] = "none"
    if parts.get("user") in KEPT_USERS:
        parts["user"] = PARTS["user"]
    operation = (case.operation.method, case.operation.path)
    if operation == ("delete", "/api/v1/spaces/{space}") and parts.get("space") in KEPT_SPACES:
        parts["space"] = "none"
