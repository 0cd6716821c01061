"""The board's icons, drawn once in the page, and its pieces that refer to them."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from servicedesk import board_drawing, icons

register = template.Library()

register.simple_tag(board_drawing.mark, name="mark")
register.simple_tag(board_drawing.visit, name="board_visit")
register.simple_tag(board_drawing.lines, name="board_lines")
register.simple_tag(board_drawing.item, name="board_item")
register.simple_tag(board_drawing.card, name="board_card")
register.simple_tag(board_drawing.cells, name="board_cells")
register.simple_tag(board_drawing.chips, name="board_chips")


@register.simple_tag
def sprite() -> SafeString:
    """Every icon that `mark` can refer to; stands once in the page, before them."""
    drawn = format_html_join("", "{}", ((icons.original(name),) for name in board_drawing.SPRITE))
    return format_html('<svg hidden aria-hidden="true">{}</svg>', drawn)


@register.simple_tag(takes_context=True)
def board_lane(context, lane) -> SafeString:
    """A technician's day; out of band where the page is sent what changed."""
    return board_drawing.lane(lane, is_out_of_band=bool(context.get("is_out_of_band")))
