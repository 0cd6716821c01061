"""The addresses of the API; what stands here stands in its schema and on its page."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from servicedesk.api import (
    cases,
    contracts,
    customers,
    equipment,
    finding,
    messages,
    payments,
    promises,
    recommendations,
    slots,
    technicians,
    visits,
    webhooks,
)
from servicedesk.api.desk import PATH
from servicedesk.api.docs_page import docs_page

router = SimpleRouter(use_regex_path=False)
router.register("customers", customers.Customers, "api-customer")
router.register("contacts", customers.Contacts, "api-contact")
router.register("sites", customers.Sites, "api-site")
router.register("equipment", equipment.Machines, "api-machine")
router.register("contracts", contracts.Contracts, "api-contract")
router.register("payments", payments.Payments, "api-payment")
router.register("cases", cases.Cases, "api-case")
router.register("promises", promises.Promises, "api-promise")
router.register("messages", messages.Messages, "api-message")
router.register("visits", visits.Visits, "api-visit")
router.register("slots", slots.Slots, "api-slot")
router.register("technicians", technicians.Technicians, "api-technician")
router.register("recommendations", recommendations.Recommendations, "api-recommendation")
router.register("reviews", recommendations.Reviews, "api-review")
router.register("webhooks", webhooks.Webhooks, "api-webhook")
router.register("find", finding.Find, "api-find")

schema = SpectacularAPIView.as_view(
    authentication_classes=[], permission_classes=[], throttle_classes=[], api_version="1"
)
urlpatterns = [
    path(PATH.removeprefix("/"), include(router.urls)),
    path("api/schema/", schema, name="api-schema"),
    path("api/docs/", docs_page, name="api-docs"),
]
