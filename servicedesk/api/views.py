"""What every resource of the API is: its area, who may, its rows, and how one is shown, made and changed."""

import datetime as dt
from collections.abc import Callable
from typing import ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from servicedesk.api.editions import check_edition, edition_of
from servicedesk.api.filtering import FIELDS, KnownFilters
from servicedesk.api.once import answered_once
from tenancy.gates import the_one


def says(*, sent=None, answered=None, of_an_edition: bool = False, asked=None, refused=None):
    """What an act of its own reads and answers, for the description of the API.

    `asked` is what a GET's address says beside filters, `refused` serializers by status of errors that
    say more than others.
    """

    def mark(act):
        act.sent, act.answered, act.of_an_edition = sent, answered, of_an_edition
        act.asked, act.refused = asked, refused
        return act

    return mark


class Resource(GenericViewSet):
    """Rows of one kind. A resource says `area`, `rows()` and its serializers; its acts call the rules.

    `conflicts` are the rules' exceptions that mean "not with what stands": 409 with their words. `unfit`
    are those that mean "not at all", and name no field: 422.
    """

    area: ClassVar[str]
    # The rows of this desk that the resource is about, with what is shown of them.
    rows: Callable[[], QuerySet]
    read_roles: ClassVar[tuple[str, ...] | None] = None
    write_roles: ClassVar[tuple[str, ...] | None] = None
    filter_backends = (KnownFilters,)
    conflicts: ClassVar[tuple[type[Exception], ...]] = ()
    unfit: ClassVar[tuple[type[Exception], ...]] = ()
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def dispatch(self, request, *args, **kwargs):
        """Instants go out, and come in where they name no zone, in UTC: pages have the desk's clock."""
        with timezone.override(dt.UTC):
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request, *args, **kwargs):
        """Whatever is refused was a call, too: it is counted before anything of it is judged."""
        super().check_throttles(request)
        super().initial(request, *args, **kwargs)

    def check_throttles(self, request):
        """Counted already, before it was asked who may."""

    def get_queryset(self):
        return self.rows()

    def get_object(self):
        return the_one(self.rows(), self.kwargs[self.lookup_url_kwarg])

    def shown(self, row) -> dict:
        """A row as the API shows it whole."""
        return self.shown_as(row, context=self.get_serializer_context()).data

    def who(self) -> dict:
        """Who acts and when, as every rule takes it."""
        return {"by": self.request.membership, "now": timezone.now()}

    def only(self) -> set[str] | None:
        """The fields that were asked for; None for all."""
        asked = self.request.query_params.get(FIELDS)
        if asked is None:
            return None
        names = {name.strip() for name in asked.split(",") if name.strip()}
        if not names:
            raise ValidationError({FIELDS: ["Name at least one field."]})
        return names

    def read(self, serializer, **extra) -> dict:
        """What was sent, checked by a serializer. Raises ValidationError."""
        wanted = serializer(data=self.request.data, context=self.get_serializer_context(), **extra)
        wanted.is_valid(raise_exception=True)
        return wanted.validated_data

    def answer(self, row, status=status.HTTP_200_OK) -> Response:
        """A row with its edition; one that was made just now with its address."""
        shown = self.shown(row)
        headers = {"ETag": edition_of(shown)}
        if status == 201:
            headers["Location"] = self.reverse_action("detail", kwargs={self.lookup_url_kwarg: row.public_id})
        return Response(shown, status=status, headers=headers)


class Listed:
    """A list, and one row of it."""

    def list(self, request, *args, **kwargs):
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        rows = self.shown_as(page, many=True, only=self.only(), context=self.get_serializer_context())
        return self.get_paginated_response(rows.data)

    def retrieve(self, request, *args, **kwargs):
        row = self.get_object()
        whole = self.shown(row)
        only = self.only()
        shown = self.shown_as(row, only=only, context=self.get_serializer_context()).data if only else whole
        return Response(shown, headers={"ETag": edition_of(whole)})


class Made:
    """A new row by POST, once for an `Idempotency-Key`. `make(values)` calls the rule."""

    @answered_once
    def create(self, request, *args, **kwargs):
        row = self.make(self.read(self.made_from))
        return self.answer(row if row.pk is None else self.rows().get(pk=row.pk), status.HTTP_201_CREATED)


class Changed:
    """Some fields of a row by PATCH, of the edition in `If-Match`. `change(row, values)` calls the rule."""

    def partial_update(self, request, *args, **kwargs):
        row = self.get_object()
        check_edition(request, self.shown(row))
        self.change(row, self.read(self.changed_from, partial=True))
        return self.answer(self.get_object())
