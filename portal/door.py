"""The addresses that links of several purposes share: the page of what a link is for, "ring me", booking."""

from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import (
    contract_page,
    follow_up_page,
    label_page,
    machine_papers,
    offer_page,
    recommendation_page,
    telling_page,
    visit_page,
    visit_papers,
)
from portal.opening import for_links

front_page = require_GET(
    for_links(
        visit=visit_page.visit_page,
        offer=offer_page.offer_page,
        recommendation=recommendation_page.recommendation_page,
        label=label_page.label_page,
        follow_up=follow_up_page.follow_up_page,
        contract=contract_page.contract_page,
    )
)
ring_me = require_POST(
    for_links(
        visit=visit_page.ring_me,
        offer=offer_page.ring_me,
        recommendation=recommendation_page.ring_me,
        label=label_page.ring_me,
        follow_up=follow_up_page.ring_me,
        contract=contract_page.ring_me,
    )
)
book = require_http_methods(["GET", "POST"])(for_links(label=label_page.book, contract=contract_page.book))
booked = require_GET(for_links(label=label_page.booked, contract=contract_page.booked))

urlpatterns = [
    path("v/<str:token>/", front_page, name="customer-page"),
    path("v/<str:token>/call-me/", ring_me, name="customer-call-me"),
    path("v/<str:token>/book/", book, name="label-book"),
    path("v/<str:token>/booked/<uuid:visit>/", booked, name="label-booked"),
    *visit_page.urlpatterns,
    *telling_page.urlpatterns,
    *visit_papers.urlpatterns,
    *machine_papers.urlpatterns,
    *offer_page.urlpatterns,
    *recommendation_page.urlpatterns,
    *follow_up_page.urlpatterns,
]
