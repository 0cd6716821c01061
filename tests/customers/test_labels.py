"""Labels: a token each, kept as a hash; printed again the old ones go on until somebody ends them."""

import pytest
import segno

from customers.labels import code_of, end_labels, in_use, labels_of, print_labels, with_label
from customers.links import find_link, make_link
from customers.models import CustomerLink
from tenancy.desk_settings import SettingRefused


def token_of(label):
    return label.address.rstrip("/").rpartition("/")[2]


def test_a_label_opens_its_machine_without_end(north, now):
    label, other = print_labels([north.copier, north.sorter], by=north.dispatcher, now=now)
    found = find_link(token_of(label), now=now.replace(year=now.year + 50))
    assert (found.is_open, found.link.purpose, found.link.subject) == (True, "label", north.copier.public_id)
    assert found.link.token_hash != token_of(label)
    assert token_of(other) != token_of(label)
    assert sorted(north.customer.timeline.values_list("title", flat=True)) == [
        "Label printed: Corvane SF-12 sorter",
        "Label printed: Corvane TC-240 copier",
    ]


def test_printed_again_the_old_label_goes_on_until_all_are_ended(north, now):
    tokens = [
        token_of(label)
        for _ in range(2)
        for label in print_labels([north.copier], by=north.dispatcher, now=now)
    ]
    kept = make_link(
        north.customer, CustomerLink.Purpose.VISIT, north.copier.public_id, now=now, expires_at=None
    )
    assert all(find_link(token, now=now).is_open for token in tokens)
    with pytest.raises(SettingRefused):
        end_labels(north.copier, because="", by=north.dispatcher, now=now)
    assert end_labels(north.copier, because="Torn off", by=north.dispatcher, now=now) == 2
    assert end_labels(north.copier, because="Torn off", by=north.dispatcher, now=now) == 0
    assert not any(find_link(token, now=now).is_open for token in tokens)
    assert find_link(kept, now=now).is_open
    assert north.customer.timeline.filter(title__startswith="Label ended", detail="Torn off").count() == 1


def test_which_machines_have_no_label(north, now):
    print_labels([north.copier], by=north.dispatcher, now=now)
    without = with_label(in_use()).filter(has_label=False)
    assert list(without) == [north.sorter]
    end_labels(north.copier, because="Torn off", by=north.dispatcher, now=now)
    assert not labels_of(north.copier).exists()
    assert set(without.all()) == {north.copier, north.sorter}
    type(north.sorter).objects.filter(pk=north.sorter.pk).update(retired_on=now.date())
    assert list(without.all()) == [north.copier]


def test_as_many_statements_for_three_as_for_one(north, now, django_assert_num_queries):
    machines = list(in_use().order_by("pk"))
    with django_assert_num_queries(4):
        print_labels(machines[:1], by=north.dispatcher, now=now)
    with django_assert_num_queries(4):
        print_labels(machines + machines[:1], by=north.dispatcher, now=now)


def test_a_sheet_has_an_end(north, now):
    with pytest.raises(SettingRefused):
        print_labels([north.copier] * 97, by=north.dispatcher, now=now)


def test_a_code_is_drawn_as_segno_reckons_it_with_a_quiet_edge():
    address = "https://desk.example/v/0123456789abcdefghijkl/"
    code = code_of(address)
    drawn = {(x + step, y) for x, y, length in runs(code.path) for step in range(length)}
    matrix = segno.make(address, error="q", micro=False).matrix
    dark = {(x + 4, y + 4) for y, row in enumerate(matrix) for x, is_dark in enumerate(row) if is_dark}
    assert drawn == dark
    assert code.size == len(matrix) + 8


def runs(path):
    """Where each dark run of a path begins, and how long it is."""
    for part in path.split("z")[:-1]:
        place, _, rest = part.partition("h")
        x, y = place.removeprefix("M").split()
        yield int(x), int(y), int(rest.partition("v")[0])
