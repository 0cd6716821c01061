"""What a manager writes to set up a provider; what is wrong is said as what to write instead."""

import json
import re
from urllib.parse import urlsplit

from django import forms
from django.conf import settings

from messaging.models import Provider
from messaging.reaching import OutOfReach, check_reachable
from messaging.sms_channel import PLACEHOLDER, is_form

Kind = Provider.Kind
IMAP_SECURITIES = {
    "tls": "Encrypted from the start (TLS, mostly port 993)",
    "starttls": "Encrypted after a greeting (STARTTLS, mostly port 143)",
    "none": "Not encrypted",
}
SECURITIES = {
    "starttls": "Encrypted after a greeting (STARTTLS, mostly port 587)",
    "tls": "Encrypted from the start (TLS, mostly port 465)",
    "none": "Not encrypted",
}
EXAMPLE_HEADERS = '{"Authorization": "Bearer {secret}"}'
EXAMPLE_BODY = '{"to": "{to}", "text": "{text}", "reference": "{key}"}'
# What a line of a request can say (RFC 9110), and an address.
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[\t -~]*")
ADDRESS = re.compile(r"[!-~]+")


class ProviderForm(forms.Form):
    """A provider's settings and its secret, which is asked for anew only where there is none."""

    secret = forms.CharField(max_length=500, required=False, strip=True)
    needs_secret = True
    asks_for_it = "Write it: nothing leaves without it."

    def __init__(self, *args, has_secret: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.has_secret = has_secret

    def clean_secret(self):
        """Kept where it is left empty."""
        secret = self.cleaned_data["secret"]
        if not secret and self.needs_secret and not self.has_secret:
            raise forms.ValidationError(self.asks_for_it)
        if not (secret.isascii() and secret.isprintable()):
            raise forms.ValidationError("Write plain letters, digits and signs, in one line.")
        return secret

    @property
    def settings(self) -> dict:
        """What may be shown."""
        return {name: value for name, value in self.cleaned_data.items() if name != "secret"}


def _address(what):
    said = f"Write {what}, like service@northgate.example."
    return forms.EmailField(max_length=254, error_messages={"required": said, "invalid": said})


def _other_address():
    said = "Write an address, like service@northgate.example, or nothing."
    return forms.EmailField(max_length=254, required=False, error_messages={"invalid": said})


class MailServerForm(ProviderForm):
    """A mail server of the desk's own, and the name by which it knows the desk."""

    host = forms.CharField(max_length=253, error_messages={"required": "Write the mail server’s name."})
    port = forms.IntegerField(
        min_value=1,
        max_value=65535,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), "Write the port: a number like 587."
        ),
    )
    security = forms.ChoiceField(
        choices=list(SECURITIES.items()),
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose how it is encrypted."),
    )
    user = forms.CharField(max_length=254, required=False)
    needs_secret = False

    def clean_host(self):
        """A name or an address, no more."""
        host = self.cleaned_data["host"]
        if not re.fullmatch(r"[A-Za-z0-9.:\-]+", host):
            raise forms.ValidationError("Write the mail server’s name alone, like smtp.northgate.example.")
        return host

    def clean(self):
        data = super().clean()
        if data.get("user") and not (data.get("secret") or self.has_secret) and "secret" not in self.errors:
            self.add_error("secret", "Write the password that goes with the name.")
        if data.get("user") and data.get("security") == "none" and not settings.DEVELOPMENT:
            self.add_error("security", "A password goes over an encrypted line only.")
        if data.get("host") and data.get("port"):
            _keep_out(self, "host", data["host"], data["port"])
        return data


class SmtpForm(MailServerForm):
    """A mail server that sends."""

    from_address = _address("the address that mail comes from")
    replies_to = _other_address()


class InboxForm(MailServerForm):
    """A mailbox that is read over IMAP."""

    folder = forms.RegexField(
        r"^[ -~]+$",
        max_length=200,
        error_messages=dict.fromkeys(("required", "invalid"), "Write the folder’s name: mostly INBOX."),
    )
    needs_secret = True
    asks_for_it = "Write the mailbox’s password."

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["user"].required = True
        self.fields["user"].error_messages["required"] = "Write the name that goes with the mailbox."


class PostmarkForm(ProviderForm):
    """A Postmark server."""

    from_address = _address("the address that is a Sender Signature at Postmark")
    stream = forms.RegexField(
        r"^[a-z0-9\-]*$",
        max_length=60,
        required=False,
        error_messages={"invalid": "Write the stream’s id: small letters, digits and dashes."},
    )
    replies_to = _other_address()
    asks_for_it = "Write the server’s API token: Postmark shows it under API Tokens."


