"""Lists of the API: read on by a cursor, the newest first; a page costs the same, however far it is."""

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination

from tenancy.gates import id_in


class ByCursor(CursorPagination):
    """By the public id, which grows with time: `next` and `previous` are addresses to follow."""

    ordering = "-public_id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def paginate_queryset(self, queryset, request, view=None):
        """First which rows, by the index of their ids alone, then these with all that hangs on them.

        In one statement the planner, which cannot know how many rows a desk has, joins all of them first.
        """
        if not queryset.query.select_related:
            return super().paginate_queryset(queryset, request, view)
        page = super().paginate_queryset(queryset.values("pk", "public_id"), request, view)
        whole = queryset.order_by().in_bulk([row["pk"] for row in page])
        self.page = [whole[row["pk"]] for row in page if row["pk"] in whole]
        return self.page

    def decode_cursor(self, request):
        """The cursor of the address; a 404 for one that never was given out."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and id_in(cursor.position) is None:
            raise NotFound(self.invalid_cursor_message)
        return cursor
