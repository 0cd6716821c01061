"""A payment keeps the number that it names as written, and its key within the column."""

from contracts.models import Payment
from tenancy.scope import tenant


def test_letters_that_grow_do_not_outgrow_the_key(cast, now):
    with tenant(cast.north.tenant):
        payment = Payment.objects.create(
            paid_on=now.date(), amount=5, currency="GBP", contract_written="ﬃ" * 120, recorded_at=now
        )
        payment.refresh_from_db()
        assert (payment.contract_written, payment.written_key) == ("ﬃ" * 120, "FFI" * 40)
