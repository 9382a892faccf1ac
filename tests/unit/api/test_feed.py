"""The live feed's event ids and events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.api.feed import QUEUE_EVENTS, LiveEvent, Reader, read_vector, write_vector
from streams.api.live import encode
from streams.search.match import Matcher
from streams.search.request import Filters


@given(st.dictionaries(st.integers(0, 999), st.integers(0, 2**40), min_size=1, max_size=8))
def test_event_ids_come_back_as_they_were(vector: dict[int, int]) -> None:
    assert read_vector(write_vector(vector)) == vector


@pytest.mark.parametrize("text", ["", "0", "0:", ":1", "0:1,", "0:-1", "0:1;1:2", "0:1,0:2", "٠:1", "0:" + "9" * 40])
def test_foreign_event_ids_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no event id"):
        read_vector(text)


def test_events_are_one_block_each() -> None:
    article = encode(LiveEvent("0:5,1:7", '{"title":"عاجل"}'.encode())).decode()
    assert article == 'id: 0:5,1:7\nevent: article\ndata: {"title":"عاجل"}\n\n'
    mark = encode(LiveEvent("0:5", None)).decode()
    assert mark.startswith("id: 0:5\n")
    assert "data:" not in mark
    assert "event: gap\n" in encode(LiveEvent("0:5", None, gap=True)).decode()


def test_a_reader_that_does_not_keep_up_is_cut_off_at_a_point_from_which_it_can_resume() -> None:
    reader = Reader(Matcher(Filters()))
    for offset in range(QUEUE_EVENTS + 10):
        reader.offer(0, offset, LiveEvent(f"0:{offset + 1}", b"{}"))
    assert reader.overflowed
    assert reader.queue.qsize() == QUEUE_EVENTS
    reader.queue.get_nowait()
    reader.offer(0, 9999, LiveEvent("0:10000", b"{}"))
    assert reader.queue.qsize() == QUEUE_EVENTS - 1
