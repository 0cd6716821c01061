"""The base of every Celery task that works for one desk."""

from celery import Task

from tenancy.scope import current_tenant_id, tenant


class DeskTask(Task):
    """Carries the desk in the message's header and opens it before the task's code runs.

    Raises NoTenant when sent without a desk, and when a message arrives that names none.
    """

    abstract = True

    def apply_async(self, args=None, kwargs=None, **options):
        headers = {**(options.pop("headers", None) or {}), "tenant_id": current_tenant_id()}
        return super().apply_async(args, kwargs, headers=headers, **options)

    def __call__(self, *args, **kwargs):
        named = getattr(self.request, "tenant_id", None) or (self.request.headers or {}).get("tenant_id")
        with tenant(named if named is not None else current_tenant_id()):
            return super().__call__(*args, **kwargs)