class TwilioForm(ProviderForm):
    """A Twilio account."""

    account = forms.RegexField(
        r"^AC[0-9a-f]{32}$",
        error_messages=dict.fromkeys(
            ("required", "invalid"), "Write the Account SID: AC and 32 letters and digits."
        ),
    )
    sent_from = forms.RegexField(
        r"^(\+[1-9][0-9]{6,14}|MG[0-9a-f]{32}|[A-Za-z0-9 ]{1,11})$",
        error_messages=dict.fromkeys(
            ("required", "invalid"),
            "Write a number with its country, like +441632960118, a service’s SID, or a sender’s name.",
        ),
    )
    asks_for_it = "Write the Auth Token: Twilio shows it beside the Account SID."


class HttpForm(ProviderForm):
    """Any provider of texts, described by its request."""

    url = forms.CharField(max_length=500, error_messages={"required": "Write the address to send to."})
    method = forms.ChoiceField(
        choices=[("POST", "POST"), ("GET", "GET")],
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose POST or GET."),
    )
    headers = forms.CharField(max_length=2000, required=False)
    body = forms.CharField(max_length=4000, required=False)
    id_field = forms.CharField(max_length=100, required=False)
    lookup_url = forms.CharField(max_length=500, required=False)
    needs_secret = False

    def clean_url(self):
        """Where texts are posted."""
        return self._checked("url")

    def clean_lookup_url(self):
        """Where it is asked by key, or nothing."""
        return self._checked("lookup_url") if self.cleaned_data["lookup_url"] else ""

    def clean_headers(self):
        """A JSON object of lines."""
        found = _read(self.cleaned_data["headers"] or "{}", EXAMPLE_HEADERS)
        is_fine = isinstance(found, dict) and all(
            isinstance(value, str) and HEADER_NAME.fullmatch(name) and HEADER_VALUE.fullmatch(value)
            for name, value in found.items()
        )
        if not is_fine:
            raise forms.ValidationError(f"Write names and values, like {EXAMPLE_HEADERS}.")
        return found

    def clean_body(self):
        """JSON, sent as it is once filled in."""
        found = _read(self.cleaned_data["body"] or "{}", EXAMPLE_BODY)
        if not isinstance(found, (dict, list)):
            raise forms.ValidationError(f"Write an object or a list, like {EXAMPLE_BODY}.")
        return found

    def clean(self):
        data = super().clean()
        if isinstance(data.get("body"), list) and is_form(data.get("headers") or {}):
            self.add_error("body", "A form has names and values: write an object.")
        return data

    def clean_id_field(self):
        """Where an answer holds the provider's id."""
        return self.cleaned_data["id_field"] or "id"

    def _checked(self, name):
        url = self.cleaned_data[name]
        schemes = ("https", "http") if settings.DEVELOPMENT else ("https",)
        try:
            parts = urlsplit(PLACEHOLDER.sub("x", url))
            port = parts.port
        except ValueError:
            port = 0
        if port == 0 or parts.scheme not in schemes or not parts.hostname or not ADDRESS.fullmatch(url):
            raise forms.ValidationError("Write an address that begins with https://, without spaces.")
        if "{" in urlsplit(url).netloc:
            raise forms.ValidationError("The machine’s name is fixed: fill in behind it.")
        _keep_out(self, None, parts.hostname, port or 443)
        return url


FORMS: dict[str, type[ProviderForm]] = {
    Kind.SMTP: SmtpForm,
    Kind.POSTMARK: PostmarkForm,
    Kind.TWILIO: TwilioForm,
    Kind.HTTP: HttpForm,
}
# How the secret of each is called.
SECRET_LABELS = {
    Kind.SMTP: "Password",
    Kind.POSTMARK: "Server API token",
    Kind.TWILIO: "Auth Token",
    Kind.HTTP: "Secret, {secret} in the address, headers and body",
}


def shown_in_form(values: dict) -> dict:
    """Kept settings as the form's fields take them: JSON as text."""
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value
        for name, value in values.items()
    }


def _read(text, example):
    try:
        found = json.loads(text)
        kept = json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        kept = b""
    # The database keeps no sign of number zero.
    if not kept or b"\\u0000" in kept:
        raise forms.ValidationError(f"Write JSON, like {example}.")
    return found


def _keep_out(form, field, host, port):
    """A machine behind our own walls is refused now; one without an address for the moment is not."""
    try:
        check_reachable(host, port)
    except OutOfReach as error:
        if field is None:
            raise forms.ValidationError(str(error)) from None
        form.add_error(field, str(error))
    except (OSError, UnicodeError):
        return
