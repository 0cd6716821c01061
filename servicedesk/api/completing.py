"""Completing a visit from a program: what it sends, as the gate takes it; the gate decides."""

import datetime as dt

from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from customers.models import Equipment
from recommendations.models import Recommendation
from servicedesk.finish_parts import MOST_OF_ONE
from servicedesk.finish_signatures import faults, for_the_recommendations, for_the_work
from tenancy.calendars import local_day, zone_of
from visits.fieldwork import to_raise
from visits.gate import Answer, Completion, Finding, NotReviewed, Report, complete_visit, unreviewed
from visits.models import Review, Visit
from visits.parts import UnknownPart, part_numbered

Outcome = Review.Outcome
# Raised at the visit is said by raising it.
OUTCOMES = [(one.value, one.label) for one in Outcome if one != Outcome.RAISED]
# Nobody answers for a customer who was not told.
BY_CUSTOMER = (Outcome.ACCEPTED, Outcome.DECLINED, Outcome.DEFERRED)
MOST = 100
SIGNED_AS = {
    "signed_name": "signed_by",
    "unsigned_reason": "cannot_sign_because",
    "recommendations_name": "recommendations_signed_by",
    "recommendations_unsigned": "recommendations_unsigned_because",
}


def words(most: int, **extra) -> serializers.CharField:
    """Words that may be left out."""
    return serializers.CharField(max_length=most, required=False, allow_blank=True, default="", **extra)


class ReviewSent(serializers.Serializer):
    """The answer to one open recommendation; `worse` may say how severe it is now."""

    recommendation = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    customer_told = serializers.BooleanField(default=True)
    reason = words(180, help_text="of a no, or of a not now")
    deferred_until = serializers.DateField(required=False, allow_null=True, default=None)
    severity = serializers.ChoiceField(
        choices=Recommendation.Severity.choices, required=False, allow_null=True, default=None
    )

    def validate(self, said):
        if said["outcome"] == Outcome.DEFERRED and said["deferred_until"] is None:
            raise ValidationError({"deferred_until": ["Choose the day on which it comes back."]})
        if said["outcome"] in BY_CUSTOMER and not said["customer_told"]:
            raise ValidationError({"customer_told": ["The customer answered: then they were told."]})
        return said


class Found(serializers.Serializer):
    """Something that should be acted on, as it is raised."""

    finding = serializers.CharField(max_length=300)
    severity = serializers.ChoiceField(choices=Recommendation.Severity.choices)
    risk = words(300, help_text="what happens if it is ignored")
    estimate = serializers.DecimalField(
        10, 2, min_value=0, required=False, allow_null=True, default=None, help_text="in the desk's currency"
    )
    review_by = serializers.DateField(
        required=False, allow_null=True, default=None, help_text="by when it is looked at again"
    )

    def validate_review_by(self, day):
        """A day to come, of the desk's."""
        zone = zone_of(self.context["request"].tenant)
        if day is not None and day <= local_day(timezone.now(), zone):
            raise ValidationError("Choose a day after today.")
        return day


class FoundThere(Found):
    """A recommendation raised at this visit, on a machine of its site."""

    equipment = serializers.UUIDField()


class PartUsed(serializers.Serializer):
    """How many of a part were used."""

    number = serializers.CharField(max_length=60)
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_OF_ONE)


class ReportSent(serializers.Serializer):
    """What was done, and who signed: a name, or why nobody could."""

    work_done = serializers.CharField(max_length=4000)
    fixed_first_time = serializers.BooleanField()
    not_fixed_because = words(300)
    next_step = words(300)
    parts_needed = words(300)
    signed_by = words(120)
    cannot_sign_because = words(200)
    recommendations_signed_by = words(120, help_text="who signed that they were told of them")
    recommendations_unsigned_because = words(200)

    def validate(self, said):
        if not said["fixed_first_time"] and not said["not_fixed_because"]:
            raise ValidationError({"not_fixed_because": ["Say why it is not fixed."]})
        for field, wrong in faults(_signed(said)).items():
            raise ValidationError({SIGNED_AS.get(field, "signed_by"): [wrong]})
        return said


