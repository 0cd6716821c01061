"""Rows for the tables that the demo desk leaves empty, so that every wall can be probed."""

import datetime as dt

from cases.models import (
    Case,
    Goodwill,
    GoodwillItem,
    GoodwillLimit,
    Leave,
    Promise,
    PromiseHandover,
    PromiseReminding,
    PromiseTemplate,
)
from contracts.models import (
    AllowanceEntry,
    CallSkip,
    Cancellation,
    Contract,
    ContractCheck,
    Entitlement,
    MoneyOut,
    NamedContract,
    OfferEquipment,
    Payment,
    RenewalCheck,
    RenewalOffer,
    Statement,
)
from customers.links import make_link
from customers.models import (
    Customer,
    CustomerLink,
    CustomerMerge,
    Equipment,
    EquipmentDocument,
    Hold,
    LabelBooking,
    MergedRow,
    MeterReading,
)
from imports.models import ImportedRow
from messaging.models import (
    DeliveryReport,
    Inbox,
    Message,
    MessageTemplate,
    OptOut,
    Provider,
    Reply,
    ReplyFile,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
)
from messaging.secrets import closed
from recommendations.models import Recommendation, RecommendationPhoto, WarnedFault
from tenancy.answered_calls import claim
from tenancy.api_keys import make_key
from tenancy.files import store_file
from tenancy.models import Closure, Membership, StoredFile
from tenancy.scope import tenant
from visits.calendar_feed import make_feed
from visits.models import (
    DeviceAction,
    FollowUp,
    MaintenancePlan,
    Part,
    PartUse,
    PlanException,
    PlannedService,
    Praise,
    RearrangedVisit,
    Rearrangement,
    Technician,
    Visit,
    VisitSeries,
    WorkingHours,
    WorkLeft,
    WorkType,
)


def fill_every_table(desk, *, now: dt.datetime) -> None:
    """At least one row of this desk in every table that belongs to desks."""
    with tenant(desk):
        _fill(now)


