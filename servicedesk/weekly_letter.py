"""What the mail of the week's figures says: the overview's own figures, of the seven days before."""

import datetime as dt

from django.conf import settings

from cases.kept_promises import kept_on_time
from cases.overdue_promises import overdue
from contracts.renewals_due import renewals_due
from messaging.kinds import LINK, Useless, register
from messaging.languages import date_words
from messaging.models import Message
from messaging.wordings import DESK, MAIL, Field, Filling, WordedKind, Wording, Words, offer
from servicedesk.overview_cells import FEWEST, FIXED_TARGET, KEPT_TARGET, whole_money
from servicedesk.weekly_mail import KIND, wants_weekly_mail
from tenancy.addresses import desk_url
from tenancy.calendars import zone_of
from tenancy.figures import ONE_DAY, Days
from visits.fixed_first_time import fixed_first_time
from visits.missed_visits import missed_visits
from visits.unused_visits import unused_visits


class WeeklyFigures(WordedKind):
    """Answers for the mail: true on its Monday, for a manager who still wants it."""

    def why_not(self, message: Message, *, now: dt.datetime) -> str:
        """They left, do something else now, or stopped it."""
        return "" if wants_weekly_mail(message.colleague) else "They do not get the week’s figures any more."

    def useless(self, message: Message, *, now: dt.datetime) -> Useless:
        """Nobody need mend it: the figures stand on the overview."""
        return Useless("Monday was over before this could be sent.", is_fault=False)

    def may_disturb(self, message: Message, *, quiet_until: dt.datetime) -> bool:
        """Always: a colleague reads it when their day begins."""
        return True

    def wording_of(self, message: Message, *, now: dt.datetime) -> str:
        """The one there is."""
        return KIND

    def fillings(self, message: Message, *, language: str, now: dt.datetime) -> list[Filling]:
        """The six figures of the overview, as they are when it leaves."""
        desk = message.tenant
        monday = dt.date.fromisoformat(message.fields["monday"])
        days = Days(monday - 7 * ONE_DAY, monday - ONE_DAY, zone_of(desk))
        missed = missed_visits(days).now
        unused, renewals = unused_visits(desk, monday), renewals_due(desk, monday)
        spelled = {"language": language, "country": desk.country, "today": monday}
        return [
            {
                "desk": desk.name,
                "first": date_words(days.first, **spelled),
                "last": date_words(days.last, **spelled),
                **_share("kept", kept_on_time(days, now=now).now),
                "kept_target": f"{KEPT_TARGET}%",
                "missed": str(missed.part),
                "visits": str(missed.whole),
                "overdue": str(overdue(now=now).count),
                **_share("fixed", fixed_first_time(days).now),
                "fixed_target": f"{FIXED_TARGET}%",
                "unused": str(unused.count),
                "lapsing": str(unused.lapsing),
                "renewals": str(renewals.count),
                "amount": " + ".join(
                    whole_money(sum, currency) for currency, sum in renewals.amounts.items()
                ),
                "link": LINK,
            }
        ]

    def make_link(self, message: Message, *, now: dt.datetime) -> str:
        """To the overview, where a colleague signs in."""
        return settings.PUBLIC_URL.rstrip("/") + desk_url(message.tenant, "overview")


def _share(name, share) -> dict[str, str]:
    """A part, its whole, and the percentage where there is enough to have one."""
    percent = f"{share.percent}%" if share.whole >= FEWEST else ""
    return {f"{name}_part": str(share.part), f"{name}_whole": str(share.whole), f"{name}_percent": percent}


