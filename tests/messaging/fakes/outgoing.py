"""One message as it leaves, for the tests of the ways out."""

from dataclasses import replace

from messaging.channels import Outgoing

OUTGOING = Outgoing(
    key="01234567-89ab-cdef-0123-456789abcdef",
    desk_slug="northgate",
    sender_name="Northgate",
    reply_to="",
    address="margaret@harbourletter.example",
    title="Your\nvisit",
    text="See {text} & {link}",
)


def outgoing(**values) -> Outgoing:
    """The same with other values."""
    return replace(OUTGOING, **values)
