from django.apps import AppConfig
from django.core.checks import register

from tenancy.checks import check_walls


class TenancyConfig(AppConfig):
    name = "tenancy"

    def ready(self):
        register(check_walls, "database")