FIELDS = (
    DESK,
    Field("first", "the first day of the week", "23 February"),
    Field("last", "its last day", "1 March"),
    Field("kept_percent", "promises kept on time, in per cent", "91%", can_be_empty=True),
    Field("kept_part", "how many promises were kept on time", "212"),
    Field("kept_whole", "of how many", "233"),
    Field("kept_target", "what is aimed for", "95%"),
    Field("missed", "how many visits were missed", "3"),
    Field("visits", "of how many", "618"),
    Field("overdue", "how many promises are overdue now", "4"),
    Field("fixed_percent", "visits fixed the first time, in per cent", "84%", can_be_empty=True),
    Field("fixed_part", "how many were fixed the first time", "101"),
    Field("fixed_whole", "of how many", "120"),
    Field("fixed_target", "what is aimed for", "85%"),
    Field("unused", "how many paid visits nobody has booked", "37"),
    Field("lapsing", "how many of them lapse in 30 days", "9"),
    Field("renewals", "how many contracts end within 30 days", "18"),
    Field("amount", "what they come to", "£21,400", can_be_empty=True),
    Field("link", "the overview", "{link}"),
)
_EN = """\
{desk}, {first} to {last}

Promises kept on time: [{kept_percent}, ]{kept_part} of {kept_whole}. Target {kept_target}.
Missed visits: {missed} of {visits}.
Overdue promises now: {overdue}.
Fixed first time: [{fixed_percent}, ]{fixed_part} of {fixed_whole}. Target {fixed_target}.
Paid visits not used: {unused}, of which {lapsing} lapse in 30 days.
Renewals due in 30 days: {renewals}[, {amount}].

What is behind each figure: {link}
"""
_NL = """\
{desk}, {first} tot en met {last}

Op tijd nagekomen beloften: [{kept_percent}, ]{kept_part} van {kept_whole}. Doel {kept_target}.
Gemiste bezoeken: {missed} van {visits}.
Beloften die nu te laat zijn: {overdue}.
In één keer opgelost: [{fixed_percent}, ]{fixed_part} van {fixed_whole}. Doel {fixed_target}.
Betaalde bezoeken die niet gebruikt zijn: {unused}, waarvan {lapsing} binnen 30 dagen vervallen.
Verlengingen binnen 30 dagen: {renewals}[, {amount}].

Wat achter elk cijfer zit: {link}
"""
_DE = """\
{desk}, {first} bis {last}

Pünktlich gehaltene Zusagen: [{kept_percent}, ]{kept_part} von {kept_whole}. Ziel {kept_target}.
Versäumte Besuche: {missed} von {visits}.
Zusagen, die jetzt überfällig sind: {overdue}.
Beim ersten Mal behoben: [{fixed_percent}, ]{fixed_part} von {fixed_whole}. Ziel {fixed_target}.
Bezahlte, nicht genutzte Besuche: {unused}, davon verfallen {lapsing} in 30 Tagen.
Verlängerungen in 30 Tagen: {renewals}[, {amount}].

Was hinter jeder Zahl steht: {link}
"""
_FR = """\
{desk}, du {first} au {last}

Promesses tenues à temps : [{kept_percent}, ]{kept_part} sur {kept_whole}. Objectif {kept_target}.
Visites manquées : {missed} sur {visits}.
Promesses en retard à présent : {overdue}.
Réparé dès la première visite : [{fixed_percent}, ]{fixed_part} sur {fixed_whole}. Objectif {fixed_target}.
Visites payées et non utilisées : {unused}, dont {lapsing} seront perdues dans 30 jours.
Renouvellements dans les 30 jours : {renewals}[, {amount}].

Ce qu'il y a derrière chaque chiffre : {link}
"""
register(KIND, WeeklyFigures())
offer(
    Wording(
        name=KIND,
        label="The week in figures, to managers",
        sent="On Mondays at 07:00, to every manager who wants it",
        kind=KIND,
        fields=FIELDS,
        ours={
            "en": {MAIL: Words(_EN, "Kept on time: {kept_part} of {kept_whole}, {first} to {last}")},
            "nl": {
                MAIL: Words(_NL, "Op tijd nagekomen: {kept_part} van {kept_whole}, {first} tot en met {last}")
            },
            "de": {MAIL: Words(_DE, "Pünktlich gehalten: {kept_part} von {kept_whole}, {first} bis {last}")},
            "fr": {MAIL: Words(_FR, "Tenues à temps : {kept_part} sur {kept_whole}, du {first} au {last}")},
        },
        must_name=frozenset({"link"}),
    )
)
