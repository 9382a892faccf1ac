"""A clusterer's table without RocksDB."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import orjson


class JsonTable(MutableMapping[str, Any]):
    """Records as bytes of JSON, so that what a table on disk encodes and decodes is done here too."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def __getitem__(self, key: str) -> Any:
        return orjson.loads(self.data[key])

    def __setitem__(self, key: str, value: Any) -> None:
        self.data[key] = orjson.dumps(value)

    def __delitem__(self, key: str) -> None:
        del self.data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


class Crashed(Exception):
    """The process died."""


class FragileTable(JsonTable):
    """A table whose writes survive, and whose process dies before one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.writes_left = 10**9

    def __setitem__(self, key: str, value: Any) -> None:
        if self.writes_left == 0:
            raise Crashed
        self.writes_left -= 1
        super().__setitem__(key, value)
