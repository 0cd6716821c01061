"""What the messages page needs to say about a message."""

from django import template

from messaging.judging import address_of

register = template.Library()


@register.filter
def goes_to(message) -> str:
    """Where it went; before that, where it would go now."""
    return message.address or address_of(message)


@register.filter
def provider_page(channel: str, act: str) -> str:
    """The name of the page that sets up who sends over a channel, or of an act on it ("-test")."""
    return f"provider-{channel}{act}"


@register.filter
def of(found: dict, key):
    """The value for a key."""
    return found.get(key, "")
