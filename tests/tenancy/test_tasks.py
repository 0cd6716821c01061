"""Tasks that work for one desk carry it in their message's header."""

import pytest
from celery import Celery, Task

from customers.models import Customer
from tenancy.scope import NoTenant, tenant
from tenancy.tasks import DeskTask

app = Celery("tests", broker="memory://", set_as_current=False)


@app.task(base=DeskTask, bind=True, name="tests.names")
def names(self):
    return list(Customer.objects.values_list("number", flat=True))


def test_a_task_cannot_be_sent_without_a_desk(db):
    with pytest.raises(NoTenant):
        names.apply_async()


def test_the_header_names_the_desk(cast, monkeypatch):
    sent = {}
    monkeypatch.setattr(
        Task, "apply_async", lambda self, args=None, kwargs=None, **options: sent.update(options)
    )
    with tenant(cast.north.tenant):
        names.apply_async(headers={"kept": "yes"})
    assert sent == {"headers": {"kept": "yes", "tenant_id": cast.north.tenant.pk}}


def test_the_desk_of_the_message_is_open_while_the_task_runs(cast):
    for desk in (cast.north, cast.south):
        names.push_request(tenant_id=desk.tenant.pk)
        try:
            assert names() == ["C1"]
            with tenant(desk.tenant):
                Customer.objects.create(name="New", number=desk.tenant.slug)
            assert sorted(names()) == ["C1", desk.tenant.slug]
        finally:
            names.pop_request()


def test_a_message_without_a_desk_is_refused(cast):
    names.push_request()
    try:
        with pytest.raises(NoTenant):
            names()
    finally:
        names.pop_request()
