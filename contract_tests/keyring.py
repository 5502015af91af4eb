"""The keys that a proof works with: got from whoever has or makes them, each hidden under a name of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from contract_tests.beside import found_beside
from contract_tests.client import Client
from contract_tests.noted import NotedAdmin
from contract_tests.outcome import NotVerifiable
from contract_tests.pace import NEARLY
from contract_tests.provision import Key
from contract_tests.target import NEIGHBOUR, Endpoint
from contract_tests.thrift import Thrift
from latchkey.records import Provider


class Keyring:
    """Keys of one account: of the suite's own or, as `neighbour`, of another. `named` gives a name that the target's prefix
    begins.
    """

    def __init__(
        self,
        provider: Provider,
        endpoint: Endpoint,
        admin: NotedAdmin,
        client: Client,
        thrift: Thrift | None,
        named: Callable[[str], str],
        *,
        neighbour: bool,
    ) -> None:
        self._provider, self._endpoint, self._admin = provider, endpoint, admin
        self._client, self._thrift, self._named = client, thrift, named
        self._neighbour = neighbour
        self._full: Key | None = None
        self._stays = False
        self._names: dict[str, str] = {}
        self._situations: dict[str, str] = {}

    def key(self, situation: str = "full", **fields: Any) -> Key:
        """A credential in this situation, the same for repeated calls with 'full' alone; `fields` ask for a new one."""
        if situation == "full" and not fields:
            if self._full is None:
                self._full = self._hidden(self._roomiest(self._admin.key()))
            return self._full
        return self._hidden(self._admin.key(situation, **fields))

    def new(self, **fields: Any) -> Key:
        """A further full key of the same account, made for this proof."""
        return self._hidden(self._admin.key("full", **{"name": self._named("another"), **fields}))

    def second(self) -> Key:
        """Another full key of the account: one that the target names, else a new one."""
        if spare := self._spare():
            return self._hidden(spare[0])
        try:
            return self.new()
        except NotVerifiable:
            name = self._provider.name
            pair = ", ".join(f'"${{{name.upper()}_{which}}}"' for which in ("FULL", "FULL_2"))
            raise NotVerifiable(
                f"it needs two full keys of one account; to give them, write under [providers.{name}.keys]: full = [{pair}]"
            ) from None

    def unlimited(self) -> Key:
        """A full key whose limits never refuse where the target can give one, else the full key."""
        try:
            return self._hidden(self._admin.key("full", name=self._named("unlimited"), unlimited=True))
        except NotVerifiable:
            return self.key()

    def rotated(self, key: Key) -> Key:
        """The key that takes this one's place."""
        return self._hidden(self._admin.rotate(key))

    def forged(self) -> str:
        """A well-formed key that was never issued."""
        mint = self._provider.keys.mint
        forged = mint.prefix + (mint.alphabet * mint.length)[-mint.length :]
        self._client.hide(forged, "FORGED_KEY")
        return forged

    def beside(self, key: Key) -> Mapping[str, Any]:
        """What goes with a key of this situation: as the target file gives it, else as the account's administrator finds it.
        Raises NotVerifiable where nobody does.
        """
        situation = "full" if key.situation == NEIGHBOUR else key.situation
        wanted = self._provider.situations[situation].beside
        if wanted.keys() <= key.presents.keys():
            return {name: key.presents[name] for name in wanted}
        try:
            return found_beside(self._provider.name, self._admin, key)
        except NotVerifiable:
            lacking = {name: says for name, says in wanted.items() if name not in key.presents}
            variable = f"${{{self._provider.name}_{key.situation}}}".upper()
            presents = ", ".join(f'{name} = "…"' for name in wanted)
            raise NotVerifiable(
                f"it needs {' and '.join(lacking.values())}; to tell, write under [providers.{self._provider.name}.keys]: "
                f'{key.situation} = {{key = "{variable}", presents = {{ {presents} }}}}'
            ) from None

    def stay(self) -> None:
        """From now on the full key is the first of several, whatever its limits leave."""
        self._stays = True

    def situation(self, raws: Iterable[str]) -> str:
        """Of the first of these that is a key of this ring; full where none is, for with that can be removed what a proof
        made with its own.
        """
        if self._neighbour:
            return NEIGHBOUR
        return next((self._situations[raw] for raw in raws if raw in self._situations), "full")

    def _spare(self) -> list[Key]:
        given = () if self._neighbour else self._endpoint.keys.get("full", ())[1:]
        return [Key(raw=item.key, situation="full", presents=item.presents) for item in given]

    def _roomiest(self, first: Key) -> Key:
        """The first key or, when its limits leave little, that whose limits leave most."""
        if self._thrift is None or self._stays:
            return first
        limits = [self._provider.limits[name] for name in self._provider.default_limits]
        pacer = self._thrift.pacer
        if all(pacer.left(limit, first.raw) > NEARLY for limit in limits):
            return first
        spare = self._spare()
        self._thrift.evidence.alike |= {key.raw.encode(): first.raw.encode() for key in spare}
        return max([first, *spare], key=lambda key: min(pacer.left(limit, key.raw) for limit in limits))

    def _hidden(self, key: Key) -> Key:
        """The key, printed as $PROVIDER_SITUATION_KEY from now on; further ones of the situation are numbered from 2."""
        if key.raw not in self._names:
            owner = "neighbour_" if self._neighbour else ""
            name = f"{self._provider.name}_{owner}{key.situation}_key".upper()
            like = sum(known.rstrip("_0123456789") == name for known in self._names.values())
            self._names[key.raw] = f"{name}_{like + 1}" if like else name
        self._client.hide(key.raw, self._names[key.raw])
        self._situations[key.raw] = key.situation
        return key
