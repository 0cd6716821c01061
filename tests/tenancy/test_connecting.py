"""New connections: what each is told, and that changes are recorded all the same."""

from django.db import connection

from customers.models import Customer
from tenancy.scope import tenant


def test_a_connection_names_no_trigger_to_pass_over(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('pgtrigger.ignore')")
        assert cursor.fetchone() == ("{}",)


def test_changes_are_recorded(cast):
    with tenant(cast.north.tenant):
        Customer.objects.filter(pk=cast.north.customer.pk).update(notes="Rings the bell twice")
        recorded = cast.north.customer.history.order_by("pgh_id").values_list("pgh_label", "notes")
        assert list(recorded) == [("insert", ""), ("update", "Rings the bell twice")]
