"""The same client for programs without an event loop: each call returns when it is done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar, cast

from modemgw.client.client import Client

P = ParamSpec("P")
T = TypeVar("T")
_END: Final = object()


def _blocking(
    call: Callable[Concatenate[Client, P], Awaitable[T]],
) -> Callable[Concatenate[SyncClient, P], T]:
    """A call of Client as one that returns when it is done."""

    def done(self: SyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        async def do() -> T:
            return await call(self._client, *args, **kwargs)

        return self._run(do())

    done.__name__, done.__doc__ = call.__name__, call.__doc__
    return done


def _iterating(
    call: Callable[Concatenate[Client, P], AsyncIterator[T]],
) -> Callable[Concatenate[SyncClient, P], Iterator[T]]:
    """A call of Client that gives items, as one that is iterated over."""

    def items(self: SyncClient, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        source = call(self._client, *args, **kwargs)

        async def following() -> T | object:
            return await anext(source, _END)

        async def close() -> None:
            if (aclose := getattr(source, "aclose", None)) is not None:
                await aclose()

        try:
            while True:
                item = self._run(following())
                if item is _END:
                    return
                yield cast(T, item)
        finally:
            if self._loop is not None:
                self._run(close())

    items.__name__, items.__doc__ = call.__name__, call.__doc__
    return items


class SyncClient:
    """The HTTP API of a gateway, for scripts and threads.

        with SyncClient("http://127.0.0.1:8080", key) as client:
            message = client.send("+447700900001", "Hello", wait=30)
            for item in client.inbounds():
                print(item.from_, item.text)

    Takes what Client takes, and has its calls. An event loop in a thread of its own does the work,
    so it may be used from several threads, and where another loop is running.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._client = Client(*args, **kwargs)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        """Held while something is handed to the loop, which may end at the same time."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="modemgw client", daemon=True
        )
        self._thread.start()
        try:
            self._run(self._client.__aenter__())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        try:
            asyncio.run_coroutine_threadsafe(self._end(), loop).result()
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def close(self) -> None:
        """What leaving `with` does, for who does not use it: whatever is going on is called off."""
        self.__exit__(None, None, None)

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._client.__aexit__(None, None, None)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it in the loop's thread. Ctrl-C calls it off."""
        with self._lock:
            if self._loop is None or threading.current_thread() is self._thread:
                work.close()
                if self._loop is None:
                    raise RuntimeError("use `with SyncClient(…) as client:`")
                raise RuntimeError("this thread does the work: another must ask for it")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except CancelledError:
            raise RuntimeError("the client was closed meanwhile") from None
        except BaseException:
            future.cancel()
            raise

    send = _blocking(Client.send)
    send_batch = _blocking(Client.send_batch)
    add_to_batch = _blocking(Client.add_to_batch)
    preview_batch = _blocking(Client.preview_batch)
    batch = _blocking(Client.batch)
    types = _blocking(Client.types)
    message_type = _blocking(Client.message_type)
    batches = _iterating(Client.batches)
    batch_messages = _iterating(Client.batch_messages)
    change_batch = _blocking(Client.change_batch)
    pause_batch = _blocking(Client.pause_batch)
    resume_batch = _blocking(Client.resume_batch)
    cancel_batch = _blocking(Client.cancel_batch)
    wait_for_batch = _blocking(Client.wait_for_batch)
    preview = _blocking(Client.preview)
    message = _blocking(Client.message)
    messages = _iterating(Client.messages)
    cancel = _blocking(Client.cancel)
    wait = _blocking(Client.wait)
    events = _iterating(Client.events)
    inbound = _blocking(Client.inbound)
    inbounds = _iterating(Client.inbounds)
    consents = _iterating(Client.consents)
    consent = _blocking(Client.consent)
    record_consent = _blocking(Client.record_consent)
    import_consents = _blocking(Client.import_consents)
    export_consents = _iterating(Client.export_consents)
    erase_consent = _blocking(Client.erase_consent)
    export_privacy = _blocking(Client.export_privacy)
    erase_privacy = _blocking(Client.erase_privacy)
    mark_inbound = _blocking(Client.mark_inbound)
    conversations = _iterating(Client.conversations)
    conversation = _iterating(Client.conversation)
    mark_conversation = _blocking(Client.mark_conversation)
    handlers = _blocking(Client.handlers)
    deliveries = _iterating(Client.deliveries)
    replay = _blocking(Client.replay)
    match_handlers = _blocking(Client.match_handlers)
    test_handler = _blocking(Client.test_handler)
    webhooks = _blocking(Client.webhooks)
    webhook = _blocking(Client.webhook)
    create_webhook = _blocking(Client.create_webhook)
    change_webhook = _blocking(Client.change_webhook)
    delete_webhook = _blocking(Client.delete_webhook)
    rotate_webhook = _blocking(Client.rotate_webhook)
    test_webhook = _blocking(Client.test_webhook)
    webhook_deliveries = _iterating(Client.webhook_deliveries)
    replay_webhook = _blocking(Client.replay_webhook)
    templates = _blocking(Client.templates)
    template = _blocking(Client.template)
    template_versions = _blocking(Client.template_versions)
    create_template = _blocking(Client.create_template)
    put_template = _blocking(Client.put_template)
    delete_template = _blocking(Client.delete_template)
    preview_template = _blocking(Client.preview_template)
    modems = _blocking(Client.modems)
    modem = _blocking(Client.modem)
    control_modem = _blocking(Client.control_modem)
    at = _blocking(Client.at)
    signal = _blocking(Client.signal)
    follow_trace = _iterating(Client.follow_trace)
    sims = _blocking(Client.sims)
    sim = _blocking(Client.sim)
    budgets = _blocking(Client.budgets)
    usage = _blocking(Client.usage)
    ussd = _blocking(Client.ussd)
    ask_balance = _blocking(Client.ask_balance)
    end_ussd = _blocking(Client.end_ussd)
    trace = _blocking(Client.trace)
    alerts = _iterating(Client.alerts)
    alert = _blocking(Client.alert)
    silence_alert = _blocking(Client.silence_alert)
    start_verification = _blocking(Client.start_verification)
    check_verification = _blocking(Client.check_verification)
    check_number = _blocking(Client.check_number)
    resend_verification = _blocking(Client.resend_verification)
    cancel_verification = _blocking(Client.cancel_verification)
    verification = _blocking(Client.verification)
    verifications = _iterating(Client.verifications)
    stopped_prefixes = _blocking(Client.stopped_prefixes)
    lift_prefix = _blocking(Client.lift_prefix)
    keys = _blocking(Client.keys)
    key = _blocking(Client.key)
    create_key = _blocking(Client.create_key)
    rotate_key = _blocking(Client.rotate_key)
    revoke_key = _blocking(Client.revoke_key)
    renew_webhook_secret = _blocking(Client.renew_webhook_secret)
    audit = _iterating(Client.audit)
    readiness = _blocking(Client.readiness)
    checklist = _blocking(Client.checklist)
