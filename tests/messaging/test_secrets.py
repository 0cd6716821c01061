"""Secrets at rest."""

import pytest
from django.core.management import call_command

from messaging.models import Provider
from messaging.providers import save_provider
from messaging.secrets import SecretLost, closed, closed_anew, opened
from tenancy.scope import tenant


def test_what_is_closed_is_opened_and_cannot_be_read():
    text = closed({"secret": "the password", "hook": "token"})
    assert opened(text) == {"secret": "the password", "hook": "token"}
    assert "password" not in text
    assert closed({"secret": "the password", "hook": "token"}) != text


def test_nothing_is_nothing():
    assert opened("") == {}


def test_an_earlier_key_opens_what_it_closed_until_all_is_closed_anew(settings):
    text, first = closed({"secret": "x"}), settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the next key", [first]
    assert opened(text) == {"secret": "x"}
    anew = closed_anew(text)
    settings.SECRET_KEY_FALLBACKS = []
    assert opened(anew) == {"secret": "x"}
    for act in (opened, closed_anew):
        with pytest.raises(SecretLost):
            act(text)


def test_what_was_tampered_with_is_lost():
    text = closed({"secret": "x"})
    with pytest.raises(SecretLost):
        opened(text[:-4] + "AAA=")


def test_the_key_is_for_this_alone(settings):
    """Whoever has a signature made with SECRET_KEY has no key to what is closed."""
    text = closed({"secret": "x"})
    settings.SECRET_KEY = settings.SECRET_KEY + " "
    with pytest.raises(SecretLost):
        opened(text)


def test_the_command_closes_every_desks_secrets_anew_and_names_what_is_lost(cast, now, settings, capsys):
    first = settings.SECRET_KEY
    for desk in (cast.north, cast.south):
        with tenant(desk.tenant):
            save_provider("mail", kind="postmark", values={}, secret=desk.tenant.slug, by=None, now=now)
    with tenant(cast.south.tenant):
        Provider.objects.update(secret="closed with nobody knows what")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the next key", [first]
    call_command("encrypt_secrets_anew")
    said = capsys.readouterr()
    assert said.out.strip() == "1 closed anew, 1 lost."
    assert said.err.startswith("southgate, mail:")
    settings.SECRET_KEY_FALLBACKS = []
    with tenant(cast.north.tenant):
        assert opened(Provider.objects.get().secret)["secret"] == "northgate"
