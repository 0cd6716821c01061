"""Celery, and the timetable: everything that happens by itself, on one screen.

Truth is in PostgreSQL; the broker only wakes workers. Each task asks the database what is due,
so one that is lost, late or doubled is harmless. A wake-up that nobody took in time is dropped:
the next one asks the same question.
"""

import os
import sys

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_init

from servicedesk.standing import refuse_holes

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicedesk.settings")
app = Celery("servicedesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["servicedesk"])


def every(seconds: float, task: str, queue: str = "default") -> dict:
    """A line of the timetable; a wake-up twice as old as its turn has been overtaken."""
    return {"task": task, "schedule": seconds, "options": {"queue": queue, "expires": 2 * seconds}}


def nightly(hour: int, minute: int, task: str) -> dict:
    """A line of the timetable for once a night (UTC)."""
    return {"task": task, "schedule": crontab(hour=hour, minute=minute), "options": {"queue": "bulk"}}


app.conf.beat_schedule = {
    # Customers: what was planned for them leaves, and what failed gets an owner.
    "deliver messages": every(5, "servicedesk.tasks.deliver_messages", "send"),
    # Other programs: they hear of what happened within seconds, and of nothing out of order.
    "tell webhooks": every(5, "servicedesk.tasks.tell_webhooks", "send"),
    # Customers: what they write is on their time line, and somebody answers it within a business hour.
    "read mailboxes": every(60, "servicedesk.tasks.read_mailboxes", "bulk"),
    # Customers: a visit nobody came to is told within minutes. Dispatchers: it is in the tray.
    "late and missed": every(20, "servicedesk.tasks.sweep_late_and_missed"),
    # Customers: a promise of somebody who is ill or gone is kept by somebody else.
    "promises handed on": every(20, "servicedesk.tasks.hand_on_promises"),
    # Customers: who was promised a call and has none is told the truth. Technicians and dispatchers
    # hear of it before.
    "calls ahead": every(20, "servicedesk.tasks.alarm_about_calls"),
    # Customers: they know who comes, when, and what to decide.
    "plan reminders": every(30, "servicedesk.tasks.plan_reminders"),
    # Customers: the report of a visit that is done is kept as it was signed, before anything changes.
    "make reports": every(20, "servicedesk.tasks.make_reports"),
    # Sales and accounts: no contract lapses unnoticed. Often, because each desk has its own
    # midnight; a desk whose day is checked is not checked again.
    "renewal check": every(900, "servicedesk.tasks.check_renewals", "bulk"),
    # Customers and dispatchers: what was paid for or planned is offered, made due and never forgotten.
    # Hourly, because each desk has its own midnight; what was seen to today is not seen to again.
    "use it or lose it": every(3600, "servicedesk.tasks.see_to_unused", "bulk"),
    # Managers: on Monday they read whether the desk kept its word. Often, because each desk has its own
    # Monday; a mail that is planned is not planned again.
    "week in figures": every(900, "servicedesk.tasks.mail_weekly_figures", "bulk"),
    # Nobody waits for it: the table of sessions would grow for ever.
    "clear sessions": nightly(3, 30, "servicedesk.tasks.clear_sessions"),
    # Nor for this one: a call that is sent again after a week is another call.
    "forget answered calls": nightly(3, 40, "servicedesk.tasks.forget_answered_calls"),
    # Nor for this: what programs were told a month ago.
    "forget webhook log": nightly(3, 50, "servicedesk.tasks.forget_webhook_log"),
}


@worker_init.connect
def refuse_to_work_behind_broken_walls(**kwargs):
    """A worker that could see two desks at once does not start."""
    try:
        refuse_holes()
    except Exception as error:
        # Celery goes on after a signal's exception; only this ends the worker.
        sys.exit(f"The worker does not start. {error}")
