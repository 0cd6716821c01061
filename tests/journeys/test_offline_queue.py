"""The phone's queue by itself: what it waits for, and what it gives back; a page without a server."""

from pathlib import Path

import pytest

from servicedesk.settings import BASE_DIR

pytestmark = pytest.mark.browser
HOME = "http://localhost:9/"
SCRIPTS = Path(BASE_DIR) / "servicedesk/static/js"
# How long each request was given, and how many actions it took; several at once are never answered in time.
POOR = """async (sizes) => {
    const { sender } = await import("/technician-sending.js");
    const { openQueue } = await import("/technician-queue.js");
    const queue = await openQueue("poor");
    for (const [n, size] of sizes.entries()) {
        const photos = size ? [new Blob([new Uint8Array(size)])] : [];
        await queue.add({ kind: "add", visit: String(n), photos });
    }
    const patience = [];
    AbortSignal.timeout = (time) => { patience.push(time); };
    const taken = [];
    globalThis.fetch = async (_, { body }) => {
        const { actions } = JSON.parse(body.get("batch"));
        taken.push(actions.length);
        if (actions.length > 1) throw new DOMException("late", "TimeoutError");
        const answers = actions.map(({ id }) => ({ id, outcome: "accepted" }));
        return Response.json({ taken_at: "2026-03-05T13:07:00+00:00", answers });
    };
    const send = sender({ person: "p", actions: "/actions", today: "/" });
    await queue.flush(send);
    const states = (await queue.all()).map(({ state }) => state);
    return { taken, states, grown: patience.map((time) => Math.round(time / 1000)) };
}"""
LEFT_OUT = """async (kind) => {
    const { openQueue } = await import("/technician-queue.js");
    const queue = await openQueue(`left ${kind}`);
    const typed = [["work_done", "Cleaned."], ["signature", "drawn"]];
    const { order } = await queue.add({ kind, visit: "v", seen: {}, typed, photos: [new Blob(["picture"])] });
    let outcome = "conflict";
    const send = async (batch) => {
        const answers = batch.map(({ id }) => ({ id, outcome, now: "moved", plan: {} }));
        return { taken_at: "2026-03-05T13:07:00+00:00", answers };
    };
    await queue.flush(send);
    await queue.decide(order, "leave");
    outcome = "left out";
    await queue.flush(send);
    const draft = await queue.draft("v");
    const photos = await Promise.all((draft?.photos ?? []).map((photo) => photo.text()));
    return { left: (await queue.all()).length, typed: draft?.typed ?? null, photos };
}"""


@pytest.fixture
def page(chromium):
    """A page that can import the scripts, and whose browser keeps nothing of another test."""
    context = chromium.new_context()
    context.route(HOME, lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    context.route(
        f"{HOME}*.js",
        lambda route: route.fulfill(
            body=(SCRIPTS / route.request.url.rsplit("/", 1)[1]).read_text(), content_type="text/javascript"
        ),
    )
    page = context.new_page()
    page.goto(HOME)
    yield page
    context.close()


def test_at_a_poor_signal_each_goes_by_itself_and_has_time_for_its_photos(page):
    told = page.evaluate(POOR, [0, 300_000, 3_000_000])
    assert told["taken"] == [2, 1, 1, 1]
    assert told["states"] == ["sent"] * 3
    # 20 seconds, and one more for each 10,000 bytes.
    assert told["grown"] == [50, 20, 50, 320]


def test_what_was_late_by_itself_is_no_signal(page):
    late = POOR.replace("actions.length > 1", "true").replace(
        "await queue.flush(send);", "const why = await queue.flush(send).catch((error) => error.why);"
    )
    told = page.evaluate(late.replace("{ taken,", "{ why, taken,"), [0, 0])
    assert (told["why"], told["taken"]) == ("unreachable", [2, 1])
    assert told["states"] == ["waiting"] * 2


def test_a_report_that_is_left_out_is_a_draft_again_with_its_photos(page):
    typed = [["work_done", "Cleaned."], ["signature", "drawn"]]
    assert page.evaluate(LEFT_OUT, "finish") == {"left": 0, "typed": typed, "photos": ["picture"]}
    assert page.evaluate(LEFT_OUT, "arrive") == {"left": 0, "typed": None, "photos": []}
