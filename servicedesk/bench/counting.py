"""Says with each answer how many queries it took."""

from django.db import connection

HEADER = "X-Queries"


class Counted:
    """Outermost: what the other middlewares ask counts as well."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request):
        count = 0

        def counted(execute, sql, params, many, context):
            nonlocal count
            count += 1
            return execute(sql, params, many, context)

        with connection.execute_wrapper(counted):
            response = self.get_response(request)
        response[HEADER] = str(count)
        return response
