"""Hooks of schemathesis: every third case gets values that the service accepts.

A generated captcha, ticket or code is always wrong, and no case would get past the first check. A value is replaced
only if it is valid by its schema, so that an invalid case stays invalid.
"""

import atexit
import collections
import functools
import json
import os
import random
import sqlite3
import time
from pathlib import Path

import jsonschema_rs
import requests
import schemathesis
from living import PASSWORD, Living

DOCUMENT = json.loads(Path(os.environ["FUZZ_DOCUMENT"]).read_text(encoding="utf-8"))
LIVING = Living(os.environ["FUZZ_URL"], Path(os.environ["FUZZ_DATA"]))
WITH_BEARER = os.environ["FUZZ_BEARER"] == "1"
# Successful requests after which the access token or the password of the account is worth nothing.
DESTRUCTIVE = {"me.delete", "sessions.logOut", "sessions.end", "me.changePassword", "phoneChange.verifyCode"}

statuses = collections.Counter()
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


FLOWS = {
    "register": "register",
    "login": "login",
    "passwordReset": "password-reset",
    "accountDeletion": "account-deletion",
}
OWN_FLOWS = {"phoneConfirmation": "phone/confirm", "deletion": "deletion", "firstPassword": "password"}


def flow_of(operation, user):
    """Ticket of a flow that waits for this operation, and its code, if it is still needed."""
    tag, verb = operation.split(".")
    if verb in ("claim", "startAnew"):
        return LIVING.unproved(FLOWS[tag])
    if tag == "reclaim":
        return LIVING.reclaim()
    if operation == "register.submitProfile":
        return LIVING.with_password(LIVING.phone())
    if tag in FLOWS:
        phone = LIVING.phone() if tag == "register" else LIVING.aged_account()["phone"]
        return (LIVING.verified if verb == "setPassword" else LIVING.started)(FLOWS[tag], phone)
    if user is None:
        return {}
    if tag == "phoneChange":
        return LIVING.phone_change(user)
    own = {"me.delete": "deletion", "me.changePassword": "firstPassword"}.get(operation, tag)
    return LIVING.own_flow(user, OWN_FLOWS[own])


def account_values(operation):
    """Number of an account, or of nobody, and what proves the account."""
    if operation == "login.withPassword":
        made = LIVING.account()
        return {"phone_number": made["phone"], "password": PASSWORD, "device_token": made["device_token"]}
    if operation in ("login.sendCode", "passwordReset.sendCode", "accountDeletion.sendCode"):
        made = LIVING.aged_account()
        return {"phone_number": made["phone"], "device_token": made["device_token"]}
    if operation == "reclaim.sendCode":
        return {**LIVING.detached(), "phone_number": LIVING.phone()}
    if operation in ("register.sendCode", "phoneChange.sendCode"):
        return {"phone_number": LIVING.phone()}
    return {"refresh_token": LIVING.account()["refresh_token"]} if operation == "tokens.refresh" else {}


# Values of the other fields that the service accepts. None: the field is left out.
PLAIN = {
    "client_id": "shop-ios",
    "password": PASSWORD,
    "password_confirm": PASSWORD,
    "current_password": PASSWORD,
    "new_password": "staple battery horse",
    "nickname": "小明",
    "birthday": "2001-09-30",
    "avatar_url": None,
    "proof_of_work": None,
    "content_length": 1000,
}


def values(operation, fields, user):
    """Values that the service accepts for these fields of the body."""
    found = {**PLAIN} if random.random() < 0.7 else {"proof_of_work": None}
    if "captcha_id" in fields:
        found |= LIVING.solved()
    if "ticket" in fields:
        found |= flow_of(operation, user)
    if operation == "captchas.createAudio" and "proof_of_work" in fields:
        found["proof_of_work"] = LIVING.proof_of_work()
    return found | account_values(operation)


@functools.cache
def validators(operation):
    """Validators of the properties of the body."""
    item = next(item for item in operations() if item["operationId"] == operation)
    body = item.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    name = body.get("$ref", "/").rsplit("/", 1)[1]
    properties = DOCUMENT["components"]["schemas"].get(name, {}).get("properties", {})
    components = {"components": DOCUMENT["components"]}
    return {key: jsonschema_rs.validator_for({**schema, **components}) for key, schema in properties.items()}


def operations():
    return (operation for item in DOCUMENT["paths"].values() for operation in item.values())


@schemathesis.hook
def before_call(context, case, kwargs):
    """Puts the values into the case."""
    # A string is no proof. The service refuses a wrong one before it looks at anything else.
    if case.meta.generation.mode.is_positive and case.headers:
        case.headers.pop("DPoP", None)
    if random.random() < 0.67:
        return
    global current
    try:
        fill(case)
        statuses["living"] += 1
    except (AssertionError, LookupError, requests.RequestException, sqlite3.Error):
        # Most often a limit of the account: the next cases get another one.
        current = None
        statuses["refused"] += 1


def fill(case):
    operation = case.operation.definition.raw["operationId"]
    user = accounts.get((case.headers or {}).get("Authorization", "").removeprefix("Bearer "))
    if isinstance(case.body, dict):
        valid = validators(operation)
        fields = {field for field in case.body.keys() & valid.keys() if valid[field].is_valid(case.body[field])}
        for field, value in values(operation, fields, user).items():
            if field in fields and value is None:
                del case.body[field]
            elif field in fields:
                case.body[field] = value
        if operation.endswith(".resendCode") and "ticket" in fields and random.random() < 0.2:
            # The cooldown has passed.
            time.sleep(1.5)
    if user is not None and case.path_parameters and case.meta.generation.mode.is_positive:
        make = LIVING.session_id if operation == "sessions.end" else LIVING.pending_id
        case.path_parameters["id"] = make(user)


@schemathesis.hook
def after_call(context, case, response):
    """Counts the statuses. Forgets an account that the request has changed."""
    global current
    operation = case.operation.definition.raw["operationId"]
    statuses[f"{operation} {response.status_code}"] += 1
    if response.status_code < 300 and operation in DESTRUCTIVE:
        current = None


@atexit.register
def write_statuses():
    """Writes how often each operation has returned each status."""
    Path(os.environ["FUZZ_STATUSES"]).write_text(json.dumps(statuses), encoding="utf-8")
