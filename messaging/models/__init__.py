"""The outbox, what providers report of it, what customers answer, and the desk's own words and providers."""

from messaging.models.inbox import Inbox
from messaging.models.message import LINK, Message
from messaging.models.opt_out import OptOut
from messaging.models.provider import Provider
from messaging.models.returned import DeliveryReport, Reply, ReplyFile
from messaging.models.template import MessageTemplate
from messaging.models.webhook import Webhook, WebhookAttempt, WebhookDelivery

__all__ = [
    "LINK",
    "DeliveryReport",
    "Inbox",
    "Message",
    "MessageTemplate",
    "OptOut",
    "Provider",
    "Reply",
    "ReplyFile",
    "Webhook",
    "WebhookAttempt",
    "WebhookDelivery",
]
