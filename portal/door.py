"""The addresses that links of every purpose share: the page of what a link is for, and "ring me"."""

from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from portal import follow_up_page, label_page, offer_page, recommendation_page, visit_page
from portal.opening import for_links

front_page = require_GET(
    for_links(
        visit=visit_page.visit_page,
        offer=offer_page.offer_page,
        recommendation=recommendation_page.recommendation_page,
        label=label_page.label_page,
        follow_up=follow_up_page.follow_up_page,
    )
)
ring_me = require_POST(
    for_links(
        visit=visit_page.ring_me,
        offer=offer_page.ring_me,
        recommendation=recommendation_page.ring_me,
        label=label_page.ring_me,
        follow_up=visit_page.ring_me,
    )
)

urlpatterns = [
    path("v/<str:token>/", front_page, name="customer-page"),
    path("v/<str:token>/call-me/", ring_me, name="customer-call-me"),
    *visit_page.urlpatterns,
    *offer_page.urlpatterns,
    *recommendation_page.urlpatterns,
    *label_page.urlpatterns,
    *follow_up_page.urlpatterns,
]
