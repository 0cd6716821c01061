from django.apps import AppConfig
from django.core.checks import register
from django.db.backends.signals import connection_created

from tenancy.checks import check_walls
from tenancy.connecting import read_instants


class TenancyConfig(AppConfig):
    name = "tenancy"

    def ready(self):
        register(check_walls, "database")
        connection_created.connect(read_instants, dispatch_uid="instants")
