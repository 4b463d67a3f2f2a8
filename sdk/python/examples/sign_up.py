"""Signs a user up on the command line: python examples/sign_up.py [URL of the service]

The session stays in a folder (--folder): the next start continues where this one ended. On a development server the
answer `letmein` solves every captcha, and data/outbox.log or /dev/messages has the code.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from doorstep_client import Captcha, Doorstep, DoorstepError, ErrorCode, FileStore, KeyStore, SignUp, one_time_code

DEFAULT_FOLDER = Path.home() / ".doorstep-example"


def main() -> None:
    """Asks until the user is signed in."""
    parser = argparse.ArgumentParser(description="Signs a user up at a doorstep service.")
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8080", help="URL of the service")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="place of the session")
    parser.add_argument("--language", default="en", help="en or zh")
    options = parser.parse_args()
    store, keys = FileStore(options.folder), file_keys(options.folder / "keys")
    with Doorstep(options.url, device_name="Command line", language=options.language, store=store, keys=keys) as client:
        if client.session.restore() != "signed_in":
            sign_up(client, options.folder)
        show_account(client)


def file_keys(folder: Path) -> KeyStore | None:
    """Keys in files, where the package cryptography is installed. Without keys the session is not bound."""
    try:
        from doorstep_client import FileKeys
    except ImportError:
        return None
    return FileKeys(folder)


def sign_up(client: Doorstep, folder: Path) -> None:
    """Does one step after the other, and asks again after a mistake."""
    flow = client.sign_up()
    flow.resume()
    while client.session.state != "signed_in":
        try:
            do_step(client, flow, folder)
        except DoorstepError as error:
            print(error.user_message)
            if error.code == ErrorCode.PHONE_ALREADY_REGISTERED:
                raise SystemExit(1) from None


def do_step(client: Doorstep, flow: SignUp, folder: Path) -> None:
    """Asks for what the step needs."""
    step = flow.state.step
    if step in ("start", "ended"):
        send_code(client, flow, folder)
    elif step == "code":
        text = input(f"Code for {flow.state.phone_number}, or the whole message: ")
        flow.verify_code(one_time_code(text) or text)
    elif step == "password":
        password = input("Password, nothing to go on without one: ")
        if password:
            flow.set_password(password)
        else:
            flow.submit_profile(nickname=input("Nickname: "))
    elif step == "profile":
        flow.submit_profile(nickname=input("Nickname: "))
    else:
        raise SystemExit(f"This version cannot continue: {flow.state.server_step}")


def send_code(client: Doorstep, flow: SignUp, folder: Path) -> None:
    """Asks for the number, and for a captcha."""
    phone_number = input("Phone number: ")
    captcha = client.captcha()
    answer = captcha.answer(ask_captcha(captcha, folder))
    try:
        flow.send_code(phone_number=phone_number, captcha=answer)
    except DoorstepError as error:
        if error.code != ErrorCode.CONSENT_REQUIRED:
            raise
        documents = ", ".join(error.documents)
        if input(f"Do you accept {documents}? (y/n) ") == "y":
            flow.send_code(phone_number=phone_number, captcha=answer, accepted=error.documents)


def ask_captcha(captcha: Captcha, folder: Path) -> str:
    """Saves the picture, and asks for its text."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / "captcha.png"
    picture.write_bytes(captcha.image or b"")
    return input(f"{captcha.prompt} It is in {picture}: ")


def show_account(client: Doorstep) -> None:
    """Prints whose session this is."""
    user = client.account.me()
    bound = "bound to a key" if client.session.bound else "not bound to a key"
    print(f"Signed in as {user.nickname} ({user.phone_number}). The session is {bound}.")


if __name__ == "__main__":
    main()
