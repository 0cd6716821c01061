"""The supervisor is a manager who is still here: the person's lead, the person, or any."""

from cases.supervising import supervisor_of
from tenancy.models import Membership, Role, User
from tenancy.scope import tenant


def manager(name):
    user = User.objects.create_user(f"{name}@northgate.example", "a long password", name=name)
    return Membership.objects.create(user=user, role=Role.MANAGER)


def test_the_lead_comes_first_then_oneself_then_any_manager(cast):
    desk = cast.north
    with tenant(desk.tenant):
        other = manager("kit")
        assert supervisor_of(None) == desk.manager
        assert supervisor_of(desk.dispatcher) == desk.manager
        assert supervisor_of(other) == other
        desk.dispatcher.lead = other
        assert supervisor_of(desk.dispatcher) == other


def test_who_left_or_is_no_manager_is_not_named(cast, now):
    desk = cast.north
    with tenant(desk.tenant):
        desk.dispatcher.lead = desk.technician
        assert supervisor_of(desk.dispatcher) == desk.manager
        other = manager("kit")
        other.ended_at = now
        other.save()
        desk.dispatcher.lead = other
        assert supervisor_of(desk.dispatcher) == desk.manager
        Membership.objects.filter(role=Role.MANAGER).update(ended_at=now)
        assert supervisor_of(desk.dispatcher) is None
