"""What the settings promise of every answer."""

import gzip


def test_pages_are_sent_small(client, cast):
    client.force_login(cast.north.dispatcher.user)
    answer = client.get("/d/northgate/board/", headers={"accept-encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    page = gzip.decompress(answer.content)
    assert page.startswith(b"<!doctype html>")
    assert len(answer.content) * 3 < len(page)


def test_no_page_may_run_what_is_not_ours(client, cast):
    client.force_login(cast.north.dispatcher.user)
    policy = client.get("/d/northgate/board/")["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["style-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert "unsafe-eval" not in policy
