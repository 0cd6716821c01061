from importlib import import_module

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self):
        # Says who answers for words that a colleague tries.
        import_module("messaging.previewing")
        # And that what did not arrive stands on the time line.
        import_module("messaging.told_customers")
