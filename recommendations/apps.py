from importlib import import_module

from django.apps import AppConfig


class RecommendationsConfig(AppConfig):
    name = "recommendations"

    def ready(self):
        # Says to messaging who answers for messages about recommendations.
        import_module("recommendations.follow_up_letter")
        import_module("recommendations.wordings")
