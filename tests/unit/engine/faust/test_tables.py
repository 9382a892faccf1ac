"""Tables whose files cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streams.engine.faust.context import WorkerContext
from streams.engine.faust.tables import LocalStore, TableUnusable, current_event
from streams.engine.faust.worker import create_worker
from streams.settings import Settings


class Broken:
    """Files of which RocksDB can do nothing with; it raises errors without a type of their own."""

    def get(self, *_: object) -> None:
        raise Exception("IO error: No space left on device")  # noqa: TRY002

    put = delete = get


class Event:
    message = SimpleNamespace(partition=0)


def read(store: Any) -> None:
    store["a"]


def write(store: Any) -> None:
    store["a"] = {"rank": 1}


def delete(store: Any) -> None:
    del store["a"]


@pytest.mark.parametrize("act", [read, write, delete])
def test_what_fails_in_the_files_of_a_table_needs_a_restart(tmp_path: Path, act: Callable[[Any], None]) -> None:
    app = create_worker(Settings(_env_file=None, state_dir=tmp_path, stages=("index",)))
    table: Any = WorkerContext(app).table("memory")
    store: Any = table.data
    assert isinstance(store, LocalStore)
    event = Event()
    with current_event(event):
        write(store)
        assert store["a"] == {"rank": 1}
        store._dbs[0] = Broken()
        store._key_index[b'"a"'] = 0
        with pytest.raises(TableUnusable, match="table memory: IO error: No space left on device"):
            act(store)
        with pytest.raises(TypeError):
            store["b"] = object()  # the fault of whoever writes it
