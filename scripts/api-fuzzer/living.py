"""Values that the service accepts: captchas, tickets, codes, accounts. Each call returns new ones."""

import collections
import hashlib
import itertools
import random
import re
import sqlite3
import time

import requests

PASSWORD = "correct horse battery"


class Living:
    """A client of the service, which reads the codes from the file of the console provider."""

    def __init__(self, url, folder):
        self.url = url
        self.outbox = folder / "outbox.log"
        self.database = folder / "doorstep.sqlite3"
        self.http = requests.Session()
        self.accounts = collections.deque()
        self.numbers = itertools.count(random.randrange(10_000_000, 80_000_000))

    def call(self, method, path, body=None, token=None):
        """Returns the body of a response that must succeed."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = self.http.request(method, self.url + path, json=body, headers=headers, timeout=20)
        assert response.ok, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def phone(self):
        return f"+86138{next(self.numbers)}"

    def captcha(self):
        return self.call("POST", "/v1/captchas", {})["captcha_id"]

    def solved(self):
        return {"captcha_id": self.captcha(), "captcha_answer": "letmein"}

    def proof_of_work(self):
        """A solution of one bit, which every audio captcha needs."""
        response = self.http.post(f"{self.url}/v1/captchas/audio", json={}, timeout=20)
        challenge = response.json()["proof_of_work"]["challenge"]
        nonces = (str(number) for number in itertools.count())
        solutions = (nonce for nonce in nonces if hashlib.sha256(f"{challenge}:{nonce}".encode()).digest()[0] < 128)
        return {"challenge": challenge, "nonce": next(solutions)}

    def code(self, phone, position):
        """Returns the code that was sent to the phone behind this position of the file."""
        for _ in range(400):
            with open(self.outbox, encoding="utf-8") as file:
                file.seek(position)
                if found := re.findall(rf"{re.escape(phone)}.*?\b(\d{{6}})\b", file.read()):
                    return found[-1]
            time.sleep(0.005)
        assert False, f"no message to {phone}"

    def send(self, path, body, phone, token=None):
        """Sends a code. Returns the ticket and the code."""
        position = self.outbox.stat().st_size if self.outbox.exists() else 0
        sent = self.call("POST", path, body, token)
        return {"ticket": sent["ticket"], "code": self.code(phone, position)}

    def started(self, flow, phone):
        """A flow without a signed-in user that waits for its code."""
        return self.send(f"/v1/{flow}/send-code", {"phone_number": phone, **self.solved()}, phone)

    def verified(self, flow, phone):
        started = self.started(flow, phone)
        self.call("POST", f"/v1/{flow}/verify-code", started)
        return {"ticket": started["ticket"]}

    def with_password(self, phone):
        """A sign-up that waits for the profile."""
        flow = self.verified("register", phone)
        self.call("POST", "/v1/register/set-password", {**flow, "password": PASSWORD})
        return flow

    def account(self, has_password=True):
        phone = self.phone()
        flow = self.with_password(phone) if has_password else self.verified("register", phone)
        signed_in = self.call("POST", "/v1/register/submit-profile", {**flow, "nickname": "小明"})
        return {"phone": phone, "has_password": has_password, **signed_in}

    def aged_account(self):
        """An account whose number got its last message more than a second ago: the cooldown has passed."""
        while len(self.accounts) < 30:
            self.accounts.append((time.monotonic(), self.account(has_password=random.random() < 0.8)))
        made, account = self.accounts.popleft()
        time.sleep(max(0.0, made + 1.1 - time.monotonic()))
        return account

    def dormant_account(self):
        """An account that nobody has used for a year."""
        account = self.aged_account()
        user = "(SELECT id FROM users WHERE phone = ?)"
        with sqlite3.connect(self.database, timeout=20) as database:
            for table, key, columns in (
                ("users", "id", ["phone_proven_at", "last_login_at", "created_at"]),
                ("sessions", "user_id", ["last_used_at", "created_at"]),
            ):
                values = ", ".join(f"{column} = '2020' || substr({column}, 5)" for column in columns)
                database.execute(f"UPDATE {table} SET {values} WHERE {key} = {user}", [account["phone"]])
        return account

    def unproved(self, flow):
        """A flow whose code was right, and not enough."""
        account = self.dormant_account()
        started = self.started(flow, account["phone"])
        response = self.http.post(f"{self.url}/v1/{flow}/verify-code", json=started, timeout=20)
        assert response.status_code == 409, response.text
        return {"ticket": started["ticket"], **self.proof(account)}

    def proof(self, account):
        return {"password": PASSWORD} if account["has_password"] else {"device_token": account["device_token"]}

    def detached(self):
        """Number of an account that another person has now, and what proves the account."""
        account = self.dormant_account()
        started = self.started("login", account["phone"])
        self.http.post(f"{self.url}/v1/login/verify-code", json=started, timeout=20)
        flow = {"ticket": started["ticket"]}
        self.call("POST", "/v1/login/start-anew", flow)
        self.call("POST", "/v1/register/submit-profile", {**flow, "nickname": "小红"})
        return {"former_phone_number": account["phone"], **self.proof(account)}

    def reclaim(self):
        phone = self.phone()
        body = {**self.detached(), "phone_number": phone, **self.solved()}
        return self.send("/v1/reclaim/send-code", body, phone)

    def own_flow(self, account, path):
        """A flow of the signed-in user that sends its code to the number of the account."""
        return self.send(f"/v1/me/{path}/send-code", {}, account["phone"], account["access_token"])

    def phone_change(self, account):
        phone = self.phone()
        body = {"phone_number": phone, "current_password": PASSWORD}
        return self.send("/v1/me/phone/send-code", body, phone, account["access_token"])

    def session_id(self, account):
        sessions = self.call("GET", "/v1/sessions", token=account["access_token"])["sessions"]
        return random.choice(sessions)["id"]

    def pending_id(self, account):
        """A deletion with a code, which is held."""
        flow = self.started("account-deletion", account["phone"])
        self.http.post(f"{self.url}/v1/account-deletion/verify-code", json=flow, timeout=20)
        pending = self.call("GET", "/v1/me/pending", token=account["access_token"])["pending"]
        assert pending, "nothing is pending"
        return pending[0]["id"]


