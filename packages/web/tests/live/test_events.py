import json

from hypothesis import given
from hypothesis import strategies as st

from emeter_web.live import events


@given(st.text(), st.text())
def test_nothing_in_the_data_can_end_an_event(key: str, value: str) -> None:
    written = events.event("page", {key: value})

    name, data, *rest = written.split(b"\n")
    assert name == b"event: page"
    assert json.loads(data.removeprefix(b"data: ")) == {key: value}
    assert rest == [b"", b""]


def test_an_event_without_data_is_heard_all_the_same() -> None:
    assert events.event(events.BEAT) == b"event: beat\ndata: {}\n\n"


def test_rows_are_one_list() -> None:
    rows = [events.row({"id": "a"}), events.row({"id": "b"})]
    assert events.rows_event(rows) == b'event: monitors\ndata: [{"id":"a"},{"id":"b"}]\n\n'
