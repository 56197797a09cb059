"""What people do in the CRM: they type, import lists, merge, delete, restore, and handle keys."""

import random
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from reverse_etl.syncs import Sync
from tests.simulation.servers import Place, RefusedError, Server, State
from tests.simulation.watcher import FILLED, Watcher

HABITS = ("import", "key", "merge", "restore")
"""What they do in some worlds, besides typing and deleting."""
TYPED = ("name", "phone", "title", "stage", "notes")

Key = tuple[str, str]
"""An object, and a key of ours."""


@dataclass
class People:
    """The hands of people."""

    syncs: Sequence[Sync]
    server: Server
    watcher: Watcher
    chance: random.Random
    habits: Sequence[str] = ()
    _count: int = 0

    def new(self, what: str) -> str:
        """A text that was nowhere before."""
        self._count += 1
        return f"{what}{self._count}"

    def work(self, under_way: Collection[Place], open_keys: Collection[Key]) -> None:
        """What they do between two runs, but to records with a job under way."""
        for place in [*self.watcher.state]:
            if place in under_way:
                # an edit that a job overwrites would be nobody's fault
                continue
            if self.chance.random() < 0.15:
                self._edit(place)
            elif self.chance.random() < 0.04:
                self.server.remove(place)
        for sync in self.syncs:
            if self.chance.random() < 0.2:
                self.type(sync, self.new("13 "))
        self.watcher.look(self.server, "people")
        for habit in self.habits:
            if self.chance.random() < 0.5:
                # what they import they have exported before
                keys = [key for key in self.watcher.keys if key not in open_keys]
                self._follow(habit, under_way, keys)

    def meddle(self, under_way: Collection[Place]) -> None:
        """What one of them does while a run is under way."""
        places = [place for place in self.watcher.state if place not in under_way]
        draw = self.chance.random()
        # what we send to a record that is merged meanwhile would reach the other
        habits = [each for each in self.habits if each != "merge" or not self.server.leads_on]
        if habits and draw < 0.3:
            # what was made within the run may not have been heard of
            new = {place for place in places if place not in self.watcher.at_start}
            keys = _keys_of(self.watcher.at_start, self.watcher.key_field)
            self._follow(self.chance.choice(habits), {*under_way, *new}, keys)
        elif places and draw < 0.9:
            self._edit(self.chance.choice(places))
        elif places:
            self.server.remove(self.chance.choice(places))
        self.watcher.look(self.server, "people")

    def write_over(self, under_way: Collection[Place]) -> None:
        """Write over some of what we wrote."""
        for place, name in [each for each, who in self.watcher.authors.items() if who == "us"]:
            is_there = place in self.watcher.state and place not in under_way
            if is_there and name in TYPED and self.chance.random() < 0.3:
                with suppress(RefusedError):
                    self.server.put(place[0], {name: self.new("typed ")}, place[1])
        self.watcher.look(self.server, "people")

    def type_over(self, key: Key, name: str, under_way: Collection[Place]) -> None:
        """Type in a field of the record that has one of our keys."""
        for place in [place for place in self.watcher.state if place[0] == key[0]]:
            is_its = self.watcher.state[place].get(self.watcher.key_field) == key[1]
            if is_its and place not in under_way:
                with suppress(RefusedError):
                    self.server.put(place[0], {name: self.new("typed ")}, place[1])
        self.watcher.look(self.server, "people")

    def type(self, sync: Sync, phone: str) -> str:
        """Make a record by hand; gives its id."""
        fields = {"phone": phone, "notes": self.new("notes ")}
        if self.chance.random() < 0.5:
            fields["title"] = self.new("Typed ")
        return self.server.put(sync.name, fields, None)

    def _edit(self, place: Place) -> None:
        fields = self.watcher.state[place]
        name = self.chance.choice(TYPED)
        text = "" if self.chance.random() < 0.25 else self.new("typed ")
        if FILLED in fields and self.chance.random() < 0.5:
            # where emptiness is a word of theirs
            name, text = FILLED, ""
        if fields.get(name, "") == text:
            return
        # a record whose key another has as well isn't saved by every CRM, whatever is typed
        with suppress(RefusedError):
            self.server.put(place[0], {name: text}, place[1])

    def _follow(self, habit: str, under_way: Collection[Place], keys: Sequence[Key]) -> None:
        places = [place for place in self.watcher.state if place not in under_way]
        bin_ = [place for place in self.watcher.removed if place not in under_way]
        try:
            match habit:
                case "import":
                    self._import(keys, places)
                case "key" if places:
                    self._handle_key(self.chance.choice(places), keys)
                case "merge" if places:
                    self._merge(self.chance.choice(places), places)
                case "restore" if bin_:
                    self.server.restore(self.chance.choice(bin_))
        except RefusedError:
            # the CRM tells them so, and they do something else
            pass
        self.watcher.look(self.server, "people")

    def _import(self, keys: Sequence[Key], places: Sequence[Place]) -> None:
        """Make records from a list: some have a key of ours, some a phone, some are doubled.

        What they find under such a key they may delete first.
        """
        object_name = self.chance.choice(self.syncs).name
        known = [key for other, key in keys if other == object_name]
        phones = [
            fields["phone"]
            for (other, _), fields in self.watcher.state.items()
            if other == object_name and "phone" in fields
        ]
        for _ in range(self.chance.randint(2, 6)):
            fields = {"name": self.new("listed "), "notes": self.new("notes ")}
            if known and self.chance.random() < 0.4:
                key = fields[self.watcher.key_field] = self.chance.choice(known)
                if self.chance.random() < 0.5:
                    self._clear_out(object_name, key, places)
            if phones and self.chance.random() < 0.4:
                fields["phone"] = self.chance.choice(phones)
            for _ in range(self.chance.choice((1, 1, 2))):
                self.server.put(object_name, fields, None)

    def _clear_out(self, object_name: str, key: str, places: Sequence[Place]) -> None:
        for place in places:
            held = self.watcher.state.get(place, {})
            if place[0] == object_name and held.get(self.watcher.key_field) == key:
                self.server.remove(place)
        self.watcher.look(self.server, "people")

    def _handle_key(self, place: Place, keys: Sequence[Key]) -> None:
        """Empty our key, type something else there, or a key that is another record's."""
        known = [key for other, key in keys if other == place[0]]
        text = self.chance.choice(["", self.new("typed "), *known])
        if self.watcher.state[place].get(self.watcher.key_field, "") != text:
            self.server.put(place[0], {self.watcher.key_field: text}, place[1])

    def _merge(self, winner: Place, places: Sequence[Place]) -> None:
        others = [place for place in places if place[0] == winner[0] and place != winner]
        if others:
            loser = self.chance.choice(others)
            self.watcher.merged |= {winner, loser}
            self.server.merge(winner, loser[1])


def _keys_of(state: State, key_field: str) -> Sequence[Key]:
    """The keys of ours that records have."""
    return [(place[0], key) for place, fields in state.items() if (key := fields.get(key_field))]
