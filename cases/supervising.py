"""Who the supervisor is: the manager whom the desk names for a person."""

from tenancy.models import Membership, Role


def supervisor_of(person: Membership | None) -> Membership | None:
    """The person's lead, if a manager; a manager for themselves; else any manager of the desk, or None.

    Nobody who has left the desk is named.
    """
    managers = Membership.objects.filter(role=Role.MANAGER, ended_at__isnull=True).select_related("user")
    if person is not None:
        for key in (person.lead_id, person.pk):
            named = managers.filter(pk=key).first() if key else None
            if named is not None:
                return named
    return managers.order_by("pk").first()
