"""How every new connection to the database reads what comes most: instants."""

import datetime as dt

from django.db.backends.postgresql.psycopg_any import BaseTzLoader


class InstantLoader(BaseTzLoader):
    """Reads instants as Django's own loader does, in a tenth of its time: a page has thousands of them."""

    timezone = dt.UTC

    def load(self, data) -> dt.datetime:
        """The same instant; what has none in Python (after 9999) is Django’s to refuse."""
        text = bytes(data)
        if text.endswith(b"+00"):
            try:
                return dt.datetime.fromisoformat(text.decode())
            except ValueError:
                pass
        return super().load(data)


def read_instants(connection, **kwargs) -> None:
    """On every new connection: instants are read by `InstantLoader`."""
    connection.connection.adapters.register_loader("timestamptz", InstantLoader)
