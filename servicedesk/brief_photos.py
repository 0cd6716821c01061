"""Photos of what is to be raised, as a brief shows them: small, and large where they are tapped.

Their addresses lie within the technician's pages, so that a phone which keeps the page keeps them too.
"""

from django.urls import path
from django.views.decorators.http import require_GET

from recommendations.models import RecommendationPhoto
from servicedesk.phone_pages import kept_on_phones
from tenancy.files import file_response
from tenancy.gates import for_roles, the_one
from tenancy.models import Role


@require_GET
@for_roles(Role.TECHNICIAN, Role.DISPATCHER)
@kept_on_phones
def photo(request, id):
    """The photo as it was taken, at most 1,600 px."""
    return file_response(_found(id))


@require_GET
@for_roles(Role.TECHNICIAN, Role.DISPATCHER)
@kept_on_phones
def small_photo(request, id):
    """The middle of it, as the card shows it."""
    return file_response(_found(id), small=True)


def _found(id):
    return the_one(RecommendationPhoto.objects.select_related("photo"), id).photo


urlpatterns = [
    path("today/photos/<uuid:id>/", photo, name="brief-photo"),
    path("today/photos/<uuid:id>/small/", small_photo, name="brief-photo-small"),
]
