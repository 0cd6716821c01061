"""The request log."""

from servicedesk.request_log import RequestLog


def test_a_customers_token_never_stands_in_the_log(rf):
    line = RequestLog.format_request(rf.post("/v/lliMariiwX46IKcbrcvT8Q/confirm/?x=1"))
    assert line == "POST /v/…/confirm/?x=1"


def test_other_paths_stand_as_they_are(rf):
    assert RequestLog.format_request(rf.get("/d/northgate/find/?q=a")) == "GET /d/northgate/find/?q=a"
