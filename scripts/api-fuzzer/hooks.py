"""Hooks of schemathesis: half of the cases get values that the service accepts.

A generated captcha, ticket or code is always wrong, and no case would get past the first check. A value is replaced
only if it is valid by its schema, so that an invalid case stays invalid.
"""

import json
import os
import random
from pathlib import Path

import jsonschema_rs
import schemathesis
from living import PASSWORD, Living

DOCUMENT = json.loads(Path(os.environ["FUZZ_DOCUMENT"]).read_text(encoding="utf-8"))
LIVING = Living(os.environ["FUZZ_URL"], Path(os.environ["FUZZ_OUTBOX"]))
WITH_BEARER = os.environ["FUZZ_BEARER"] == "1"
# Successful requests after which the access token or the password of the account is worth nothing.
DESTRUCTIVE = {"me.delete", "sessions.logOut", "sessions.end", "me.changePassword", "phoneChange.verifyCode"}

accounts = {}
current = None


def account():
    """The account of the next cases: a new one now and then."""
    global current
    if current is None or random.random() < 0.1:
        current = LIVING.aged_account()
        accounts[current["access_token"]] = current
    return current


if WITH_BEARER:

    @schemathesis.auth(refresh_interval=None)
    class Bearer:
        """Access token of an account that exists."""

        def get(self, case, context):
            return account()["access_token"]

        def set(self, case, data, context):
            case.headers["Authorization"] = f"Bearer {data}"


def flow_of(operation, user):
    """Ticket, and code where it is still needed, of a flow that waits for this operation."""
    tag, verb = operation.split(".")
    paths = {"login": "login", "passwordReset": "password-reset", "accountDeletion": "account-deletion"}
    if tag == "register":
        if verb == "setPassword":
            return LIVING.verified("register", LIVING.phone())
        make = LIVING.with_password if verb == "submitProfile" else lambda phone: LIVING.started("register", phone)
        return make(LIVING.phone())
    if tag in paths:
        make = LIVING.verified if verb == "setPassword" else LIVING.started
        return make(paths[tag], LIVING.aged_account()["phone"])
    if user is None:
        return {}
    if tag == "phoneChange" and user["has_password"]:
        return LIVING.phone_change(user)
    if tag == "phoneConfirmation":
        return LIVING.own_flow(user, "phone/confirm")
    if operation == "me.delete" or tag == "deletion":
        return LIVING.own_flow(user, "deletion")
    if (operation == "me.changePassword" or tag == "firstPassword") and not user["has_password"]:
        return LIVING.own_flow(user, "password")
    return {}


def values(operation, fields, user):
    """Values that the service accepts for these fields of the body."""
    found = {}
    if "captcha_id" in fields:
        found |= LIVING.solved()
    if "ticket" in fields:
        found |= flow_of(operation, user)
    if operation == "login.withPassword":
        made = LIVING.account()
        found |= {"phone_number": made["phone"], "password": PASSWORD, "device_token": made["device_token"]}
    elif operation in ("login.sendCode", "passwordReset.sendCode", "accountDeletion.sendCode"):
        made = LIVING.aged_account()
        found |= {"phone_number": made["phone"], "device_token": made["device_token"]}
    elif operation in ("register.sendCode", "phoneChange.sendCode", "reclaim.sendCode"):
        found["phone_number"] = LIVING.phone()
    elif operation == "tokens.refresh":
        found["refresh_token"] = LIVING.account()["refresh_token"]
    if user is not None:
        found |= {"current_password": PASSWORD}
        if operation == "me.delete":
            found["password"] = PASSWORD
    return found


def properties(operation):
    """Schemas of the properties of the body."""
    item = next(item for item in operations() if item["operationId"] == operation)
    body = item.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    name = body.get("$ref", "/").rsplit("/", 1)[1]
    return DOCUMENT["components"]["schemas"].get(name, {}).get("properties", {})


def operations():
    return (operation for item in DOCUMENT["paths"].values() for operation in item.values())


@schemathesis.hook
def before_call(context, case, kwargs):
    """Puts the values into the case."""
    # A string is no proof. The service refuses a wrong one before it looks at anything else.
    if case.meta.generation.mode.is_positive and case.headers:
        case.headers.pop("DPoP", None)
    if random.random() < 0.5:
        return
    operation = case.operation.definition.raw["operationId"]
    token = (case.headers or {}).get("Authorization", "").removeprefix("Bearer ")
    user = accounts.get(token)
    if isinstance(case.body, dict):
        schemas = properties(operation)
        for field, value in values(operation, case.body.keys() & schemas.keys(), user).items():
            if field in case.body and jsonschema_rs.is_valid(schemas[field], case.body[field]):
                case.body[field] = value
    if user is not None and case.path_parameters and case.meta.generation.mode.is_positive:
        make = LIVING.session_id if operation == "sessions.end" else LIVING.pending_id
        case.path_parameters["id"] = make(user)


@schemathesis.hook
def after_call(context, case, response):
    """Forgets an account that the request has changed."""
    global current
    if response.status_code < 300 and case.operation.definition.raw["operationId"] in DESTRUCTIVE:
        current = None
