"""What every way out has in common."""

from messaging.channels import is_ready, ready_channels, sender
from messaging.models import Provider
from tenancy.scope import tenant


def test_a_name_cannot_break_out_of_the_sender(settings):
    settings.DEFAULT_FROM_EMAIL = "Desk <service@desk.example>"
    assert sender('North"gate\r\nBcc: x <y>') == '"North gate Bcc: x y" <service@desk.example>'


def test_a_desk_may_have_an_address_of_its_own():
    assert sender("Northgate", "hello@northgate.example") == '"Northgate" <hello@northgate.example>'


def test_texts_can_be_planned_where_the_installation_or_the_desk_can_send_them(cast, settings, now):
    settings.SMS_URL = ""
    with tenant(cast.north.tenant):
        Provider.objects.create(channel="sms", kind="twilio", changed_at=now)
        assert ready_channels() == ["mail", "sms"]
    with tenant(cast.south.tenant):
        assert ready_channels() == ["mail"]
    assert not is_ready("sms")
    settings.SMS_URL = "https://texts.example/"
    assert is_ready("sms")
