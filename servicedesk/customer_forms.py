"""The forms about a customer who is known: who they are, who is there, and where."""

from django import forms

from customers.models import Contact, Customer, Site
from customers.positions import HOW, position_words, read_position
from messaging.languages import NAMES, known_language
from servicedesk.worded_fields import WordsField


class PositionField(forms.CharField):
    """Latitude and longitude in one line, as a map gives them."""

    def clean(self, value):
        """A pair of degrees, or None."""
        try:
            return read_position(super().clean(value))
        except ValueError as refused:
            raise forms.ValidationError(str(refused)) from None


class LanguageField(forms.ChoiceField):
    """One of those that we write; empty: somebody else's. A tag that we do not write stays as it is."""

    def __init__(self, **kwargs):
        super().__init__(
            choices=list(NAMES.items()),
            required=False,
            error_messages={"invalid_choice": "Choose one of the languages."},
            **kwargs,
        )

    def keep(self, tag: str) -> None:
        """Let what stands there be chosen again: "nl-BE", or a language that we do not write."""
        if tag and tag not in NAMES:
            known = known_language(tag)
            self.choices = [*NAMES.items(), (tag, f"{NAMES[known]} ({tag})" if known else tag)]


class CustomerForm(forms.Form):
    """Who pays, and how they are told things."""

    name = WordsField(asks="a name", most=200)
    company = forms.CharField(max_length=200, required=False)
    notes = forms.CharField(max_length=4000, required=False)
    language = LanguageField()
    time_zone = forms.CharField(max_length=64, required=False)

    def __init__(self, data=None, *, customer: Customer):
        """Of one customer, as it stands or as it was sent."""
        shown = ("name", "company", "notes", "language", "time_zone")
        super().__init__(data, initial={field: getattr(customer, field) for field in shown})
        self.fields["language"].keep(customer.language)


class ContactForm(forms.Form):
    """Somebody there: how they are called and reached, and over what they like to hear."""

    name = forms.CharField(max_length=200, required=False)
    phone = forms.CharField(max_length=60, required=False)
    phone2 = forms.CharField(max_length=60, required=False)
    email = forms.CharField(max_length=254, required=False)
    site = forms.ChoiceField(
        required=False, error_messages={"invalid_choice": "Choose a place of this customer."}
    )
    language = LanguageField()
    by_sms = forms.BooleanField(required=False)
    by_mail = forms.BooleanField(required=False)
    is_main = forms.BooleanField(required=False)

    def __init__(self, data=None, *, contact: Contact, sites: list[Site]):
        """Of one contact (unsaved: of a new one) at a customer with these sites."""
        shown = ("name", "phone", "phone2", "email", "language", "by_sms", "by_mail", "is_main")
        initial = {field: getattr(contact, field) for field in shown}
        self.places = {str(site.public_id): site for site in sites}
        here = next((key for key, site in self.places.items() if site.pk == contact.site_id), "")
        super().__init__(data, initial={**initial, "site": here})
        self.fields["site"].choices = [
            (key, str(site) or "A site without an address") for key, site in self.places.items()
        ]
        self.fields["language"].keep(contact.language)

    def clean_site(self) -> Site | None:
        """The site itself; None for wherever."""
        return self.places.get(self.cleaned_data["site"])


class SiteForm(forms.Form):
    """Where work is done, and how one gets in."""

    name = forms.CharField(max_length=120, required=False)
    street = forms.CharField(max_length=200, required=False)
    city = forms.CharField(max_length=120, required=False)
    postcode = forms.CharField(max_length=20, required=False)
    country = forms.CharField(
        max_length=2,
        required=False,
        error_messages={"max_length": "Write the two letters of a country, like GB."},
    )
    access_notes = forms.CharField(max_length=2000, required=False)
    position = PositionField(max_length=80, required=False, error_messages={"max_length": HOW})

    def __init__(self, data=None, *, site: Site):
        """Of one site (unsaved: of a new one)."""
        shown = ("name", "street", "city", "postcode", "country", "access_notes")
        has_position = site.latitude is not None and site.longitude is not None
        position = position_words((site.latitude, site.longitude) if has_position else None)
        initial = {field: getattr(site, field) for field in shown}
        super().__init__(data, initial={**initial, "position": position})
