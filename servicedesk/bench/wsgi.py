"""The desk as production runs it, and two things beside it: an empty page, and a count of queries."""

from django.db import connection
from django.test.utils import override_settings

from servicedesk.bench.asking import QUERIES
from servicedesk.wsgi import application as desk

override_settings(ROOT_URLCONF="servicedesk.bench.urls").enable()


def application(environ, start_response):
    """Say with each answer how many queries it took, the middlewares' among them."""
    count = 0

    def counted(execute, sql, params, many, context):
        nonlocal count
        count += 1
        return execute(sql, params, many, context)

    def start(status, headers, *failed):
        return start_response(status, [*headers, (QUERIES, str(count))], *failed)

    with connection.execute_wrapper(counted):
        return desk(environ, start)
