"""What programs send: JSON of a depth that anybody could mean."""

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class Json(JSONParser):
    """JSON; what Python's own reader cannot take is the caller's mistake and no fault of ours."""

    def parse(self, stream, media_type=None, parser_context=None):
        """The value that was sent. Raises ParseError."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("This is nested too deeply.") from None
