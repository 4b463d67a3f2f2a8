"""The account of the session."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Optional

import httpx

from .._encoding import to_json
from .._errors import DoorstepError, ErrorCode
from .._generated import operations, types
from .._models import DeviceSession, PendingAct, UploadPermit, User, read_model
from ._api import AsyncApi, Options, without_none
from ._session import AsyncSession


class AsyncAccount:
    """The account of the session."""

    def __init__(self, api: AsyncApi, session: AsyncSession) -> None:
        """Apps take it from `doorstep.account`."""
        self._api = api
        self._session = session
        self._mutex = threading.Lock()
        # The body of a password change without an answer, and its idempotency key.
        self._password_change: Optional[tuple[str, str]] = None

    async def me(self) -> User:
        """Reads the account."""

        async def read() -> User:
            return await self._session.set_user(await self._session.call(operations.ME_READ, None))

        return await self._session.own(read)

    async def update(
        self,
        *,
        nickname: Optional[str] = None,
        avatar_url: Optional[str] = None,
        gender: Optional[types.Gender] = None,
        birthday: Optional[str] = None,
        clear: Optional[Sequence[types.ClearableField]] = None,
    ) -> User:
        """Changes the fields that are given. `birthday`: a day, `2000-02-29`. `clear`: fields to empty."""
        body = types.ChangeProfile(
            nickname=nickname, avatar_url=avatar_url, gender=gender, birthday=birthday, clear=clear
        )

        async def change() -> User:
            return await self._session.set_user(await self._session.call(operations.ME_CHANGE, body))

        return await self._session.own(change)

    async def change_password(self, *, current_password: str, new_password: str) -> None:
        """Signs out every other device. The same call again after an error `network` is the same change."""
        body = types.ChangePassword(current_password=current_password, new_password=new_password)
        await self._session.own(lambda: self._change_password(body))

    async def sessions(self) -> list[DeviceSession]:
        """The devices on which the user is signed in."""
        answer = await self._session.call(operations.SESSIONS_LIST, None)
        return [read_model(DeviceSession, session) for session in answer["sessions"]]

    async def end_session(self, id: str) -> None:
        """Signs another device out, and forgets it. Use `session.sign_out` for this one."""
        await self._session.call(operations.SESSIONS_END, None, Options(path={"id": id}))

    async def pending(self) -> list[PendingAct]:
        """The acts that wait. Read them at the start of the app, and now and then in the background."""
        answer = await self._session.call(operations.PENDING_LIST, None)
        return [read_model(PendingAct, act) for act in answer["pending"]]

    async def approve(self, id: str) -> None:
        """Approves an act that waits."""
        await self._session.call(operations.PENDING_APPROVE, None, Options(path={"id": id}))

    async def refuse(self, id: str) -> None:
        """Refuses an act that waits."""
        await self._session.call(operations.PENDING_REFUSE, None, Options(path={"id": id}))

    async def accept_documents(self, accepted: Sequence[str]) -> User:
        """Records that the user has accepted the documents in force."""
        body = types.AcceptDocuments(accepted=list(accepted))

        async def accept() -> User:
            return await self._session.set_user(await self._session.call(operations.ME_ACCEPT_DOCUMENTS, body))

        return await self._session.own(accept)

    async def permit_avatar(self, *, content_type: types.AvatarMediaType, content_length: int) -> UploadPermit:
        """A permit to upload one image with another HTTP client. Set `avatar_url` after the upload."""
        body = types.AvatarUpload(content_type=content_type, content_length=content_length)
        return read_model(UploadPermit, await self._session.call(operations.ME_PERMIT_AVATAR, body))

    async def upload_avatar(self, image: bytes, content_type: types.AvatarMediaType) -> User:
        """Uploads a JPEG, PNG or WebP image, and sets it as the avatar."""
        permit = await self.permit_avatar(content_type=content_type, content_length=len(image))
        status = await self._upload(permit, image, content_type)
        if not 200 <= status < 300:
            raise self._api.error(ErrorCode.UPLOAD_FAILED, "the storage refused the image", status=status)
        return await self.update(avatar_url=permit.public_url)

    async def _upload(self, permit: UploadPermit, image: bytes, content_type: str) -> int:
        async with httpx.AsyncClient(timeout=self._api.timeout) as client:
            try:
                if permit.method == "PUT":
                    response = await client.put(permit.url, headers=dict(permit.headers), content=image)
                else:
                    files = {"file": ("avatar", image, content_type)}
                    form, headers = dict(permit.form), dict(permit.headers)
                    response = await client.request(permit.method, permit.url, headers=headers, data=form, files=files)
            except httpx.HTTPError as cause:
                raise self._api.error(ErrorCode.NETWORK, "no answer from the storage") from cause
        return response.status_code

    async def _change_password(self, body: types.ChangePassword) -> None:
        text = to_json(without_none(body))
        with self._mutex:
            before = self._password_change
            again = before is not None and before[0] == text
            change = before if before is not None and again else (text, self._api.new_name())
            self._password_change = change
        try:
            await self._session.change_password(body, Options(idempotency_key=change[1], unanswered=again))
        except DoorstepError as error:
            if not error.unanswered:
                self._password_change = None
            raise
        self._password_change = None