def _fill(now):
    contract, visit = Contract.objects.first(), Visit.objects.first()
    customer, person = contract.customer, Membership.objects.first()
    recommendation = Recommendation.objects.first()
    file = store_file(
        content=b"scan",
        kind=StoredFile.Kind.SCAN,
        name="a.txt",
        content_type="text/plain",
        by=person,
        now=now,
    )
    Closure.objects.create(day=now.date(), name="Stocktaking")
    manager = Membership.objects.filter(role="manager").first()
    make_key(name="Books", scopes=["customers:read"], acts_as=person, expires_at=None, by=manager, now=now)
    claim(person.public_id, "first", "0" * 64, now=now)
    other = Customer.objects.create(name="The same, perhaps")
    merge = CustomerMerge.objects.create(kept=customer, gone=other, merged_at=now)
    MergedRow.objects.create(merge=merge, place="customers.site.customer", row=1)
    Hold.objects.create(customer=customer, reason="In review", source="probe", set_at=now)
    make_link(customer, CustomerLink.Purpose.VISIT, visit.public_id, now=now, expires_at=None)
    item = GoodwillItem.objects.create(name="Free visit", kind="free visit", limit=100)
    GoodwillLimit.objects.create(item=item, role="dispatcher", up_to=50)
    Goodwill.objects.create(customer=customer, item=item, amount=10, reason="Missed twice", proposed_at=now)
    Cancellation.objects.create(contract=contract, reason="Moved away", recorded_at=now)
    ContractCheck.objects.create(contract=contract, by=person, at=now, state="active", sentence="Active")
    RenewalCheck.objects.create(day=now.date(), started_at=now)
    day = now.date()
    offer = RenewalOffer.objects.create(
        number="O-1", contract=contract, starts_on=day, ends_on=day, amount=1, valid_until=day, made_at=now
    )
    machine = Equipment.objects.first()
    OfferEquipment.objects.create(offer=offer, equipment=machine)
    EquipmentDocument.objects.create(equipment=machine, file=file, title="Plate", added_at=now)
    MeterReading.objects.create(equipment=machine, kind="pages", value=1200, read_at=now)
    LabelBooking.objects.create(
        equipment=machine, attempt=visit.public_id, visit=visit.public_id, booked_at=now
    )
    Statement.objects.create(name="March.csv", format="csv", digest="0" * 64, imported_at=now)
    NamedContract.objects.create(payment=Payment.objects.first(), number_key="n20418")
    MoneyOut.objects.create(booked_on=day, amount=1, currency="GBP", recorded_at=now)
    plan = MaintenancePlan.objects.create(
        customer=customer,
        site=visit.site,
        title="Tune-up",
        counts_from="calendar",
        every=6,
        unit="months",
        starts_on=day,
        made_at=now,
    )
    PlanException.objects.create(plan=plan, day=day, reason="Closed", made_at=now)
    PlannedService.objects.create(plan=plan, due_on=day, proposed_on=day, generated_at=now)
    AllowanceEntry.objects.create(
        entitlement=Entitlement.objects.first(), kind="done", quantity=1, at=now, subject=visit.public_id
    )
    RecommendationPhoto.objects.create(recommendation=recommendation, photo=file)
    WarnedFault.objects.create(case=Case.objects.first(), recommendation=recommendation, noticed_at=now)
    DeviceAction.objects.create(
        device=visit.public_id,
        order=1,
        kind="arrive",
        visit=visit,
        by=person,
        device_at=now,
        clock_offset=dt.timedelta(),
        happened_at=now,
        received_at=now,
        outcome="accepted",
    )
    said = FollowUp.objects.create(visit=visit, face=5, answered_at=now, changed_at=now)
    Praise.objects.create(
        customer=customer, follow_up=said, person=person, name="Lou", words="Quick", said_by="M", said_at=now
    )
    PartUse.objects.create(visit=visit, part=Part.objects.first(), quantity=1)
    WorkLeft.objects.create(visit=visit, words="Fit the drum", left_at=now)
    PromiseTemplate.objects.create(text="Ring back", minutes=30)
    PromiseReminding.objects.create(minutes=[30, 10])
    PromiseHandover.objects.create(promise=Promise.objects.first(), to_owner=person, at=now, reason="Ill")
    Leave.objects.create(member=person, starts_at=now, ends_at=now + dt.timedelta(days=1))
    CallSkip.objects.create(customer=customer, until=now.date(), reason="Asked to", at=now)
    ImportedRow.objects.create(table="customers", key="C1", values={}, imported_at=now)
    WorkingHours.objects.create(
        technician=Technician.objects.first(), weekday=0, starts=dt.time(8), ends=dt.time(16)
    )
    WorkType.objects.create(visit_kind="tune-up", machine="", minutes=45)
    VisitSeries.objects.create(customer=customer, site=visit.site, every_weeks=4, made_at=now)
    moved = Rearrangement.objects.create(kind="move", made_at=now, held_until=now)
    RearrangedVisit.objects.create(rearrangement=moved, visit=visit, before={}, version=1)
    MessageTemplate.objects.create(
        kind="booked", channel="sms", language="en", text="We come.", changed_at=now
    )
    make_feed(Technician.objects.first(), attempt=visit.public_id, replaces=None, by=manager, now=now)
    Provider.objects.create(channel="sms", kind="http", changed_at=now)
    OptOut.objects.create(channel="sms", key="15550100", stopped_at=now)
    message = Message.objects.first()
    DeliveryReport.objects.create(message=message, what="delivered", report_id="r-1", at=now, received_at=now)
    reply = Reply.objects.create(channel="sms", address="+15550100", provider_id="p-1", received_at=now)
    ReplyFile.objects.create(reply=reply, number=1, name="a.txt", size=4, file=file)
    Inbox.objects.create(host="mail.example", port=993, security="tls", user="desk", changed_at=now)
    webhook = Webhook.objects.create(
        url="https://books.example/events", kinds=["visit.done"], secret=closed({"now": "whsec_AA=="}),
        made_at=now, made_by=manager,
    )  # fmt: skip
    told = WebhookDelivery.objects.create(
        webhook=webhook, event=visit.public_id, kind="visit.done", subject=visit.public_id, happened_at=now,
        data={}, state="failed", send_after=now,
    )  # fmt: skip
    WebhookAttempt.objects.create(delivery=told, at=now, status=500, said="No")
