"""The product's own words for messages about a visit, in each language, and the fields they name."""

from messaging.wordings import DESK, MAIL, NAME, PHONE, SMS, Field, Words

WHO = Field("who", "who comes", "Lou")
DAY = Field("day", "the day of the visit", "Thu 5 March")
WHEN = Field("when", "the day, near ones by name", "tomorrow Fri 6 March")
THAT_DAY = Field("that_day", "“today”, else the day", "today")
WINDOW = Field("window", "the window, from and to", "2 to 3 pm")
BETWEEN = Field("between", "the window, to stand behind “between”", "2 and 3 pm")
WINDOW_END = Field("window_end", "the end of the window", "3 pm")
BEFORE = Field("before", "how long before we ring", "half an hour")
EXPECTED = Field("expected", "when they are expected to arrive", "2:10 pm", can_be_empty=True)
CALLER = Field("caller", "who will ring", "Dana")
CALL_BY = Field("call_by", "by when somebody rings", "3:45 pm", can_be_empty=True)
ADDRESS = Field("address", "where the visit is", "3 Quay Lane, Eastmouth EM4 2QL", can_be_empty=True)
VISIT = Field("visit", "the visit’s number", "V-104")
SIGNED = Field("signed", "who booked the visit", "Dana Whitlock", can_be_empty=True)
LINK = Field("link", "their own page of the visit, to confirm, move or cancel", "{link}")
RECOMMENDATIONS = Field(
    "recommendations",
    "what is open on their equipment: a list in a mail, some words in a text",
    "Replace the fuser unit",
    can_be_empty=True,
)
# In every message; then what only some have.
ALWAYS = (
    DESK,
    NAME,
    PHONE,
    ADDRESS,
    VISIT,
    SIGNED,
    WHO,
    DAY,
    WHEN,
    THAT_DAY,
    WINDOW,
    BETWEEN,
    WINDOW_END,
    LINK,
)

# What a person is asked, by the language: confirm in a mail and in a text, where every sign counts.
_CONFIRM_MAIL = {
    "en": "Confirm, move or cancel:",
    "nl": "Bevestigen, verzetten of afzeggen:",
    "de": "Bestätigen, verschieben oder absagen:",
    "fr": "Confirmer, déplacer ou annuler :",
}
_CONFIRM_TEXT = {
    "en": "Confirm or change:",
    "nl": "Bevestigen of wijzigen:",
    "de": "Bestätigen oder ändern:",
    "fr": "Confirmer ou changer :",
}
_NEW_TIME = {
    "en": "A new time:",
    "nl": "Een nieuw tijdstip:",
    "de": "Ein neuer Termin:",
    "fr": "Autre horaire :",
}
_NO_LONGER = {
    "en": "If that no longer suits:",
    "nl": "Als dat niet meer schikt:",
    "de": "Wenn das nicht mehr passt:",
    "fr": "Si cela ne convient plus :",
}
_CHOOSE = {
    "en": "Or choose a time:",
    "nl": "Of kies een tijdstip:",
    "de": "Oder wählen Sie einen Termin:",
    "fr": "Ou choisissez un horaire :",
}
_TO_DECIDE = {
    "en": "[To decide: {recommendations}.]",
    "nl": "[Te beslissen: {recommendations}.]",
    "de": "[Zu entscheiden: {recommendations}.]",
    "fr": "[Reste à décider : {recommendations}.]",
}
OR_RING_TEXT = {
    "en": "[ or ring {phone}]",
    "nl": "[ of bel {phone}]",
    "de": "[ oder Tel. {phone}]",
    "fr": "[ ou appelez le {phone}]",
}
OR_RING_MAIL = {
    "en": "[Or ring {phone}; a person answers.]",
    "nl": "[Of bel {phone}; u krijgt een mens aan de lijn.]",
    "de": "[Oder rufen Sie {phone} an; es meldet sich ein Mensch.]",
    "fr": "[Ou appelez le {phone} ; une personne vous répondra.]",
}
DEAR = {"en": "Dear {name},", "nl": "Beste {name},", "de": "Guten Tag {name},", "fr": "Bonjour {name},"}
_FOUND = {
    "en": "We found this on your equipment, and it is still open. {who} will ask you what you want done:",
    "nl": "Dit vonden wij aan uw apparatuur en het staat nog open. {who} vraagt u wat u ermee wilt:",
    "de": "Das haben wir an Ihrem Gerät gefunden, und es ist noch offen. {who} fragt Sie, was "
    "geschehen soll:",
    "fr": "Voici ce que nous avons constaté sur votre équipement et qui reste ouvert. {who} vous demandera "
    "ce que vous souhaitez :",
}
IF_NOTHING = {
    "en": "If nothing is done:",
    "nl": "Als er niets gebeurt:",
    "de": "Wenn nichts geschieht:",
    "fr": "Si rien n'est fait :",
}
AND_MORE = {"en": "and {} more", "nl": "en nog {}", "de": "und {} weitere", "fr": "et {} autres"}
SOMEBODY_COMES = {"en": "A technician", "nl": "Een monteur", "de": "Ein Techniker", "fr": "Un technicien"}
SOMEBODY_RINGS = {"en": "We", "nl": "Een collega", "de": "Jemand von uns", "fr": "Quelqu'un"}

