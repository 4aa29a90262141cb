"""Numbers for names: arrays speak of stations and sessions by index."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from voltherd.domain.tables import Ints


class Names:
    """An ever-growing list of names; a name keeps its index."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names: list[str] = []
        self._index: dict[str, int] = {}
        for name in names:
            self.index(name)

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Return the index of a name, a new one if it was not known."""
        at = self._index.get(name)
        if at is None:
            at = self._index[name] = len(self.names)
            self.names.append(name)
        return at

    def find(self, name: str) -> int:
        """Return the index of a name, -1 if it is not known."""
        return self._index.get(name, -1)

    def indices(self, names: Iterable[str]) -> Ints:
        """Return the indices of names, -1 for those that are not known."""
        get = self._index.get
        return np.array([get(name, -1) for name in names], dtype=np.int64)
