"""What can be said of a recommendation: each wording with its fields, and when it is sent."""

import datetime as dt

from messaging.languages import date_words
from messaging.wordings import Wording, offer
from recommendations import letter_words as say
from recommendations.follow_up_letter import example
from recommendations.follow_ups import KIND, OWNER_KIND


def made_up(language: str, channel: str) -> dict[str, str]:
    """The made-up recommendation as a reader of the language writes its day and price."""
    day = dt.date(2026, 1, 8)
    return {
        "day": date_words(day, language=language, country="GB", today=day),
        "severity": say.SEVERITIES[language][3],
        "costs": say.COSTS[language].format(price="£240.00"),
    }


offer(
    Wording(
        name=KIND,
        label="Recommendation without an answer",
        sent="7, 30 and 60 days after it was raised; 1, 3 and 7 where it is unsafe or likely to fail",
        kind=KIND,
        fields=say.TO_CUSTOMER,
        ours=say.OURS,
        must_name=frozenset({"link", "finding"}),
        example=example,
        made_up=made_up,
    ),
    Wording(
        name=OWNER_KIND,
        label="Recommendation without an answer, to who looks after the customer",
        sent="30 days after it was raised, to a colleague",
        kind=OWNER_KIND,
        fields=say.TO_OWNER,
        ours=say.OWNERS,
        must_name=frozenset({"finding", "customer"}),
    ),
)
