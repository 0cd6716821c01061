from importlib import import_module

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "cases"

    def ready(self):
        # Says to messaging who sees to messages that failed.
        import_module("cases.mending")
