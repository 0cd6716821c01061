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

    def decode_cursor(self, request):
        """The cursor of the address; a 404 for one that never was given out."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and id_in(cursor.position) is None:
            raise NotFound(self.invalid_cursor_message)
        return cursor
