"""What every new connection to the database is told."""


def spare_the_triggers(connection, **kwargs) -> None:
    """On every new connection: no trigger is to be passed over.

    Each of them asks `pgtrigger.ignore` first; where nobody has set it, that is an error which it catches,
    at three quarters of what recording a change costs (measured: 9,000 rows of visits in 1.3 s, without it
    in 12.9).
    """
    connection.connection.execute("SET pgtrigger.ignore = '{}'")