class CompletionSent(serializers.Serializer):
    """All that ends a visit. Every open recommendation on its machines needs its review."""

    reviews = ReviewSent(many=True, max_length=MOST, default=list)
    findings = FoundThere(many=True, max_length=MOST, default=list)
    parts = PartUsed(many=True, max_length=MOST, default=list)
    report = ReportSent()

    def validate_reviews(self, reviews):
        """One answer to each."""
        if len({each["recommendation"] for each in reviews}) < len(reviews):
            raise ValidationError("One recommendation has two answers.")
        return reviews


def complete(visit: Visit, *, by, now: dt.datetime, **said) -> Visit:
    """Finish through the gate. Raises ValidationError for what is missing, else what the gate raises."""
    completion = Completion(
        report=_report(said["report"]),
        answers=_answers(visit, said["reviews"], local_day(now, zone_of(visit.tenant))),
        findings=_findings(visit, said["findings"]),
        parts=_parts(said["parts"]),
    )
    try:
        return complete_visit(visit, completion=completion, by=by, now=now)
    except NotReviewed as refused:
        missing = {str(rec.public_id): [f"“{rec.finding}” has no answer."] for rec in refused.recommendations}
        raise ValidationError({"reviews": missing}, code="not_reviewed") from None


def _answers(visit, reviews, day) -> tuple[Answer, ...]:
    """To what is open on its machines, or elsewhere at the site; nothing is answered twice."""
    others = to_raise(visit, day).exclude(reviews__visit=visit)
    known = {rec.public_id: rec for rec in (*others, *unreviewed(visit, day))}
    _refuse_unknown("reviews", "recommendation", reviews, known, "There is nothing open like that here.")
    return tuple(
        Answer(
            recommendation=known[each["recommendation"]],
            outcome=each["outcome"],
            customer_told=each["customer_told"],
            reason=each["reason"],
            deferred_until=each["deferred_until"],
            severity=each["severity"] or 0,
        )
        for each in reviews
    )


def _findings(visit, findings) -> tuple[Finding, ...]:
    if not findings:
        return ()
    there = Equipment.objects.filter(site_id=visit.site_id, retired_on=None)
    known = {machine.public_id: machine for machine in there}
    _refuse_unknown("findings", "equipment", findings, known, "No machine at this site.")
    return tuple(Finding(**{**each, "equipment": known[each["equipment"]]}) for each in findings)


def _parts(used) -> dict:
    counts: dict = {}
    for place, each in enumerate(used):
        try:
            part = part_numbered(each["number"])
        except UnknownPart as unknown:
            raise ValidationError({"parts": _at(place, {"number": [str(unknown)]})}) from None
        counts[part] = counts.get(part, 0) + each["quantity"]
        if counts[part] > MOST_OF_ONE:
            words = f"{MOST_OF_ONE} of a part at most."
            raise ValidationError({"parts": _at(place, {"quantity": [words]})})
    return counts


def _refuse_unknown(field, name, sent, known, says):
    for place, each in enumerate(sent):
        if each[name] not in known:
            raise ValidationError({field: _at(place, {name: [says]})}, code="unknown")


def _at(place, wrong) -> list[dict]:
    return [{}] * place + [wrong]


def _signed(said) -> dict:
    """In the words of the page, where a tick of who signed for the work stands for a name."""
    return {name: said[sent] for name, sent in SIGNED_AS.items()}


def _report(said) -> Report:
    signed = _signed(said)
    work = for_the_work(signed)
    apart = for_the_recommendations(signed, work=work)
    is_fixed = said["fixed_first_time"]
    return Report(
        work_done=said["work_done"],
        fixed_first_time=is_fixed,
        not_fixed_because="" if is_fixed else said["not_fixed_because"],
        next_step="" if is_fixed else said["next_step"],
        parts_needed="" if is_fixed else said["parts_needed"],
        signing=work.signing,
        signed_by=work.by,
        cannot_sign_because=work.because,
        recommendations_signing=apart.signing,
        recommendations_signed_by=apart.by,
        recommendations_unsigned_because=apart.because,
    )
