"""Words of the call list and the contract check."""

import re

from django import template

from contracts.call_list import ACTIVE, HELD, IN_REVIEW, PUT_OFF, RENEWS_ITSELF

register = template.Library()

VERDICT_ICONS = {"good": "shield-check", "warn": "shield-question-mark", "plain": "shield-off"}
HELD_BACK_WORDS = {
    ACTIVE: "active",
    IN_REVIEW: "in review",
    RENEWS_ITSELF: "renewing without a call",
    HELD: "held",
    PUT_OFF: "put off",
}
CONTACT_ICONS = {
    "call": "phone-outgoing",
    "mail": "mail",
    "visit": "wrench",
    "missed": "user-x",
}


@register.filter
def held_back_in_words(counts) -> str:
    """ "48 active, 15 in review.": how many are held back for each reason that there is."""
    parts = [f"{counts[reason]} {words}" for reason, words in HELD_BACK_WORDS.items() if counts[reason]]
    return f"{', '.join(parts)}."


@register.filter
def verdict_icon(tone: str) -> str:
    """A whole shield for what stands, a question for what is in review, none for what has ended."""
    return VERDICT_ICONS[tone]


@register.filter
def contact_icon(kind: str) -> str:
    """The icon for one contact of the time line."""
    return CONTACT_ICONS.get(kind, "message-square")


@register.filter
def tel(phone: str) -> str:
    """A number as a tel: link takes it: digits, and a plus in front."""
    return re.sub(r"(?!^\+)\D", "", phone.strip())
