from importlib import import_module

from django.apps import AppConfig


class VisitsConfig(AppConfig):
    name = "visits"

    def ready(self):
        # Says to cases who is away.
        import_module("visits.absences")
        # And who books goodwill on a visit.
        import_module("visits.goodwill_visits")
        # Says to cases what a message was about that a customer answers.
        import_module("visits.answered")
        # Says to messaging who answers for messages about visits.
        import_module("visits.letters")
        import_module("visits.wordings")
        import_module("visits.calendar_file")
        import_module("visits.nudges")
        import_module("visits.report_letter")
        import_module("visits.follow_up_letter")
        import_module("visits.praise_letter")
