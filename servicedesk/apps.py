from importlib import import_module

import structlog
from django.apps import AppConfig


class ServicedeskConfig(AppConfig):
    name = "servicedesk"

    def ready(self):
        structlog.configure(**import_module("servicedesk.request_log").STRUCTLOG)
        # Says to messaging who answers for messages about promises made by hand.
        import_module("servicedesk.promise_letters")
        import_module("servicedesk.supervisor_letters")
        # And about visits, in a dispatcher's own words.
        import_module("servicedesk.own_words")
        # And about the week's figures.
        import_module("servicedesk.weekly_letter")
