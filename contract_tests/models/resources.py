"""Resources: made, read, listed page by page, changed, attached, detached, deleted and gone; no other account sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract_tests.answer import Answer
from contract_tests.lab import Lab
from contract_tests.models.machine import Exploration, Model, step, stopping
from contract_tests.outcome import NotVerifiable, check

#: More resources in one example show nothing new.
MOST = 4
#: Rows of a page: more pages than one, and more room than one page needs.
SIZES = (2, 100)

Members = Mapping[str, Any]
Act = Callable[[Lab, str], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What a resource can be attached to. `held` are the ids that it holds, of resources made under a name like this."""

    name: str
    attach: Act
    detach: Act
    held: Callable[[Lab, str], set[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What is promised of a kind of resource.

    `acts` are what can be done with the id of one and changes nothing, `others` what another account tries with it. Both
    are answered `missing` where there is none. What is None or empty is not promised, or not offered.
    """

    name: str
    #: A new one, named so: its id, and members that it has from then on.
    make: Callable[[Lab, str], tuple[str, Members]]
    acts: Mapping[str, Act]
    others: Mapping[str, Act]
    missing: tuple[int, ...] = (404,)
    #: What the answer of an act shows of it.
    shows: Mapping[str, Callable[[Answer], Members]] = field(default_factory=dict)
    #: The pages of the list, of so many rows at most, each as ids and members; at least of those named like this.
    pages: Callable[[Lab, str, int], Iterable[Sequence[tuple[str, Members]]]] | None = None
    #: Changes it to one that is named so; the members that are other ones from then on.
    change: Callable[[Lab, str, str], Members] | None = None
    delete: Act | None = None
    #: Whether it is promised that a deleted one is missing at once, and not only from lists.
    gone: bool = True
    holders: Callable[[Lab], Sequence[Holder]] | None = None
    #: Whether it is promised that what is not attached can be detached.
    detach_again: bool = False


@dataclass(slots=True)
class _Thing:
    resource: Resource
    id: str
    members: dict[str, Any]
    deleted: bool = False
    held_by: list[Holder] = field(default_factory=list)


class ResourceModel(Model):
    """Several resources of one account, and another account that knows their ids."""

    vital = frozenset({"make", "look"})

    def __init__(self, exploration: Exploration, resources: tuple[Resource, ...]) -> None:
        super().__init__(exploration, resources)
        self.resources = resources
        self.offer(
            page_through=any(item.pages for item in resources),
            change=any(item.change for item in resources),
            attach=any(item.holders for item in resources),
            detach=any(item.holders for item in resources),
        )
        self.things: list[_Thing] = []
        self.names = 0
        self.other: Lab | None = None
        self.name = self.lab.name("model")

    def teardown(self) -> None:
        with stopping():
            # The account of a mock goes as a whole.
            for thing in self.things if self.lab.target.control is None else ():
                if thing.resource.delete and not thing.deleted:
                    thing.resource.delete(self.lab, thing.id)
        super().teardown()

    @step()
    def make(self, data: Any) -> None:
        resource = self.pick(data, "kind", self.resources)
        if sum(not thing.deleted for thing in self.things) < MOST:
            self.makes(resource)

    def makes(self, resource: Resource) -> _Thing:
        id, members = resource.make(self.lab, self.new_name())
        known = [thing.id for thing in self.things if thing.resource is resource]
        check(id not in known, f"a {resource.name} with an id of its own", f"{id} again")
        self.things.append(_Thing(resource, id, dict(members)))
        return self.things[-1]

    def new_name(self) -> str:
        self.names += 1
        return f"{self.name}-{self.names}"

    @step()
    def look(self, data: Any) -> None:
        """At what is there or was."""
        thing = self.drawn(data, deleted=True)
        self.tries(thing, self.pick(data, "act", sorted(thing.resource.acts)))

    @step()
    def delete(self, data: Any) -> None:
        """Deletes it, attached or not, perhaps once more, and looks for it wherever it was."""
        thing = self.drawn(data, lambda resource: resource.delete is not None)
        again, act = self.pick(data, "again", (False, True)), self.pick(data, "act", sorted(thing.resource.acts))
        assert thing.resource.delete
        if thing.resource.holders and not thing.held_by and self.pick(data, "attached", (False, True)):
            self.attaches(thing, self.holder(data, thing.resource))
        had, thing.held_by = thing.held_by, []
        thing.resource.delete(self.lab, thing.id).passes()
        thing.deleted = True
        if again and thing.resource.gone:
            self.is_missing(thing.resource.delete(self.lab, thing.id), thing, "it was deleted")
        if thing.resource.pages:
            self.lists(thing.resource, SIZES[-1])
        self.tries(thing, act)
        for holder in had if thing.resource.gone else ():
            self.holds(holder)

    @step()
    def page_through(self, data: Any) -> None:
        """More than a page of them."""
        thing = self.drawn(data, lambda resource: resource.pages is not None)
        while sum(known.resource is thing.resource for known in self.things if not known.deleted) <= SIZES[0]:
            self.makes(thing.resource)
        self.lists(thing.resource, SIZES[0])

    @step()
    def change(self, data: Any) -> None:
        thing = self.drawn(data, lambda resource: resource.change is not None)
        act = self.pick(data, "act", sorted(thing.resource.acts))
        assert thing.resource.change
        thing.members.update(thing.resource.change(self.lab, thing.id, self.new_name()))
        if act in thing.resource.shows:
            self.tries(thing, act)
        else:
            self.lists(thing.resource, SIZES[-1])

    @step()
    def attach(self, data: Any) -> None:
        """Once or twice, and looks at what has it."""
        thing = self.attachable(data)
        holder, again = self.holder(data, thing.resource), self.pick(data, "again", (False, True))
        self.attaches(thing, holder)
        if again:
            self.attaches(thing, holder)
        self.holds(holder)

    def attaches(self, thing: _Thing, holder: Holder) -> None:
        holder.attach(self.lab, thing.id).passes()
        if holder not in thing.held_by:
            thing.held_by.append(holder)

    @step()
    def detach(self, data: Any) -> None:
        """What is attached or, where that is promised, may not be; and looks at what has it not."""
        thing = self.attachable(data)
        holder, again = self.holder(data, thing.resource), self.pick(data, "again", (False, True))
        if holder not in thing.held_by and not (again and thing.resource.detach_again):
            self.attaches(thing, holder)
        holder.detach(self.lab, thing.id).passes()
        thing.held_by = [known for known in thing.held_by if known is not holder]
        self.holds(holder)

    @step()
    def trespass(self, data: Any) -> None:
        """Another account tries its luck with the id, and perhaps looks for it in its own list."""
        thing, other = self.drawn(data), self.neighbour()
        act, listed = self.pick(data, "act", sorted(thing.resource.others)), self.pick(data, "listed", (False, True))
        self.is_missing(thing.resource.others[act](other, thing.id), thing, "it is another account's")
        self.tries(thing, sorted(thing.resource.acts)[0])
        if listed and thing.resource.pages:
            shown = {id for page in thing.resource.pages(other, self.name, SIZES[-1]) for id, _ in page}
            check(thing.id not in shown, f"no other account to see {_named(thing)} in its list", "it is listed")

    def neighbour(self) -> Lab:
        """Another account. Raises NotVerifiable where the target has none to give."""
        if self.other is None:
            other = self.lab.neighbour()
            other.key()
            self.other = other
        return self.other

    def drawn(
        self, data: Any, wanted: Callable[[Resource], bool] = lambda resource: True, *, deleted: bool = False
    ) -> _Thing:
        """A resource that is there, or perhaps `deleted`, of a kind that is wanted, counted from the newest; made where
        there is none.
        """
        resource = self.pick(data, "kind", list(filter(wanted, self.resources)))
        age = self.pick(data, "age", range(MOST))
        known = [thing for thing in self.things if thing.resource is resource and (deleted or not thing.deleted)]
        return known[-1 - age % len(known)] if known else self.makes(resource)

    def attachable(self, data: Any) -> _Thing:
        return self.drawn(data, lambda resource: resource.holders is not None)

    def holder(self, data: Any, resource: Resource) -> Holder:
        return self.pick(
            data, "holder", self.lab.once(f"holders of {resource.name}", lambda: _some(resource, self.lab))
        )

    def tries(self, thing: _Thing, act: str) -> None:
        """What is there is let be used and shows its members, what is not is missing."""
        answer = thing.resource.acts[act](self.lab, thing.id)
        if not thing.deleted:
            check(answer.passed, f"{answer.request} to pass: {_named(thing)} was made and not deleted", answer)
            if act in thing.resource.shows:
                _has_members(thing, thing.resource.shows[act](answer), answer.request)
        elif thing.resource.gone:
            self.is_missing(answer, thing, "it was deleted")

    def is_missing(self, answer: Answer, thing: _Thing, why: str) -> None:
        wanted = " or ".join(map(str, thing.resource.missing))
        check(
            answer.status in thing.resource.missing,
            f"{answer.request} to answer {wanted} for {_named(thing)}: {why}",
            answer,
        )

    def lists(self, resource: Resource, size: int) -> None:
        """Page by page every living one once, as it is, and no other."""
        assert resource.pages
        shown: dict[str, Members] = {}
        for page in resource.pages(self.lab, self.name, size):
            check(len(page) <= size, f"at most {size} rows on a page of the list", len(page))
            for id, members in page:
                check(id not in shown, f"each {resource.name} once in the list", f"{id} twice")
                shown[id] = members
        for thing in self.things:
            if thing.resource is resource and thing.deleted:
                check(thing.id not in shown, f"{_named(thing)} not to be listed: it was deleted", "it is")
            elif thing.resource is resource:
                check(thing.id in shown, f"{_named(thing)} to be listed: it was made and not deleted", "it is not")
                _has_members(thing, shown[thing.id], "the list")

    def holds(self, holder: Holder) -> None:
        """The holder has what was attached to it and neither detached nor deleted."""
        held = holder.held(self.lab, self.name)
        for thing in self.things:
            if not thing.resource.holders or (thing.deleted and not thing.resource.gone):
                continue
            expected = holder in thing.held_by
            what = f"{holder.name} {'to have' if expected else 'not to have'} {_named(thing)}"
            check((thing.id in held) == expected, what, "it has it not" if expected else "it has")


def _some(resource: Resource, lab: Lab) -> Sequence[Holder]:
    """The holders of this account. Raises NotVerifiable where it has none."""
    assert resource.holders
    holders = resource.holders(lab)
    if not holders:
        raise NotVerifiable(f"it needs an account with something that a {resource.name} can be attached to")
    return holders


def _named(thing: _Thing) -> str:
    return f"the {thing.resource.name} {thing.id}"


def _has_members(thing: _Thing, shown: Members, where: str) -> None:
    told = {name: shown.get(name) for name in thing.members}
    check(told == thing.members, f"{where} to show {_named(thing)} with {thing.members}", told)