# By wording and language: the title of the mail, and the sentence that both the mail and the text say.
SAID = {
    "booked": {
        "en": (
            "Your visit on {day}",
            "{who} will be with you {day} between {between} and will ring {before} before.",
        ),
        "nl": (
            "Uw afspraak op {day}",
            "{who} komt {day} tussen {between} bij u langs en belt {before} van tevoren.",
        ),
        "de": (
            "Ihr Termin am {day}",
            "{who} kommt am {day} zwischen {between} zu Ihnen und ruft {before} vorher an.",
        ),
        "fr": (
            "Votre rendez-vous du {day}",
            "{who} viendra chez vous le {day} entre {between} et vous appellera {before} avant.",
        ),
    },
    "moved": {
        "en": (
            "Your visit is now on {day}",
            "your visit is now {day} between {between}. {who} will ring {before} before.",
        ),
        "nl": (
            "Uw afspraak is nu op {day}",
            "uw afspraak is nu op {day} tussen {between}. {who} belt {before} van tevoren.",
        ),
        "de": (
            "Ihr Termin ist jetzt am {day}",
            "Ihr Termin ist jetzt am {day} zwischen {between}. {who} ruft {before} vorher an.",
        ),
        "fr": (
            "Votre rendez-vous est maintenant le {day}",
            "votre rendez-vous est maintenant le {day} entre {between}. {who} vous appellera {before} avant.",
        ),
    },
    "reminder": {
        "en": ("Your visit on {day}", "{who} will be with you {when} between {between}."),
        "nl": ("Uw afspraak op {day}", "{who} komt {when} tussen {between} bij u langs."),
        "de": ("Ihr Termin am {day}", "{who} kommt {when} zwischen {between} zu Ihnen."),
        "fr": ("Votre rendez-vous du {day}", "{who} viendra chez vous {when} entre {between}."),
    },
    "reminder to confirm": {
        "en": ("Your visit on {day}", "does tomorrow, {day}, {window} still suit you for {who}'s visit?"),
        "nl": ("Uw afspraak op {day}", "schikt het u nog dat {who} morgen, {day}, van {window} komt?"),
        "de": ("Ihr Termin am {day}", "passt Ihnen der Besuch von {who} morgen, {day}, {window}, noch?"),
        "fr": (
            "Votre rendez-vous du {day}",
            "la visite de {who} demain, {day}, de {window}, vous convient-elle toujours ?",
        ),
    },
    "cancelled by us": {
        "en": (
            "Your visit on {day} is cancelled",
            "we have to cancel your visit {day}, {window}. We are sorry.",
        ),
        "nl": (
            "Uw afspraak op {day} is afgezegd",
            "wij moeten uw afspraak van {day}, {window}, helaas afzeggen. Onze excuses.",
        ),
        "de": (
            "Ihr Termin am {day} ist abgesagt",
            "wir müssen Ihren Termin am {day}, {window}, leider absagen. Das tut uns leid.",
        ),
        "fr": (
            "Votre rendez-vous du {day} est annulé",
            "nous devons annuler votre rendez-vous du {day}, de {window}. Toutes nos excuses.",
        ),
    },
    "cancelled by the customer": {
        "en": (
            "Your visit on {day} is cancelled",
            "your visit {day}, {window}, is cancelled, as you asked.",
        ),
        "nl": (
            "Uw afspraak op {day} is afgezegd",
            "uw afspraak van {day}, {window}, is op uw verzoek afgezegd.",
        ),
        "de": (
            "Ihr Termin am {day} ist abgesagt",
            "Ihr Termin am {day}, {window}, ist wie gewünscht abgesagt.",
        ),
        "fr": (
            "Votre rendez-vous du {day} est annulé",
            "votre rendez-vous du {day}, de {window}, est annulé à votre demande.",
        ),
    },
    "not called": {
        "en": (
            "We have not rung you yet",
            "we promised to ring {before} before we come and have not. Sorry. {who} is expected between "
            "{between}[; {caller} will ring you by {call_by}].",
        ),
        "nl": (
            "Wij hebben u nog niet gebeld",
            "wij zouden u {before} van tevoren bellen en hebben dat niet gedaan. Excuses. {who} komt naar "
            "verwachting tussen {between}[; {caller} belt u uiterlijk om {call_by}].",
        ),
        "de": (
            "Wir haben Sie noch nicht angerufen",
            "wir wollten {before} vorher anrufen und haben es nicht getan. Entschuldigung. {who} kommt "
            "voraussichtlich zwischen {between}[; {caller} ruft Sie bis {call_by} an].",
        ),
        "fr": (
            "Nous ne vous avons pas encore appelé",
            "nous devions vous appeler {before} avant de venir et ne l'avons pas fait. Toutes nos excuses. "
            "{who} viendra entre {between}[ ; {caller} vous appellera avant {call_by}].",
        ),
    },
    "on the way": {
        "en": ("{who} is on the way", "{who} is on the way[ and expects to be with you at {expected}]."),
        "nl": ("{who} is onderweg", "{who} is onderweg[ en verwacht om {expected} bij u te zijn]."),
        "de": ("{who} ist unterwegs", "{who} ist unterwegs[ und voraussichtlich um {expected} bei Ihnen]."),
        "fr": ("{who} est en route", "{who} est en route[ et pense arriver à {expected}]."),
    },
    "delayed": {
        "en": (
            "{who} is held up",
            "{who} is held up[ and will be with you at about {expected}, not by {window_end}]. Sorry.",
        ),
        "nl": (
            "{who} is opgehouden",
            "{who} is opgehouden[ en is rond {expected} bij u in plaats van uiterlijk {window_end}]. "
            "Excuses.",
        ),
        "de": (
            "{who} wird aufgehalten",
            "{who} wird aufgehalten[ und ist gegen {expected} bei Ihnen statt bis {window_end}]. "
            "Entschuldigung.",
        ),
        "fr": (
            "{who} a du retard",
            "{who} a du retard[ et arrivera vers {expected} au lieu de {window_end} au plus tard]. "
            "Toutes nos excuses.",
        ),
    },
    "late": {
        "en": (
            "We are late for your visit",
            "{who} is late for your visit, {window}. We are sorry.[ We expect {who} at about {expected}.]"
            "[ {caller} will ring you by {call_by}.]",
        ),
        "nl": (
            "Wij zijn te laat voor uw afspraak",
            "{who} is te laat voor uw afspraak, {window}. Onze excuses.[ Wij verwachten {who} rond "
            "{expected}.][ {caller} belt u uiterlijk om {call_by}.]",
        ),
        "de": (
            "Wir kommen zu spät zu Ihrem Termin",
            "{who} kommt zu spät zu Ihrem Termin, {window}. Das tut uns leid.[ Wir erwarten {who} gegen "
            "{expected}.][ {caller} ruft Sie bis {call_by} an.]",
        ),
        "fr": (
            "Nous sommes en retard pour votre rendez-vous",
            "{who} est en retard pour votre rendez-vous, de {window}. Toutes nos excuses.[ Arrivée prévue "
            "vers {expected}.][ {caller} vous appellera avant {call_by}.]",
        ),
    },
    "missed": {
        "en": (
            "We missed your visit",
            "we missed your visit {that_day}. We are sorry.[ {caller} will ring you by {call_by} with a new "
            "time.]",
        ),
        "nl": (
            "Wij hebben uw afspraak gemist",
            "wij hebben uw afspraak {that_day} gemist. Onze excuses.[ {caller} belt u uiterlijk om {call_by} "
            "met een nieuw tijdstip.]",
        ),
        "de": (
            "Wir haben Ihren Termin versäumt",
            "wir haben Ihren Termin {that_day} versäumt. Das tut uns leid.[ {caller} ruft Sie bis {call_by} "
            "mit einem neuen Termin an.]",
        ),
        "fr": (
            "Nous avons manqué votre rendez-vous",
            "nous avons manqué votre rendez-vous {that_day}. Toutes nos excuses.[ {caller} vous appellera "
            "avant {call_by} avec un nouvel horaire.]",
        ),
    },
}
# By wording: what the link is for, in a mail and in a text; none where there is nothing to choose.
_ASKS = {
    "booked": (_CONFIRM_MAIL, _CONFIRM_TEXT),
    "moved": (_CONFIRM_MAIL, _CONFIRM_TEXT),
    "reminder": (_CONFIRM_MAIL, _CONFIRM_TEXT),
    "reminder to confirm": (_CONFIRM_MAIL, _CONFIRM_TEXT),
    "cancelled by us": (_NEW_TIME, _NEW_TIME),
    "cancelled by the customer": (_NEW_TIME, _NEW_TIME),
    "not called": (_NO_LONGER, _NO_LONGER),
    "delayed": (_NO_LONGER, _NO_LONGER),
    "late": (_NO_LONGER, _NO_LONGER),
    "missed": (_CHOOSE, _CHOOSE),
}
# These name what should be acted on, so that the customer can decide before somebody stands there.
NAMES_RECOMMENDATIONS = frozenset({"booked", "moved", "reminder", "reminder to confirm"})


def ours(name: str) -> dict[str, dict[str, Words]]:
    """The product's words for one wording, by language and channel."""
    return {
        language: {
            MAIL: Words(_mail(name, language, sentence), title),
            SMS: Words(_text(name, language, sentence)),
        }
        for language, (title, sentence) in SAID[name].items()
    }


def _mail(name, language, sentence):
    paragraphs = [DEAR[language], sentence[0].upper() + sentence[1:]]
    if name in NAMES_RECOMMENDATIONS:
        paragraphs.append(f"[{_FOUND[language]}\n\n{{recommendations}}]")
    if name in _ASKS:
        paragraphs.append(f"{_ASKS[name][0][language]}\n{{link}}")
    paragraphs += [OR_RING_MAIL[language], "[{signed}\n]{desk}"]
    return "\n\n".join(paragraphs)


def _text(name, language, sentence):
    said = f"{{desk}}: {sentence}"
    if name in NAMES_RECOMMENDATIONS:
        said += f" {_TO_DECIDE[language]}"
    if name in _ASKS:
        said += f" {_ASKS[name][1][language]} {{link}}{OR_RING_TEXT[language]}"
    return said
