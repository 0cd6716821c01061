"""The request log."""

import logging
import logging.config

from django.conf import settings

from servicedesk.request_log import RequestLog


def test_a_customers_token_and_words_never_stand_in_the_log(rf):
    line = RequestLog.format_request(rf.get("/v/lliMariiwX46IKcbrcvT8Q/book/", {"problem": "It's grey /v/"}))
    assert line == "GET /v/…/book/"
    assert RequestLog.format_request(rf.get("/v/lliMariiwX46IKcbrcvT8Q?x=1")) == "GET /v/…"


def test_other_paths_stand_there_without_what_was_asked_for(rf):
    asked = rf.get("/d/northgate/find/?q=Margaret+Ellison+07700+900412")
    assert RequestLog.format_request(asked) == "GET /d/northgate/find/"


def test_whatever_is_logged_leaves_the_console_without_tokens(capsys):
    """Django logs the path of each 4xx itself; the filter stands before the only handler."""
    logging.config.dictConfig(settings.LOGGING)
    logging.getLogger("django.request").warning("Conflict: %s", "/v/lliMariiwX46IKcbrcvT8Q/change/")
    assert capsys.readouterr().err.strip() == "Conflict: /v/…/change/"


def test_a_refusal_is_one_line_without_a_traceback(client, cast, capsys):
    """Accounts see no board; that is said once, and nobody looks for a fault."""
    desk = cast.north
    client.force_login(desk.people["technician"].user)
    logging.config.dictConfig(settings.LOGGING)
    address = desk.url("unused/")
    assert client.get(address).status_code == 403
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines == [f"Forbidden (Permission denied): {address}"]


def test_a_fault_keeps_its_traceback(capsys):
    logging.config.dictConfig(settings.LOGGING)
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("django.request").exception("Internal Server Error")
    assert "ValueError: broken" in capsys.readouterr().err


def test_a_request_is_one_line_with_its_person(client, cast, capsys, at_level):
    desk = cast.north
    dispatcher = desk.people["dispatcher"].user
    client.force_login(dispatcher)
    at_level("INFO")
    address = desk.url("board/")
    assert client.get(address).status_code == 200
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert f'level=info event=request_finished request="GET {address}" code=200' in line
    assert f"user_id={dispatcher.pk}" in line


def test_an_answer_that_streams_is_one_line(client, cast, capsys, at_level):
    desk = cast.north
    client.force_login(desk.people["manager"].user)
    at_level("INFO")
    address = desk.url(f"customers/{desk.customer.public_id}/timeline.csv")
    assert list(client.get(address).streaming_content)
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert f'event=request_finished request="GET {address}" code=200' in line


def test_the_log_knows_the_answer_and_whom_a_proxy_may_not_make_up(client, cast, capsys, at_level):
    client.force_login(cast.north.people["dispatcher"].user)
    at_level("INFO")
    address = cast.north.url("board")
    assert client.get(address, headers={"x-forwarded-for": "8.8.8.8"}).status_code == 301
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert f'request="GET {address}" code=301' in line
    assert "ip=127.0.0.1" in line


def test_a_fault_is_one_line_and_one_traceback(client, cast, capsys, at_level, monkeypatch):
    desk = cast.north
    client.force_login(desk.people["manager"].user)
    client.raise_request_exception = False
    at_level("INFO")
    monkeypatch.setattr("servicedesk.board.board_context", lambda *args, **kwargs: 1 / 0)
    assert client.get(desk.url("board/")).status_code == 500
    said = capsys.readouterr().err
    assert (said.count("event=request_failed"), said.count("Traceback")) == (1, 1)


def test_the_log_level_holds_for_requests(client, cast, capsys, at_level):
    desk = cast.north
    client.force_login(desk.people["dispatcher"].user)
    at_level("WARNING")
    assert client.get(desk.url("board/")).status_code == 200
    assert capsys.readouterr() == ("", "")
