"""The product's addresses, and a signed-in page with nothing on it: what every page costs at least."""

from django.shortcuts import render
from django.urls import path

from servicedesk.urls import handler403, handler404, handler500, urlpatterns
from tenancy.gates import for_staff

__all__ = ["handler403", "handler404", "handler500", "urlpatterns"]


@for_staff
def empty(request):
    """The frame of every page of the desk."""
    return render(request, "base_desk.html")


urlpatterns = [path("d/<slug:desk>/empty/", empty), *urlpatterns]
