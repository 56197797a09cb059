"""What a vendor's documents leave open, as switches that are set by name."""

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints


@dataclass(slots=True)
class Switchable:
    """A dataclass of switches, each a truth, a number, a text, or one of some words."""

    def change(self, said: dict[str, Any]) -> None:
        """Set those that are named.

        Raises:
            ValueError: there is no such switch, or it can't be set so.
        """
        names = [each.name for each in fields(self)]
        kinds = get_type_hints(type(self))
        for name, value in said.items():
            if name not in names:
                raise ValueError(f"there is no switch {name}; there are: {', '.join(names)}")
            if get_origin(kinds[name]) is Literal:
                words = get_args(kinds[name])
                if value not in words:
                    raise ValueError(f"{name} is {' or '.join(words)}")
                setattr(self, name, value)
                continue
            wanted = kinds[name]
            is_number = wanted in {int, float} and type(value) in {int, float}
            if not (is_number or type(value) is wanted):
                raise ValueError(f"the switch {name} wants a {wanted.__name__}")
            setattr(self, name, wanted(value))
