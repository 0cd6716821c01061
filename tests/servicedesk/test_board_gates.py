"""Who may open the board and what hangs on it."""

from tenancy.scope import tenant
from tests.cast import make_visit
from tests.servicedesk.board_scene import HOUR
from visits.models import Visit


def test_the_board_is_the_dispatchers_and_managers(client, north, now):
    visit = make_visit(north, start=now + HOUR, technician=north.lou)
    paths = ["board/", "board/since/"]
    paths += [f"visits/{visit.public_id}/{name}/" for name in ("move", "assign", "fit", "outcome", "cancel")]
    for role, expected in (("technician", {403}), ("sales", {403}), ("accounts", {403})):
        client.force_login(north.people[role].user)
        assert {client.get(north.url(path)).status_code for path in paths} == expected
    client.force_login(north.manager.user)
    assert [client.get(north.url(path)).status_code for path in paths] == [200, 200, 200, 200, 422, 200, 200]


def test_another_desks_visit_is_not_there(north, cast, dispatcher):
    with tenant(cast.south.tenant):
        strange = Visit.objects.get().public_id
    for name in ("move", "assign", "fit", "outcome", "cancel"):
        assert dispatcher.get(north.url(f"visits/{strange}/{name}/")).status_code == 404
    for name in ("confirm", "called"):
        assert dispatcher.post(north.url(f"visits/{strange}/{name}/")).status_code == 404
