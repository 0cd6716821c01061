"""Filters of lists; one that is misspelled is refused, where a list of everything would be misread."""

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError

FIELDS = "fields"
# Of every list, beside its own filters.
OF_EVERY_LIST = {FIELDS, "cursor", "page_size"}


class KnownFilters(DjangoFilterBackend):
    """django-filter's, but for names it does not know."""

    def filter_queryset(self, request, queryset, view):
        filters = self.get_filterset_class(view, queryset)
        known = OF_EVERY_LIST | set(filters.base_filters if filters else ())
        if unknown := sorted(set(request.query_params) - known):
            raise ValidationError({unknown[0]: ["There is no such filter."]})
        return super().filter_queryset(request, queryset, view)
