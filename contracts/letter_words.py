"""The product's own words for messages about contracts, and the fields they name."""

from messaging.wordings import DESK, MAIL, NAME, PHONE, SMS, Field, Wording, Words, offer

PHONE_OR_US = Field("phone", "your number, or “us”", "01632 960 118")
NUMBER = Field("number", "the contract’s number", "N-20418")
CUSTOMER = Field("customer", "whose contract it is", "Margaret Ellison, The Harbour Letter")
ENDS = Field("ends", "the last day of its term", "14 Mar 2026")
VISITS = Field(
    "visits",
    "a sentence on the visits done and left",
    "1 of its 2 visits are done, 1 is left and paid for.",
    can_be_empty=True,
)
RING_TO = Field("ring_to", "what they would ring for", "To renew it, or to use a visit")
CONTRACT_LINK = Field("link", "their own page of the contract, to book or be rung", "{link}")
REACHED = Field("reached", "how the customer is reached", "Margaret Ellison: 07700 900412")
BEGINS = Field("begins", "the first day of the next term", "15 Mar 2026")
UNTIL = Field("until", "the last day of the next term", "14 Mar 2027")
PRICE = Field("price", "the price of the next term", "£612.00")
NOTICE_BY = Field("notice_by", "the last day for notice", "12 Feb 2026")
BY_ITSELF = (BEGINS, UNTIL, PRICE, NOTICE_BY)

_RUNS = "runs until {ends}"
_RENEWS = (
    "runs until {ends} and then renews by itself, until {until}, for {price}, unless notice is given by "
    "{notice_by}"
)
_NOTICE = "{{desk}}: your contract {{number}} {}.[ {{visits}}] {{ring_to}}, ring {{phone}}."
# A text has no room for both; a mail has.
_NOTICE_MAIL = "{{desk}}: your contract {{number}} {}.[ {{visits}}] {{ring_to}}: {{link}} or ring {{phone}}."
_OWNERS = "The contract {{number}} of {{customer}} {}.[ {{visits}}] {{reached}}."

OFFER_MAIL = (
    "Dear {name},\n\n"
    "your contract {contract} {ends}. We would be glad to go on looking after you.\n\n"
    "Our offer {offer}: {term}, for {price}[, with {visits}].[\nOf the present term: {used}.]"
    "[\n\n{words}]\n\n"
    "The attached letter says all of it. To accept or decline, until {valid_until}:\n{link}\n\n"
    "[Or ring {phone}; a person answers.\n\n][{signed}\n]{desk}"
)
OFFER_FIELDS = (
    DESK,
    NAME,
    PHONE,
    Field("contract", "the contract’s number", "N-20418"),
    Field("ends", "“runs until” or “ended on”, with the day", "runs until 14 Mar 2026"),
    Field("offer", "the offer’s number", "N-20418/1"),
    Field("term", "the offered term", "15 Mar 2026 to 14 Mar 2027"),
    Field("price", "its price", "£612.00"),
    Field("visits", "its visits", "2 visits", can_be_empty=True),
    Field("used", "what was used of the present term", "1 of 2 visits used, 1 left", can_be_empty=True),
    Field("words", "what was written into the offer", "Thank you for ten years.", can_be_empty=True),
    Field("valid_until", "until when it can be accepted", "4 Apr 2026"),
    Field("signed", "who made the offer", "Jamie Mercer", can_be_empty=True),
    Field("link", "their own page of the offer, to accept or decline", "{link}"),
)

offer(
    Wording(
        name="renewal notice",
        label="Contract ends",
        sent="On the days before the end of a term that the desk has set",
        kind="renewal notice",
        fields=(DESK, PHONE_OR_US, NUMBER, ENDS, VISITS, RING_TO, CONTRACT_LINK),
        ours={
            "en": {
                MAIL: Words(_NOTICE_MAIL.format(_RUNS), "Your contract {number} runs until {ends}"),
                SMS: Words(_NOTICE.format(_RUNS)),
            }
        },
        must_name=frozenset({"number", "ends"}),
    ),
    Wording(
        name="notice of renewing by itself",
        label="Contract renews by itself",
        sent="Once, while there is time to give notice",
        kind="renewal notice",
        fields=(DESK, PHONE_OR_US, NUMBER, ENDS, VISITS, RING_TO, CONTRACT_LINK, *BY_ITSELF),
        ours={
            "en": {
                MAIL: Words(
                    _NOTICE_MAIL.format(_RENEWS), "Your contract {number} renews by itself on {begins}"
                ),
                SMS: Words(_NOTICE.format(_RENEWS)),
            }
        },
        must_name=frozenset({"number", "price", "notice_by"}),
    ),
    Wording(
        name="renewal notice to its owner",
        label="Contract ends, to who looks after it",
        sent="With the customer’s notice, to a colleague",
        kind="renewal notice to its owner",
        fields=(DESK, NUMBER, CUSTOMER, ENDS, VISITS, REACHED),
        ours={"en": {MAIL: Words(_OWNERS.format(_RUNS), "{customer}: contract {number} runs until {ends}")}},
        must_name=frozenset({"number", "ends"}),
    ),
    Wording(
        name="notice of renewing to its owner",
        label="Contract renews by itself, to who looks after it",
        sent="With the customer’s notice, to a colleague",
        kind="renewal notice to its owner",
        fields=(DESK, NUMBER, CUSTOMER, ENDS, VISITS, REACHED, *BY_ITSELF),
        ours={
            "en": {
                MAIL: Words(
                    _OWNERS.format(_RENEWS), "{customer}: contract {number} renews by itself on {begins}"
                )
            }
        },
        must_name=frozenset({"number", "notice_by"}),
    ),
    Wording(
        name="renewal offer",
        label="Renewal offer",
        sent="When an offer is sent; the offer itself is attached to the mail",
        kind="renewal offer",
        fields=OFFER_FIELDS,
        ours={
            "en": {
                MAIL: Words(OFFER_MAIL, "Our renewal offer for your contract {contract}"),
                SMS: Words("{desk}: our renewal offer for {contract}: {link}[ or ring {phone}]"),
            }
        },
        must_name=frozenset({"link"}),
    ),
)
