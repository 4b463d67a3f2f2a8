"""Sessions that last: refreshes, ends, keys, clocks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Optional

import pytest

from doorstep_client import (
    DeviceKey,
    DoorstepError,
    ErrorCode,
    Exchange,
    MemoryKeys,
    MemoryStore,
    SignedOutReason,
    TransportRequest,
    TransportResponse,
)

from ..support.clock import MovedClock
from ..support.concurrency_async import together
from .support import PASSWORD, Clients, answered, copy_of, record_of, sign_up


class Requests:
    """Counts the requests of a client by the end of their paths."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, exchange: Exchange) -> None:
        self.paths.append(exchange.request.url.partition("/v1/")[2])


class OtherObject:
    """A store object of another process."""

    def __init__(self, inner: MemoryStore) -> None:
        self.get = inner.get
        self.set = inner.set


class NamedKeys(MemoryKeys):
    """Keys whose names a test can see."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def create(self, name: str) -> DeviceKey:
        self.names.add(name)
        return super().create(name)

    def delete(self, name: str) -> None:
        self.names.discard(name)
        super().delete(name)


async def test_many_callers_refresh_once(clients: Clients) -> None:
    for keys in (None, MemoryKeys()):
        clock, counted = MovedClock(), Requests()
        doorstep = clients.new(clock=clock, on_request=counted, keys=keys)
        await sign_up(clients, doorstep)
        first = await doorstep.session.access_token()
        clock.ahead += 900
        counted.paths.clear()
        tokens = await together(*[lambda: doorstep.session.access_token()] * 8)
        assert counted.paths == ["token/refresh"]
        assert len({first, *tokens}) == 2


async def test_a_token_expires_by_the_earlier_of_two_clocks(clients: Clients) -> None:
    clock, counted = MovedClock(), Requests()
    doorstep = clients.new(clock=clock, on_request=counted)
    await sign_up(clients, doorstep)
    counted.paths.clear()
    await doorstep.session.access_token()
    assert counted.paths == []
    # The monotonic clock has stopped while the device was asleep.
    clock.wall_ahead += 871
    await doorstep.session.access_token()
    clock.ahead += 871
    await doorstep.session.access_token()
    await doorstep.session.access_token(min_ttl=800)
    assert counted.paths == ["token/refresh"] * 2
    await doorstep.session.access_token(min_ttl=1000)
    assert counted.paths == ["token/refresh"] * 3


async def test_a_token_that_the_service_finds_expired_is_refreshed_once(clients: Clients) -> None:
    refusals: list[str] = []

    async def send(request: TransportRequest) -> TransportResponse:
        if request.url.endswith("/me") and refusals:
            return await answered(401, code=refusals.pop(), detail="")(request)
        return await clients.send(request)

    counted = Requests()
    doorstep = clients.new(transport=send, on_request=counted)
    await sign_up(clients, doorstep)
    for code in ("token_expired", "token_invalid", "token_missing"):
        counted.paths.clear()
        refusals[:] = [code]
        assert (await doorstep.account.me()).nickname == "Ada"
        assert counted.paths == ["me", "token/refresh", "me"]
    refusals[:] = ["token_expired"] * 2
    with pytest.raises(DoorstepError) as refused:
        await doorstep.account.me()
    assert (refused.value.code, doorstep.session.state) == ("token_expired", "signed_in")


async def test_a_session_that_another_device_has_ended(clients: Clients) -> None:
    clock, reasons = MovedClock(), list[SignedOutReason]()
    phone, tablet = clients.new(), clients.new(clock=clock)
    number = await sign_up(clients, phone)
    await tablet.sign_in().with_password(phone_number=number, password=PASSWORD)
    tablet.session.on_signed_out(reasons.append)
    other = next(session for session in await phone.account.sessions() if not session.current)
    await phone.account.end_session(other.id)
    clock.ahead += 900
    with pytest.raises(DoorstepError) as ended:
        await tablet.account.me()
    assert (ended.value.code, ended.value.next, tablet.session.state) == ("signed_out", "sign_in", "signed_out")
    assert reasons == ["session_ended"]


async def test_a_copied_token_ends_an_unbound_session_and_the_user_is_warned(clients: Clients) -> None:
    store, clock, reasons = MemoryStore(), MovedClock(), list[SignedOutReason]()
    owner = clients.new(store=store, clock=clock)
    await sign_up(clients, owner)
    owner.session.on_signed_out(reasons.append)
    thief = clients.new(store=copy_of(store), clock=clock)
    await thief.session.access_token()
    clock.ahead += 900
    await thief.session.access_token()
    clock.ahead += 900
    with pytest.raises(DoorstepError, match="signed_out"):
        await owner.session.access_token()
    assert reasons == ["refresh_reused"]


async def test_a_copy_of_a_bound_session_is_worth_nothing(clients: Clients) -> None:
    store, keys, clock = MemoryStore(), MemoryKeys(), MovedClock()
    owner = clients.new(store=store, keys=keys, clock=clock)
    await sign_up(clients, owner)
    for other in (MemoryKeys(), None):
        thief = clients.new(store=copy_of(store), keys=other)
        with pytest.raises(DoorstepError) as lost:
            await thief.session.access_token()
        assert (lost.value.code, thief.session.state) == (ErrorCode.KEY_LOST, "key_lost")
    clock.ahead += 900
    await owner.session.access_token()
    assert owner.session.state == "signed_in"


async def test_a_lost_key_is_no_sign_out_and_the_sign_in_makes_a_new_key(clients: Clients) -> None:
    store, reasons = MemoryStore(), list[SignedOutReason]()
    number = await sign_up(clients, clients.new(store=store, keys=MemoryKeys()))
    restarted = clients.new(store=store, keys=MemoryKeys())
    restarted.session.on_signed_out(reasons.append)
    assert await restarted.session.restore() == "key_lost"
    assert restarted.session.user is not None
    await restarted.sign_in().with_password(phone_number=number, password=PASSWORD)
    assert (restarted.session.state, restarted.session.bound, reasons) == ("signed_in", True, [])


async def test_a_locked_key_store_ends_nothing(clients: Clients) -> None:
    class Locked(MemoryKeys):
        locked = False

        def get(self, name: str) -> Any:
            if self.locked:
                raise PermissionError("the device is locked")
            return super().get(name)

    keys, clock = Locked(), MovedClock()
    doorstep = clients.new(keys=keys, clock=clock)
    await sign_up(clients, doorstep)
    clock.ahead += 900
    keys.locked = True
    with pytest.raises(PermissionError):
        await doorstep.session.access_token()
    keys.locked = False
    await doorstep.session.access_token()
    assert doorstep.session.state == "signed_in"


async def test_a_wrong_clock_needs_a_nonce_and_nobody_notices(clients: Clients) -> None:
    for hours in (-1, 1, 24 * 3650):
        clock = MovedClock()
        clock.wall_ahead = hours * 3600
        doorstep = clients.new(clock=clock, keys=MemoryKeys())
        await sign_up(clients, doorstep)
        clock.ahead += 900
        assert (await doorstep.account.me()).nickname == "Ada"
        assert doorstep.session.bound


async def test_what_changes_the_refresh_token_holds_the_lock_of_the_store(clients: Clients) -> None:
    held: set[str] = set()
    during: dict[str, bool] = {}

    class Locking(MemoryStore):
        def lock(self, name: str) -> AbstractContextManager[object]:
            @contextmanager
            def lock() -> Iterator[None]:
                held.add(name)
                yield
                held.remove(name)

            return lock()

    async def send(request: TransportRequest) -> TransportResponse:
        during[request.url.partition("/v1/")[2]] = "doorstep.refresh" in held
        return await clients.send(request)

    clock = MovedClock()
    doorstep = clients.new(store=Locking(), clock=clock, transport=send)
    await sign_up(clients, doorstep)
    clock.ahead += 900
    await doorstep.account.change_password(current_password=PASSWORD, new_password="staple battery horse")
    await doorstep.account.me()
    assert (during["token/refresh"], during["me/password"], during["me"]) == (True, True, False)
    assert held == set()


async def test_a_token_that_is_refused_because_another_process_was_faster_ends_nothing(clients: Clients) -> None:
    inner, reasons, refusals = MemoryStore(), list[SignedOutReason](), [1]
    other = clients.new(store=OtherObject(inner))
    await sign_up(clients, other)

    async def send(request: TransportRequest) -> TransportResponse:
        if not request.url.endswith("/refresh") or not refusals:
            return await clients.send(request)
        refusals.pop()
        await other.session.access_token(min_ttl=10_000)
        return await answered(401, code="refresh_invalid", detail="")(request)

    slow = clients.new(store=OtherObject(inner), transport=send)
    slow.session.on_signed_out(reasons.append)
    assert await slow.session.access_token()
    assert (slow.session.state, refusals, reasons) == ("signed_in", [], [])


async def test_a_second_client_of_the_store_sees_the_sign_out_and_its_reason(clients: Clients) -> None:
    store, clock, reasons = MemoryStore(), MovedClock(), list[SignedOutReason]()
    first, second = clients.new(store=store), clients.new(store=store, clock=clock)
    await sign_up(clients, first)
    assert (await second.account.me()).nickname == "Ada"
    second.session.on_signed_out(reasons.append)
    await first.deletion().with_password(PASSWORD)
    clock.ahead += 900
    with pytest.raises(DoorstepError, match="signed_out"):
        await second.account.me()
    assert reasons == ["account_deleted"]


async def test_what_one_user_began_never_happens_to_another(clients: Clients) -> None:
    store = MemoryStore()
    first, second = clients.new(store=store), clients.new(store=store)
    await sign_up(clients, first)
    await second.account.me()
    states: list[str] = []
    second.session.on_change(states.append)
    await first.session.sign_out()
    await sign_up(clients, first)
    await first.account.update(nickname="Grace")
    with pytest.raises(DoorstepError) as changed:
        await second.account.update(nickname="Ada II")
    assert (changed.value.code, changed.value.next, states) == ("user_changed", "reload", ["signed_in"])
    assert (await first.account.me()).nickname == "Grace"

    await first.session.sign_out()
    await sign_up(clients, first)
    await second.session.sign_out()
    assert await clients.new(store=store).session.restore() == "signed_in"
    await first.session.sign_out()
    await sign_up(clients, first)
    flow = second.phone_confirmation()
    with pytest.raises(DoorstepError, match="user_changed"):
        await flow.send_code()
    assert (flow.state.step, flow.state.ended_by) == ("ended", "user_changed")


async def test_a_sign_out_works_without_a_network_and_everywhere_needs_one(
    clients: Clients, pauses: list[float]
) -> None:
    offline, reasons = list[str](), list[SignedOutReason]()

    async def send(request: TransportRequest) -> TransportResponse:
        if offline:
            raise OSError("no network")
        return await clients.send(request)

    doorstep = clients.new(transport=send)
    await sign_up(clients, doorstep)
    doorstep.session.on_signed_out(reasons.append)
    offline.append("now")
    with pytest.raises(DoorstepError, match="network"):
        await doorstep.session.sign_out(everywhere=True)
    assert (doorstep.session.state, reasons, len(pauses)) == ("signed_in", [], 3)
    await doorstep.session.sign_out()
    await doorstep.session.sign_out()
    assert (doorstep.session.state, doorstep.session.user, reasons) == ("signed_out", None, ["signed_out"])


async def test_a_listener_may_call_the_client(clients: Clients) -> None:
    doorstep = clients.new()
    await sign_up(clients, doorstep)
    seen: list[Optional[str]] = []
    doorstep.session.on_signed_out(lambda reason: seen.append(f"{reason} {doorstep.session.state}"))
    await doorstep.session.sign_out()
    assert seen == ["signed_out signed_out"]


async def test_an_error_in_the_log_of_the_app_is_no_error_of_the_request(clients: Clients) -> None:
    def log(exchange: Exchange) -> None:
        raise OSError("the disk is full")

    doorstep = clients.new(on_request=log)
    await sign_up(clients, doorstep)
    assert (await doorstep.account.me()).nickname == "Ada"


async def test_the_key_and_the_device_of_a_user_stay_apart_from_those_of_another(clients: Clients) -> None:
    store, keys = MemoryStore(), NamedKeys()
    doorstep = clients.new(store=store, keys=keys)
    number = await sign_up(clients, doorstep)
    await doorstep.session.sign_out()
    await sign_up(clients, doorstep)
    await doorstep.session.sign_out(forget_device=True)
    await doorstep.sign_in().with_password(phone_number=number, password=PASSWORD)
    record = record_of(store)
    assert len(record["devices"]) == 1
    assert keys.names == {record["session"]["key"]}
    await doorstep.session.sign_out(forget_device=True)
    assert keys.names == set()
    assert record["session"]["key"] == record["devices"][0]["key"]


async def test_a_busy_service_is_not_asked_before_its_time(clients: Clients, pauses: list[float]) -> None:
    store, clock, counted = MemoryStore(), MovedClock(), Requests()
    await sign_up(clients, clients.new(store=store))
    doorstep = clients.new(
        store=store, clock=clock, on_request=counted, transport=answered(503, code="overloaded", retry_after=60)
    )
    for _ in range(3):
        with pytest.raises(DoorstepError) as busy:
            await doorstep.session.access_token()
        assert (busy.value.code, busy.value.status) == ("overloaded", 503)
        assert busy.value.retry_after == 60
    assert len(counted.paths) == 1
    clock.ahead += 61
    with pytest.raises(DoorstepError, match="overloaded"):
        await doorstep.session.access_token()
    assert len(counted.paths) == 2
