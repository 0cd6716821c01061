from importlib import import_module

from django.apps import AppConfig


class ContractsConfig(AppConfig):
    name = "contracts"

    def ready(self):
        # Says to messaging who answers for messages about contracts.
        import_module("contracts.notices")
        import_module("contracts.offer_letter")
        import_module("contracts.letter_words")
        # And to cases who books goodwill on a contract.
        import_module("contracts.goodwill_visits")
        import_module("contracts.goodwill_extension")
