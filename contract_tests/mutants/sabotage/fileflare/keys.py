"""A Fileflare that makes mistakes with keys, with what it tells of budgets, and in what its refusals say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from contract_tests.mutants.sabotage._keys import Recognise, Rotate, recognising, rotating
from contract_tests.mutants.sabotage.registry import sabotage

if TYPE_CHECKING:
    from latchkey.records import Credential, Limit, Stored
    from mockserver.exchange import Caller, Exchange, Reply
    from mockserver.keys import Key, KeyRing
    from mockserver.limiter import Limiter, Reading
    from mockserver.refusals import Refused
    from mockserver.world import World

IDENTIFY = "mockserver.stages.identify"
VALIDATE = "mockserver.stages.validate"
ANSWER = "mockserver.layers.answer"
STAMP = "mockserver.layers.stamp"

# Keys.


@sabotage("fileflare-reads-open")
def reads_open() -> None:
    """Who reads without a key reads the first store."""
    from mockserver.exchange import Caller
    from mockserver.refusals import Refused
    from mockserver.stages import STAGES

    identify = STAGES["identify"]

    def opening(exchange: Exchange) -> None:
        try:
            identify(exchange)
        except Refused:
            if exchange.method != "GET" or "authorization" in exchange.headers:
                raise
            account = next(exchange.world.accounts_of("fileflare"))
            key = exchange.world.keys.of(account.id)[0]
            exchange.caller = Caller(account=account, key=key, raw="")

    STAGES["identify"] = opening  # type: ignore[index]


@sabotage("fileflare-key-known-late")
def key_known_late() -> None:
    """A new key is known a minute later, when a cache of keys is filled anew."""

    def late(recognise: Recognise, exchange: Exchange, credential: Credential, raw: str) -> Caller:
        from mockserver.refusals import Refused

        caller = recognise(exchange, credential, raw)
        if caller.key.name.endswith("another") and exchange.at - caller.key.created_at < 60:
            raise Refused("invalid_key", "it is not in the cache yet")
        return caller

    recognising(late)


@sabotage("fileflare-regenerates-same")
def regenerates_same() -> None:
    """Whoever regenerates a key gets the same characters again."""
    from mockserver.keys import KeyRing

    raws: dict[int, str] = {}
    create = KeyRing.create

    def remembering(self: KeyRing, *words: Any, **fields: Any) -> tuple[Key, str]:
        key, raw = create(self, *words, **fields)
        raws[key.id] = raw
        return key, raw

    def same(rotate: Rotate, world: World, key: Key) -> tuple[Key, str]:
        new, raw = rotate(world, key)
        world.keys.remove(new)
        key.revoked_at = None
        return key, raws.get(key.id, raw)

    KeyRing.create = remembering  # type: ignore[method-assign]
    rotating(same)


@sabotage("fileflare-regenerated-revoked")
def regenerated_revoked() -> None:
    """Regenerating revokes every key of the store once it has made the new one."""

    def revoking(rotate: Rotate, world: World, key: Key) -> tuple[Key, str]:
        new = rotate(world, key)
        for other in world.keys.of(key.account):
            world.revoke(other)
        return new

    rotating(revoking)


@sabotage("fileflare-key-by-prefix")
def key_by_prefix() -> None:
    """A key is known by its first characters, and nobody compares the rest."""
    from mockserver.keys import KeyRing

    def find(self: KeyRing, provider: str, kind: str, raw: str, stored: Stored) -> Key | None:
        known = (key for key in self._by_id.values() if key.provider == provider)
        return next((key for key in known if key.prefix == raw[: stored.prefix]), None)

    KeyRing.find = find  # type: ignore[method-assign]


@sabotage("fileflare-key-any-case")
def key_any_case() -> None:
    """Keys are compared as a database does that does not tell capitals."""
    from mockserver.keys import KeyRing

    add, find = KeyRing.add, KeyRing.find
    KeyRing.add = lambda self, raw, *words, **fields: add(self, raw.lower(), *words, **fields)  # type: ignore[method-assign]
    KeyRing.find = lambda self, provider, kind, raw, stored: find(self, provider, kind, raw.lower(), stored)  # type: ignore[method-assign]


@sabotage("fileflare-revoked-deletes")
def revoked_deletes() -> None:
    """Where an asset is deleted, nobody looks whether the key was revoked."""

    def lenient(recognise: Recognise, exchange: Exchange, credential: Credential, raw: str) -> Caller:
        from mockserver.exchange import Caller

        assert exchange.provider
        key = exchange.world.keys.find("fileflare", "key", raw, exchange.provider.keys.stored)
        if exchange.method == "DELETE" and key is not None:
            return Caller(account=exchange.world.accounts[key.account], key=key, raw=raw)
        return recognise(exchange, credential, raw)

    recognising(lenient)


# Budgets.


@sabotage("fileflare-told-before")
def told_before() -> None:
    """What remains is told as it was before the request was counted."""
    from mockserver.limiter import Limiter

    take = Limiter.take

    def telling(self: Limiter, wanted: Any, now: float, **words: Any) -> list[Reading]:
        left = [self.read(limit, partition, now) for limit, partition in wanted]
        take(self, wanted, now, **words)
        return left

    Limiter.take = telling  # type: ignore[method-assign]


@sabotage("fileflare-first-limit-told")
def first_limit_told() -> None:
    """Of several budgets the first is told."""
    from mockserver.limiter import Limiter

    take = Limiter.take

    def telling(self: Limiter, wanted: Sequence[tuple[Limit, str]], now: float, **words: Any) -> list[Reading]:
        return take(self, wanted, now, **words)[:1]

    Limiter.take = telling  # type: ignore[method-assign]


def _budget_told(where: Callable[[int], bool]) -> Callable[[], None]:
    """The headers of the budget only on answers with such a status."""

    def put_in() -> None:
        stamp = import_module(STAMP)
        stamps = stamp.stamps

        def telling(exchange: Exchange, status: int) -> Iterator[tuple[bytes, bytes]]:
            found = stamps(exchange, status)
            return (item for item in found if where(status) or not item[0].startswith(b"x-ratelimit"))

        stamp.stamps = telling  # type: ignore[attr-defined]

    return put_in


sabotage("fileflare-budget-only-on-200")(_budget_told(lambda status: status == 200 or status >= 400))
sabotage("fileflare-no-budget-on-errors")(_budget_told(lambda status: status < 400))
for _status in (402, 404, 422, 429):
    sabotage(f"fileflare-no-budget-on-{_status}")(_budget_told(lambda status, without=_status: status != without))  # type: ignore[misc]


# Refusals.


def _refusing(change: Callable[[Exchange, Reply], Reply]) -> Callable[[], None]:
    """The answer to a refusal is changed so."""

    def put_in() -> None:
        answer = import_module(ANSWER)
        refuse = answer.refuse

        def refusing(exchange: Exchange, refused: Refused) -> Reply:
            return change(exchange, refuse(exchange, refused))

        answer.refuse = refusing  # type: ignore[attr-defined]

    return put_in


def _page(exchange: Exchange, reply: Reply) -> Reply:
    from mockserver.exchange import Reply

    if "json" in exchange.headers.get("accept", ""):
        return reply
    page = f"<!DOCTYPE html><title>{reply.status}</title>"
    return Reply(reply.status, page, {**reply.headers, "Content-Type": "text/html; charset=UTF-8"})


def _to_login(exchange: Exchange, reply: Reply) -> Reply:
    from mockserver.exchange import Reply

    if reply.status != 401 or "json" in exchange.headers.get("accept", ""):
        return reply
    page = "<!DOCTYPE html><title>Redirecting</title>"
    location = f"{exchange.origin}/login"
    return Reply(302, page, {"Location": location, "Content-Type": "text/html; charset=UTF-8"})


sabotage("fileflare-error-pages")(_refusing(_page))
sabotage("fileflare-to-login")(_refusing(_to_login))


def _mistakes(change: Callable[[dict[str, list[str]]], dict[str, list[str]]]) -> Callable[[], None]:
    """The mistakes that a 422 tells are changed so beforehand."""

    def put_in() -> None:
        validate = import_module(VALIDATE)
        invalid = validate.invalid

        def telling(provider: Any, mistakes: dict[str, list[str]], **words: Any) -> Refused:
            refused: Refused = invalid(provider, change(dict(mistakes)), **words)
            return refused

        validate.invalid = telling  # type: ignore[attr-defined]

    return put_in


def _also_no_text(mistakes: dict[str, list[str]]) -> dict[str, list[str]]:
    return {
        field: [*told, f"The {field} must be a string."] if "required" in told[0] else told
        for field, told in mistakes.items()
    }


sabotage("fileflare-first-field-only")(_mistakes(lambda mistakes: dict(list(mistakes.items())[:1])))
sabotage("fileflare-missing-told-twice")(_mistakes(_also_no_text))


@sabotage("fileflare-errors-are-texts")
def errors_are_texts() -> None:
    """Each faulty field has its first text instead of a list."""
    validate = import_module(VALIDATE)
    invalid = validate.invalid

    def telling(*given: Any, **words: Any) -> Refused:
        refused: Refused = invalid(*given, **words)
        refused.values["errors"] = {field: told[0] for field, told in refused.values["errors"].items()}
        return refused

    validate.invalid = telling  # type: ignore[attr-defined]


@sabotage("fileflare-key-in-header")
def key_in_header() -> None:
    """Every answer repeats the Authorization header, left over from debugging."""
    stamp = import_module(STAMP)
    stamps = stamp.stamps

    def repeating(exchange: Exchange, status: int) -> Iterator[tuple[bytes, bytes]]:
        yield from stamps(exchange, status)
        yield b"x-debug", exchange.headers.get("authorization", "").encode("latin-1")

    stamp.stamps = repeating  # type: ignore[attr-defined]


@sabotage("fileflare-no-head")
def no_head() -> None:
    """No path has HEAD."""
    from mockserver.layers.route import Route

    find = Route.find

    def finding(self: Route, path: str) -> Any:
        methods, parameters = find(self, path)
        return {name: operation for name, operation in methods.items() if name != "HEAD"}, parameters

    Route.find = finding  # type: ignore[method-assign]
