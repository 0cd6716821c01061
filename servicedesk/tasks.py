"""What the timetable wakes. Each task asks what is due now and returns how much that was."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from cases import promise_owners
from contracts import renewal_check
from messaging import delivery, inbox, webhook_delivery, webhooks
from servicedesk import weekly_mail
from tenancy import answered_calls
from visits import call_ahead, daily_round, reminders, report_document, sweeper


@shared_task
def deliver_messages() -> int:
    """Send what is due."""
    return delivery.deliver_due().total()


@shared_task
def tell_webhooks() -> int:
    """Other programs hear of what happened."""
    return webhook_delivery.deliver_due()


@shared_task
def forget_webhook_log() -> int:
    """What programs were told a month ago."""
    return webhooks.forget_old(now=timezone.now())


@shared_task
def read_mailboxes() -> int:
    """Mail that came into desks' own mailboxes since the last look."""
    return inbox.read_all(now=timezone.now())


@shared_task
def sweep_late_and_missed() -> int:
    """Visits that nobody came to, promises past their time, appointments that no supervisor approved."""
    swept = sweeper.sweep(now=timezone.now())
    return swept.late + swept.missed + swept.broken + swept.unapproved


@shared_task
def hand_on_promises() -> int:
    """Promises that are due soon, of people who are away or gone."""
    return promise_owners.mind_promises(now=timezone.now())


@shared_task
def alarm_about_calls() -> int:
    """Promised calls before a visit that have not come."""
    return call_ahead.alarm(now=timezone.now())


@shared_task
def plan_reminders() -> int:
    """Reminders that are due and not yet planned."""
    return reminders.plan_reminders(now=timezone.now())


@shared_task
def make_reports() -> int:
    """The PDFs of visits that are done and have none yet."""
    return report_document.make_missing(now=timezone.now())


@shared_task
def check_renewals() -> int:
    """Contracts of every desk whose day has not been checked yet."""
    return renewal_check.check_all(now=timezone.now())


@shared_task
def see_to_unused() -> int:
    """Paid visits and planned services of every desk that nobody has seen to yet."""
    return daily_round.go_round(now=timezone.now()).total()


@shared_task
def mail_weekly_figures() -> int:
    """The week's figures to managers, at desks where it is Monday morning or later that day."""
    return weekly_mail.plan_weekly_mails(now=timezone.now())


@shared_task
def clear_sessions() -> None:
    """Sessions that have expired."""
    SessionStore.clear_expired()


@shared_task
def forget_answered_calls() -> int:
    """What programs were answered a week ago."""
    return answered_calls.forget_old_everywhere(now=timezone.now())
