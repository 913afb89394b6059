"""Links and requests on uvloop, which runs them without a window: its transports are not asyncio's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running import LOOP
from tests.wire.test_bybit_rest import (  # noqa: F401
    test_a_cancelled_request_leaves_the_queue_and_frees_its_place,
    test_every_page_of_instruments_is_read_and_the_cursor_goes_back_as_it_came,
)
from tests.wire.test_bybit_stream import (  # noqa: F401
    test_a_flood_is_worked_off_in_turns_in_order_and_the_loop_breathes,
    test_a_frame_above_the_limit_ends_the_connection_in_words,
    test_close_is_quick_even_if_the_venue_never_answers_it,
    test_connection_refused_and_back_again,
    test_events_of_all_topics_reach_the_sink_and_the_link_turns_live,
    test_frames_of_a_last_read_are_not_lost_with_the_connection,
    test_reset_and_end_in_the_middle_of_a_frame,
)

uvloop = pytest.importorskip("uvloop", reason="uvloop is not made for this system")


@pytest.fixture(autouse=True)
def _on_uvloop(request: pytest.FixtureRequest) -> Iterator[None]:
    loop = uvloop.new_event_loop()
    request.node.stash[LOOP] = loop
    yield
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
