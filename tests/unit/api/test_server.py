"""What the process of the API does apart from answering."""

import gc

from streams.api.server import COLLECT_EVERY, collect_rarely


def test_the_collector_looks_seldom_at_new_objects_and_never_at_those_of_the_start() -> None:
    usual = gc.get_threshold()
    held: list[dict[str, list[str]]] = [{"loaded": []}]
    try:
        collect_rarely()
        assert gc.get_freeze_count() > len(held)
        assert not any(one is held for one in gc.get_objects())
        assert gc.get_threshold() == COLLECT_EVERY
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)
