"""Addresses of the desk's views. Everything that a view shows is in its address. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, quote_plus, urlencode

# Positions in a list of hits, which another filter or order makes meaningless.
_POSITIONS = frozenset({"cursor"})

# A view has a hundred links with the same parameters but one.
_quoted = lru_cache(maxsize=5000)(quote_plus)


@dataclass(frozen=True, slots=True)
class Address:
    """A view and its parameters, in order. Each method returns another address.

    Attributes:
        language: of the desk.
        view: path below the language, without a slash in front: `search`, `articles/ID`.
        parameters: names and values; a name may occur several times.
    """

    language: str
    view: str = ""
    parameters: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in self.parameters)
        return f"/{self.language}/{quote(self.view)}" + (f"?{query}" if query else "")

    def to(self, view: str, **parameters: str | None) -> Address:
        """Go to another view with these parameters alone; those that are None or empty are left out."""
        return Address(self.language, view, tuple((name, value) for name, value in parameters.items() if value))

    def keeping(self, view: str, *names: str) -> Address:
        """Go to another view with the parameters of these names, or all of them."""
        kept = tuple(pair for pair in self.parameters if not names or pair[0] in names)
        return Address(self.language, view, kept)._moved(kept)

    def speaking(self, language: str) -> Address:
        """The same view in another language."""
        return Address(language, self.view, self.parameters)

    def having(self, name: str, value: str) -> Address:
        """Add a value."""
        return self if self.has(name, value) else self._moved((*self.parameters, (name, value)))

    def lacking(self, name: str, value: str | None = None) -> Address:
        """Remove a value, or all values of the name."""
        return self._moved(pair for pair in self.parameters if pair[0] != name or value not in {None, pair[1]})

    def setting(self, **values: str | None) -> Address:
        """Set parameters that have one value; None removes them."""
        kept = [pair for pair in self.parameters if pair[0] not in _spelt(values)]
        return self._moved([*kept, *((name, value) for name, value in _spelt(values).items() if value)])

    def at(self, cursor: str) -> Address:
        """The page of hits that begins at a cursor."""
        return Address(self.language, self.view, (*self._moved(self.parameters).parameters, ("cursor", cursor)))

    def has(self, name: str, value: str) -> bool:
        """Whether the parameter has this value."""
        return (name, value) in self.parameters

    def values(self, name: str) -> list[str]:
        """The values of a parameter."""
        return [value for key, value in self.parameters if key == name]

    def api(self, path: str, **more: str) -> str:
        """The address of the API's route with the same filters."""
        query = urlencode([*self._moved(self.parameters).parameters, *more.items()])
        return f"{path}?{query}" if query else path

    def _moved(self, parameters: Iterable[tuple[str, str]]) -> Address:
        return Address(self.language, self.view, tuple(pair for pair in parameters if pair[0] not in _POSITIONS))


def _spelt(values: Mapping[str, str | None]) -> dict[str, str | None]:
    """Undo the underscore of names that are words of Python: `from_` is `from`."""
    return {name.rstrip("_"): value for name, value in values.items()}
