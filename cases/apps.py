from importlib import import_module

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "cases"

    def ready(self):
        # Say to messaging who sees to messages that failed, and to replies.
        import_module("cases.mending")
        import_module("cases.answering")
        # Who sees to webhooks that nobody takes.
        import_module("cases.webhook_duties")
        # And who is on leave.
        import_module("cases.promise_owners")
