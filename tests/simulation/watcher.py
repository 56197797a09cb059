"""Who changed what in a CRM, and what of it may never happen at any moment."""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal

from crm.transport import Request
from tests.simulation.servers import LINKS, Place, Server, State

Who = Literal["us", "people"]

PEOPLES = ("notes", "stage")
"""The fields that are the salespeople's alone."""
FILLED = "title"
"""The field that we fill where it is empty."""
REVIEWED = "phone"
"""The field of which, in some worlds, a person is asked."""


@dataclass(frozen=True)
class Violation:
    """An invariant that doesn't hold."""

    invariant: str
    what: str


@dataclass(frozen=True)
class Effect:
    """What one request of ours did to one record."""

    kind: Literal["create", "update", "remove", "merge"]
    place: Place
    key: str
    values: dict[str, str]
    """What the fields hold now that are another than before."""


@dataclass
class Watcher:
    """Looks at a CRM's state after every request, and after every hand of people's."""

    key_field: str
    state: State = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    made_by: dict[Place, Who] = field(default_factory=dict)
    removed_by: dict[Place, Who] = field(default_factory=dict)
    removed: dict[Place, dict[str, str]] = field(default_factory=dict)
    """What every record that is gone, or was once, held last."""
    fallen: set[tuple[Place, str]] = field(default_factory=set)
    """Links of ours that show another record, since people removed the one that we linked to."""
    restored: set[Place] = field(default_factory=set)
    back: set[Place] = field(default_factory=set)
    """The records restored since the run began, which it may have missed while they were away."""
    merged: set[Place] = field(default_factory=set)
    """The records that people made one."""
    joined: set[tuple[Place, str, str]] = field(default_factory=set)
    """Of the records into which we merged others: the links of both, which the CRM may all keep."""
    keys: dict[tuple[str, str], None] = field(default_factory=dict)
    """By object: every key of ours that ever stood in the CRM."""
    keyed: dict[Place, str] = field(default_factory=dict)
    """The records that ever had one, each with the last."""
    handled: set[tuple[str, str]] = field(default_factory=set)
    """By object: the keys that people gave to a record, or took from one."""
    estranged: set[Place] = field(default_factory=set)
    """Records of ours without our key when the ledger was lost: nobody knows whose they are."""
    typed: set[tuple[Place, str, str]] = field(default_factory=set)
    """Every value that people ever gave a field."""
    at_start: State = field(default_factory=dict)
    """What the CRM held when the run began."""
    authors_at_start: dict[tuple[Place, str], str] = field(default_factory=dict)
    ours: dict[tuple[Place, str], str] = field(default_factory=dict)
    """The last value that we gave a field."""
    unheard: set[tuple[Place, str]] = field(default_factory=set)
    """The fields that we wrote, of whose record nothing has told the engine since."""
    wrote_for: dict[Place, str] = field(default_factory=dict)
    """The key that each record had when we last wrote it."""
    wrote: set[tuple[str, str, str]] = field(default_factory=set)
    """By object and field: every value that we ever gave one; people copy them as well."""
    on_create: Callable[[Place, dict[str, str]], None] = lambda _place, _fields: None
    """Called with each record that we make."""
    is_allowed: Callable[[Place, str, str], bool] = lambda _place, _theirs, _ours: True
    """Asked whether we may write this, in the field under review, where people's value stood."""
    is_in_its_form: Callable[[Place, str, str], bool] = lambda _place, _name, _value: False
    """Asked whether a value is the CRM's form of one that the ledger says we sent there."""
    authors: dict[tuple[Place, str], str] = field(default_factory=dict)
    """Who gave a field the value that it has."""
    touched: dict[tuple[Place, str], int] = field(default_factory=dict)
    """How many effects there had been when somebody else last wrote a field."""
    held: set[tuple[Place, str, str]] = field(default_factory=set)
    """Every value that a field ever had."""
    requests: int = 0
    arrivals: deque[float] = field(default_factory=deque)

    def begin_run(self, *, is_sure: bool) -> None:
        """Remember what a run can know; `is_sure` says whether it heard of all that was sent."""
        self.at_start, self.authors_at_start = self.state, dict(self.authors)
        self.back.clear()
        if not is_sure:
            self.ours.clear()

    def violated(self, invariant: str, what: str) -> None:
        self.violations.append(Violation(invariant, what))

    def arrived(self, server: Server, _request: Request, now: float) -> None:
        """Count a request as the CRM does."""
        self.requests += 1
        if server.quota is None:
            return
        most, window = server.quota
        while self.arrivals and self.arrivals[0] <= now - window:
            self.arrivals.popleft()
        self.arrivals.append(now)
        if len(self.arrivals) > most:
            self.violated("quota", f"{len(self.arrivals)} requests in {window} s, {most} allowed")

    def heard(self, places: Collection[Place]) -> None:
        """Note the records of which the engine was told what became of them."""
        self.unheard = {each for each in self.unheard if each[0] not in places}

    def forget_us(self) -> None:
        """Take what we wrote as found there: our ledger is lost."""
        self.effects.clear()
        self.touched.clear()
        self.ours.clear()
        self.estranged |= {each for each in self.keyed if not self._has_key(each)}
        for place in self.state:
            self.forget(place)

    def forget(self, place: Place) -> None:
        """Take what we wrote into a record as found there."""
        for field_name, author in self.authors.items():
            if author == "us" and field_name[0] == place:
                self.authors[field_name] = "another key"
        self._forget_ours(place)

    def _forget_ours(self, place: Place) -> None:
        for field_name in [each for each in self.ours if each[0] == place]:
            del self.ours[field_name]

    def _has_key(self, place: Place) -> bool:
        return bool(self.state.get(place, {}).get(self.key_field))

    def look(self, server: Server, who: Who) -> None:
        """See what has changed, and who did it."""
        before, now = self.state, server.state()
        if before == now:
            return
        self.state = now
        removed = [place for place in before if place not in now]
        lives_on = server.lives_on() if removed and who == "us" else {}
        merged = [place for place in removed if place in lives_on]
        for place in removed:
            if place not in merged:
                self._removed(place, before[place], who)
        if merged:
            self._made_one(merged, lives_on[merged[0]], before)
            return
        for place, fields in now.items():
            if (old := before.get(place)) != fields:
                self._written(place, old, fields, who, is_cascade=bool(removed))

    def _made_one(self, merged: list[Place], to: Place, before: State) -> None:
        """Two records became one, perhaps under a new id, by one request of ours.

        What it holds is by whoever wrote it into either; who wrote the links that the CRM moved
        with it wrote them as they are now.
        """
        self._join({to, *merged}, to, before)
        fields = self.state[to]
        was = next((p for p in (to, *merged) if p in before and self._key(before[p])
                    == self._key(fields)), to)  # fmt: skip
        for place in {*merged, was} - {was}:
            self.removed_by[place] = "us"
            self.removed[place] = before[place]
            self.effects.append(Effect("merge", place, self._key(before[place]), {}))
            sources = [was, place]
            # of what the one that lives on holds nothing in, too
            for name in sorted(fields.keys() | {each for p, each in self.authors if p == was}):
                value = fields.get(name, "")
                source = next((p for p in sources if before.get(p, {}).get(name, "") == value), was)
                author = self.authors.get((source, name), "people")
                if source != was and author == "us":
                    author = "another key"
                self.authors[to, name] = author
                is_carried = author == "another key" and source != to
                if is_carried or (source, name, value) in self.typed:
                    # it was the same customer's all along
                    self.typed.add((to, name, value))
        self.made_by[to] = self.made_by.get(was, "us")
        for keys in (self.keyed, self.wrote_for):
            if was in keys:
                keys[to] = keys[was]
        for place, held in self.state.items():
            for name, value in held.items():
                if place == to or before.get(place, {}).get(name) != value:
                    self.held.add((place, name, value))
                    self.touched[place, name] = len(self.effects)

    def _join(self, made_one: set[Place], to: Place, before: State) -> None:
        """Note the links that records had which are one now."""
        links = {
            (name, before[place][name])
            for place in made_one & before.keys()
            for name in LINKS[to[0]].keys() & before[place].keys()
        }
        links |= {(name, value) for place, name, value in self.joined if place in made_one}
        self.joined |= {(to, *each) for each in links}

    def _key(self, fields: dict[str, str]) -> str:
        return fields.get(self.key_field, "")

    def _removed(self, place: Place, fields: dict[str, str], who: Who) -> None:
        self.removed_by[place] = who
        self.removed[place] = fields
        if who == "people":
            # what was empty went with it too
            gone = [each for each in self.authors if each[0] == place]
            self.touched.update(dict.fromkeys(gone, len(self.effects)))
        if who == "us":
            if self.made_by[place] != "us":
                self.violated("not ours", f"a record that people made was removed: {place}")
            self.effects.append(Effect("remove", place, fields.get(self.key_field, ""), {}))

    def _written(
        self,
        place: Place,
        old: dict[str, str] | None,
        fields: dict[str, str],
        who: Who,
        *,
        is_cascade: bool,
    ) -> None:
        if old is None:
            old = self._appeared(place, fields, who)
        self._note_key(place, old or {}, fields, who)
        values = {
            name: fields.get(name, "")
            for name in (old or {}).keys() | fields.keys()
            if (old or {}).get(name) != fields.get(name)
        }
        # people may have taken the key out meanwhile
        if who == "us" and (key := fields.get(self.key_field) or self.keyed.get(place)):
            if self.wrote_for.get(place, key) != key:
                # adopted for another key of ours, which we gave it or people: what we wrote counts
                # as found there
                self.forget(place)
            self.wrote_for[place] = key
        for name in sorted(values):
            self.held.add((place, name, values[name]))
            if who == "people":
                self.typed.add((place, name, values[name]))
            if self._is_the_crms(place, name, values[name], who, is_cascade=is_cascade):
                self.authors[place, name] = "the CRM"
                self.touched[place, name] = len(self.effects)
                del values[name]
                continue
            if who == "us":
                self._may_write(place, old or {}, name, values[name])
                self.ours[place, name] = values[name]
                self.unheard.add((place, name))
                self.wrote.add((place[0], name, values[name]))
            else:
                self.touched[place, name] = len(self.effects)
                if (place, name) in self.unheard:
                    # whether people emptied it or the CRM dropped it, nobody can know any more
                    self.ours.pop((place, name), None)
            self.authors[place, name] = who
        if who == "us" and (values or old is None):
            kind: Literal["create", "update"] = "create" if old is None else "update"
            self.effects.append(Effect(kind, place, fields.get(self.key_field, ""), values))

    def _is_the_crms(
        self, place: Place, name: str, value: str, who: Who, *, is_cascade: bool
    ) -> bool:
        """Whether a link is empty because people removed what it led to.

        Where a link is made first and the former one taken away after it, and people remove the
        new record in between, the second step leaves none; the ledger has both as one write.
        """
        if name not in LINKS[place[0]]:
            return False
        has_fallen = (place, name) in self.fallen
        self.fallen.discard((place, name))
        if is_cascade and value and self.authors.get((place, name)) == "us":
            self.fallen.add((place, name))
        return not value and (is_cascade or (who == "us" and has_fallen))

    def _appeared(self, place: Place, fields: dict[str, str], who: Who) -> dict[str, str] | None:
        """Note a record that wasn't there; gives what it held before people brought it back."""
        remover = self.removed_by.pop(place, None)
        if who == "people" and place in self.removed:
            self.restored.add(place)
            self.back.add(place)
            if remover == "us":
                # a record that they put back is theirs, with all that we once wrote there
                self.forget(place)
            for each, name in self.unheard:
                if each == place:
                    # it was away when it was looked for: who reads it now takes it as found
                    self.typed.add((place, name, fields.get(name, "")))
            return self.removed[place]
        self.made_by[place] = who
        if who == "us":
            self.on_create(place, fields)
        return None

    def _note_key(
        self, place: Place, old: dict[str, str], fields: dict[str, str], who: Who
    ) -> None:
        before, now = old.get(self.key_field), fields.get(self.key_field)
        if now:
            self.keys[place[0], now] = None
            self.keyed[place] = now
        if who == "people" and (before != now or place in self.restored):
            self.handled |= {(place[0], key) for key in (before, now) if key}
            # of whom the key is that a restored record comes with isn't said any more
            self.authors[place, self.key_field] = "people"

    def _may_write(self, place: Place, old: dict[str, str], name: str, value: str) -> None:
        if name in PEOPLES:
            self.violated("people's fields", f"{name} of {place} was written")
        # what they type while the run is under way it can't know of
        is_known = self.at_start.get(place, {}).get(name) == old.get(name)
        is_theirs = self.authors_at_start.get((place, name)) == "people"
        # a record that is made anew has nothing of theirs
        if not (old and is_known and is_theirs) or place in self.estranged:
            return
        is_copied = (place[0], name, old.get(name)) in self.wrote
        # what we wrote over it may show as theirs did: nothing tells the two apart since
        is_cleared = not value and not self.is_in_its_form(place, name, old.get(name, ""))
        if old.get(name) and not is_copied and (name == FILLED or is_cleared):
            self.violated("people's fields", f"{name} of {place} was overwritten")
        is_reviewed = name == REVIEWED and old.get(name) and not is_copied
        if is_reviewed and not self.is_allowed(place, old[name], value):
            self.violated("answers are bound", f"{name} of {place} was overwritten unasked")
        if name == FILLED and not old.get(name) and value == self.ours.get((place, name)):
            self.violated("people's fields", f"{name} of {place} was emptied by people")
