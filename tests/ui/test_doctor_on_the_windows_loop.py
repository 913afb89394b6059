"""The doctor's checks on qasync's loop, where the page in the window runs them."""

from __future__ import annotations

from tests.wire.test_doctor import (  # noqa: F401
    authority,
    test_a_bad_certificate,
    test_a_dead_port,
    test_a_wrong_clock,
    test_all_well,
    test_an_answer_that_is_no_data,
    test_through_a_proxy_with_a_password,
    test_tls_that_does_not_come_about,
)
