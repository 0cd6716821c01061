import errno
import socket

import pytest

from servicedesk.embedded import ports


def test_the_port_asked_for_is_used_when_it_is_free():
    with ports.listen("127.0.0.1", 0) as any_port:
        free = any_port.getsockname()[1]
    with ports.listen("127.0.0.1", free) as listener:
        assert listener.getsockname() == ("127.0.0.1", free)
        with socket.create_connection(("127.0.0.1", free), timeout=5):
            pass


def test_a_taken_port_gives_the_next_free_one():
    with ports.listen("127.0.0.1", 20_000) as first:
        taken = first.getsockname()[1]
        with ports.listen("127.0.0.1", taken) as second:
            assert taken < second.getsockname()[1] <= taken + ports.PORTS_TRIED


def test_a_port_taken_on_every_address_is_taken_on_this_one():
    with ports.listen("0.0.0.0", 21_000) as first:
        taken = first.getsockname()[1]
        with ports.listen("127.0.0.1", taken) as second:
            assert second.getsockname()[1] > taken


def test_a_free_port_is_free_again_for_another_program():
    port = ports.first_free("127.0.0.1", 22_000)
    with ports.listen("127.0.0.1", port) as listener:
        assert listener.getsockname()[1] == port


def test_an_address_of_another_machine_is_an_error_at_once():
    with pytest.raises(OSError) as raised:
        ports.listen("192.0.2.1", 8000)
    assert raised.value.errno == errno.EADDRNOTAVAIL
