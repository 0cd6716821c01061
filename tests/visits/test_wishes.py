"""Saying who is wanted somewhere: the last word counts, and who works here no more cannot be required."""

import pytest
from django.core.exceptions import PermissionDenied

from tenancy.desk_settings import SettingRefused
from visits.models import TechnicianPreference
from visits.preferences import wishes_for
from visits.wishes import forget_wish, say_wish


def test_said_again_the_last_word_counts(north, now):
    say_wish(north.lou, "excluded", place=north.customer, by=north.dispatcher, now=now)
    wish = TechnicianPreference.objects.get()
    assert wish.level == "excluded"
    forget_wish(wish, by=north.manager)
    assert not TechnicianPreference.objects.exists()


def test_each_place_keeps_its_own(north, now):
    say_wish(north.marek, "required", place=north.copier, by=north.dispatcher, now=now)
    say_wish(north.lou, "excluded", place=north.site, by=north.dispatcher, now=now)
    wishes = wishes_for(north.customer, north.site, [north.copier])
    assert (wishes.required, wishes.excluded) == ({north.marek.pk}, {north.lou.pk})


def test_who_works_here_no_more_is_not_required(north, now):
    north.marek.is_active = False
    north.marek.save()
    with pytest.raises(SettingRefused, match="nobody could come"):
        say_wish(north.marek, "required", place=north.copier, by=north.dispatcher, now=now)


def test_it_is_for_dispatchers_and_managers(north, now):
    with pytest.raises(PermissionDenied):
        say_wish(north.lou, "excluded", place=north.customer, by=north.sales, now=now)
    with pytest.raises(PermissionDenied):
        forget_wish(TechnicianPreference.objects.get(), by=north.technician)
