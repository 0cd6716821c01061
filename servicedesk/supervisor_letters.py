"""What a customer hears when a supervisor takes their matter over: a name and a time (R6.3)."""

import datetime as dt

from cases.escalating import SUPERVISOR_NAMED
from cases.models import Duty
from messaging.kinds import Useless, register
from messaging.models import Message
from messaging.wordings import DESK, MAIL, SMS, Field, Filling, WordedKind, Wording, Words, offer
from servicedesk.promise_letters import by_words

RUNG_ALREADY = "They were rung, or it was settled, before this could be sent."


class SupervisorNamed(WordedKind):
    """True while the supervisor's duty is open: then they have still to ring."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """The duty was done meanwhile."""
        return RUNG_ALREADY if _duty(message).closed_at else ""

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """The time came: the supervisor's duty is overdue now, which a colleague sees."""
        return Useless("The supervisor’s time came before this could be sent.")

    def wording_of(self, message: Message, *, now: dt.datetime) -> str:
        """The one there is."""
        return SUPERVISOR_NAMED

    def fillings(self, message: Message, *, language: str, now: dt.datetime) -> list[Filling]:
        """Who rings, and by when, on the customer's clock."""
        duty = _duty(message)
        by = by_words(duty.due_at, customer=duty.customer, now=now)
        return [
            {
                "desk": message.tenant.name,
                "who": duty.owner.name if duty.owner else "The manager",
                "by": by,
            }
        ]


def _duty(message) -> Duty:
    return Duty.objects.select_related("customer__tenant", "owner__user").get(public_id=message.subject)


_WORDS = "{desk}: {who} is in charge of your matter now and will ring you by {by}. We are sorry it took this."
offer(
    Wording(
        SUPERVISOR_NAMED,
        "Supervisor takes over",
        "When a manager takes a customer’s matter over, because we broke promises or they asked",
        SUPERVISOR_NAMED,
        (DESK, Field("who", "who takes it over", "Robin Vale"), Field("by", "by when", "3 pm today")),
        {"en": {MAIL: Words(_WORDS, "{who} will ring you by {by}"), SMS: Words(_WORDS)}},
        frozenset({"who", "by"}),
    )
)
register(SUPERVISOR_NAMED, SupervisorNamed())
