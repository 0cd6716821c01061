"""Mails as they really come, made from a seed, each with the truth of whose it is and what becomes of it."""

import base64
import random
from dataclasses import dataclass

from cases.matters import open_case
from cases.models import Case
from customers.models import Contact, Customer, Equipment, Site
from messaging.keys import key_of
from messaging.models import Message

DESK_ADDRESS = "service@northgate.example"
PDF = b"%PDF-1.4\nan invoice\n%%EOF"
WORDS = (
    "The copier stands still again.",
    "Four o’clock is better for us.",
    "Könnten Sie am Donnerstag kommen? Die Tür ist offen.",
    "Could you bring the long cable?",
    "Is the part in stock by now?",
)


@dataclass
class Person:
    """One customer of the world: whom they write as, the matter that is open, and what we wrote to them."""

    customer: Customer
    contact: Contact
    case: Case | None
    written: Message


@dataclass(frozen=True)
class Made:
    """One mail and its truth. `becomes`: contact, tray, automatic, own or report."""

    name: str
    raw: bytes
    mail_id: str
    becomes: str
    customer: Customer | None = None
    case: Case | None = None
    # Words that a person must read, and words that were cut.
    says: str = ""
    not_says: str = ""
    files: tuple[tuple[str, bool], ...] = ()


def make_people(desk, *, now, count: int) -> list[Person]:
    """Customers (the desk is open): every third has two open matters, so that none is theirs by itself."""
    people = []
    for number in range(count):
        customer = Customer.objects.create(name=f"Customer {number}", number=f"P{number}")
        site = Site.objects.create(customer=customer, street=f"{number} Mill Road")
        machine = Equipment.objects.create(site=site, model="TC-240", serial_number=f"P-{number}")
        contact = Contact.objects.create(
            customer=customer,
            name=f"Person {number}",
            email=f"person{number}@customer{number}.example",
            phone=f"07700 9{number:05}",
            is_main=True,
        )
        by = desk.people["dispatcher"]
        what = {"kind": Case.Kind.FAULT, "by": by, "now": now}
        case = open_case(customer=customer, title="It stands still", equipment=machine, **what)
        if number % 3 == 2:
            open_case(customer=customer, title="Another matter", category="invoice", **what)
        written = Message.objects.create(
            key=key_of("proof", number),
            kind="test",
            channel="mail",
            customer=customer,
            contact=contact,
            subject=case.public_id,
            state="sent",
            sent_at=now,
            send_after=now,
            planned_at=now,
            title="Your visit",
            text=f"Lou comes to you, {number}.",
        )
        people.append(Person(customer, contact, None if number % 3 == 2 else case, written))
    return people


class Maker:
    """Makes mails from a seed; each kind has its turn, its details are diced."""

    def __init__(self, people, *, slug, shared: str, colleague: str, seed: int):
        self.people, self.slug, self.shared, self.colleague = people, slug, shared, colleague
        self.dice, self.number, self.seed = random.Random(seed), 0, seed
        self.earlier: list[tuple[str, Person]] = []

    def make(self) -> Made:
        """The next mail."""
        self.number += 1
        kind = KINDS[(self.number - 1) % len(KINDS)]
        return kind(self, self.dice.choice(self.people), f"{self.seed}.{self.number}@mail.example")

    def head(self, sender, mail_id, *lines, title="About the copier"):
        """The head of a mail, as bytes, with its empty line."""
        all_lines = [
            f"From: {sender}",
            f"To: {DESK_ADDRESS}",
            *([f"Message-ID: <{mail_id}>"] if mail_id else []),
            f"Subject: {title}",
            "Date: Thu, 05 Mar 2026 11:58:00 +0000",
            "MIME-Version: 1.0",
            *lines,
        ]
        return "\n".join(all_lines).encode() + b"\n\n"

    def our_id(self, person):
        """Under which our mail left."""
        return f"<{person.written.key}@{self.slug}>"


def _text(charset="utf-8"):
    return f"Content-Type: text/plain; charset={charset}", "Content-Transfer-Encoding: 8bit"


def answers_ours(maker, person, mail_id):
    words, quote = maker.dice.choice(WORDS), "Lou comes to you"
    heads = (
        f"On Mon, 2 Mar 2026 at 10:00, Northgate <{DESK_ADDRESS}> wrote:\n> {quote}\n",
        f"Am 02.03.2026 um 10:00 schrieb Northgate <{DESK_ADDRESS}>:\n\n> {quote}\n",
        f"-----Original Message-----\nFrom: Northgate\nSent: Monday\nTo: You\nSubject: x\n\n{quote}\n",
        f"From: Northgate <{DESK_ADDRESS}>\nSent: Monday\nTo: You\nSubject: Your visit\n\n{quote}\n",
    )
    body = f"{words}\n\n{maker.dice.choice(heads)}"
    lines = (f"In-Reply-To: {maker.our_id(person)}", *_text())
    raw = maker.head(person.contact.email, mail_id, *lines, title="Re: Your visit") + body.encode()
    about = maker.people[maker.people.index(person)].written.subject
    case = Case.objects.get(public_id=about)
    maker.earlier.append((mail_id, person))
    return Made("answer", raw, mail_id, "contact", person.customer, case, words, quote)


def answers_from_elsewhere(maker, person, mail_id):
    lines = (f"References: <older@elsewhere.example> {maker.our_id(person)}", *_text())
    raw = maker.head("Her son <son@elsewhere.example>", mail_id, *lines) + maker.dice.choice(WORDS).encode()
    case = Case.objects.get(public_id=person.written.subject)
    return Made("answer from elsewhere", raw, mail_id, "contact", person.customer, case)


def answers_by_mark(maker, person, mail_id):
    to = f"X-Original-To: service+{person.written.key.hex}@northgate.example"
    raw = maker.head("private@elsewhere.example", mail_id, to, *_text()) + b"Yes, that suits."
    case = Case.objects.get(public_id=person.written.subject)
    return Made("answer by its mark", raw, mail_id, "contact", person.customer, case, "Yes, that suits.")


def writes_anew(maker, person, mail_id):
    label, real = maker.dice.choice(
        [("utf-8", "utf-8"), ("iso-8859-1", "cp1252"), ("us-ascii", "utf-8"), ("x-unknown", "cp1252")]
    )
    words = "Die Tür – Größe 3 “rechts”" if real == "cp1252" else maker.dice.choice(WORDS)
    raw = maker.head(f"P <{person.contact.email.upper()}>", mail_id, *_text(label)) + words.encode(real)
    return Made(f"new, {label}", raw, mail_id, "contact", person.customer, person.case, words)


def writes_html(maker, person, mail_id):
    words = maker.dice.choice(WORDS)
    page = (
        "<html><head><style>p{color:red}</style></head><body><script>alert(1)</script>"
        f"<p>{words}</p><div class=gmail_quote><blockquote>Lou comes to you</blockquote></div></body></html>"
    )
    packed = base64.encodebytes(page.encode())
    lines = ("Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64")
    raw = maker.head(person.contact.email, mail_id, *lines) + packed
    return Made("HTML only", raw, mail_id, "contact", person.customer, person.case, words, "alert(1)")


def signs_with_number(maker, person, mail_id):
    number = maker.dice.choice([person.contact.phone, f"+44 (0) {person.contact.phone[1:]}"[:40]])
    number = number.replace("(0) ", "")
    body = f"Please ring me.\n\n-- \nPerson\nTel {number}\n"
    raw = maker.head("somebody@freemail.example", mail_id, *_text()) + body.encode()
    return Made("number in the signature", raw, mail_id, "contact", person.customer, person.case)


def is_unknown(maker, person, mail_id):
    raw = maker.head(f"stranger{maker.number}@freemail.example", mail_id, *_text()) + b"Who repairs copiers?"
    return Made("unknown", raw, mail_id, "tray")


def has_shared_address(maker, person, mail_id):
    raw = maker.head(maker.shared, mail_id, *_text()) + b"The second machine is loud."
    return Made("address of two customers", raw, mail_id, "tray")


def is_told_by_number(maker, person, mail_id):
    chosen = maker.people[maker.number % 2]
    body = f"The machine is loud.\n\nKind regards,\nThe office\nPhone {chosen.contact.phone}\n"
    raw = maker.head(maker.shared, mail_id, *_text()) + body.encode()
    return Made("shared address, own number", raw, mail_id, "contact", chosen.customer, chosen.case)


def is_handed_on(maker, person, mail_id):
    body = (
        "See below\n\n---------- Forwarded message ---------\n"
        f"From: Person <{person.contact.email}>\nDate: Wed\nSubject: Loud\nTo: Dana\n\nIt is loud.\n"
    )
    raw = maker.head(maker.colleague, mail_id, *_text(), title="Fwd: Loud") + body.encode()
    return Made("forwarded in the text", raw, mail_id, "contact", person.customer, person.case, "It is loud.")


def is_handed_on_as_a_mail(maker, person, mail_id):
    inner = maker.head(person.contact.email, f"inner.{mail_id}", *_text(), title="Loud") + b"It is loud."
    parts = b"--b\nContent-Type: text/plain\n\nSee it\n--b\nContent-Type: message/rfc822\n\n" + inner
    lines = ("Content-Type: multipart/mixed; boundary=b",)
    raw = maker.head(maker.colleague, mail_id, *lines, title="Fwd") + parts + b"\n--b--\n"
    files = (("Loud.eml", True),)
    return Made("forwarded as a file", raw, mail_id, "contact", person.customer, person.case, files=files)


def is_away(maker, person, mail_id):
    mark = maker.dice.choice(
        [
            "Auto-Submitted: auto-replied",
            "X-Autoreply: yes",
            "Precedence: auto_reply",
            "Return-Path: <>",
            "X-Auto-Response-Suppress: All",
        ]
    )
    title = maker.dice.choice(["Out of Office: Re: Your visit", "Abwesenheitsnotiz", "Automatic reply: x"])
    lines = (f"In-Reply-To: {maker.our_id(person)}", mark, *_text())
    raw = maker.head(person.contact.email, mail_id, *lines, title=title) + b"I am away until Monday."
    return Made("away", raw, mail_id, "automatic", person.customer)


def speaks_of_holidays(maker, person, mail_id):
    title = "On holiday next week: please come before"
    raw = maker.head(person.contact.email, mail_id, *_text(), title=title) + b"Come on Friday, please."
    return Made("only a title like it", raw, mail_id, "contact", person.customer, person.case)


def _returned(maker, mail_id, inner, action="failed", to="person@customer.example"):
    status = f"Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; {to}\nAction: {action}\n"
    status += "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n"
    parts = "--b\nContent-Type: text/plain\n\nUndelivered\n--b\nContent-Type: message/delivery-status\n\n"
    body = f"{parts}{status}\n--b\n{inner}\n--b--\n"
    lines = ("Content-Type: multipart/report; report-type=delivery-status; boundary=b", "Return-Path: <>")
    title = "Undelivered Mail Returned to Sender"
    return maker.head("MAILER-DAEMON@mx.example", mail_id, *lines, title=title) + body.encode()


def came_back(maker, person, mail_id):
    inner = f"Content-Type: message/rfc822\n\nMessage-ID: {maker.our_id(person)}\nX-Desk: x\n\nLou comes"
    raw = _returned(maker, mail_id, inner, maker.dice.choice(["failed", "delayed"]))
    return Made("came back", raw, mail_id, "report", person.customer)


def came_back_as_headers(maker, person, mail_id):
    inner = f"Content-Type: text/rfc822-headers\n\nMessage-ID: {maker.our_id(person)}\nSubject: x\n"
    return Made("came back, its head", _returned(maker, mail_id, inner), mail_id, "report", person.customer)


def came_back_in_words(maker, person, mail_id):
    body = (
        f"I could not deliver your message.\n\n--- Below is a copy.\n\nMessage-ID: {maker.our_id(person)}\n"
    )
    lines = ("X-Failed-Recipients: person@customer.example", "Auto-Submitted: auto-replied", *_text())
    title = "Mail delivery failed: returning message to sender"
    raw = maker.head("Mail Delivery System <mailer-daemon@mx.example>", mail_id, *lines, title=title)
    return Made("came back in words", raw + body.encode(), mail_id, "report", person.customer)


def came_back_of_nobody(maker, person, mail_id):
    inner = "Content-Type: message/rfc822\n\nMessage-ID: <by-hand@laptop.example>\n\nHello"
    raw = _returned(maker, mail_id, inner, to="nobody@nowhere.example")
    return Made("came back, not ours", raw, mail_id, "tray")


def was_read(maker, person, mail_id):
    lines = ("Content-Type: multipart/report; report-type=disposition-notification; boundary=b",)
    body = "--b\nContent-Type: text/plain\n\nYour message was read.\n--b--\n"
    raw = maker.head(person.contact.email, mail_id, *lines, title="Read: Your visit") + body.encode()
    return Made("was read", raw, mail_id, "automatic", person.customer)


def is_of_a_list(maker, person, mail_id):
    lines = ("List-Id: <news.toner.example>", "List-Unsubscribe: <https://toner.example/x>", *_text())
    raw = maker.head("news@toner.example", mail_id, *lines, title="Toner for less") + b"Buy now"
    return Made("a list", raw, mail_id, "automatic")


def is_our_own(maker, person, mail_id):
    lines = (f"X-Desk: {maker.slug}", "Auto-Submitted: auto-generated", *_text())
    raw = maker.head(DESK_ADDRESS, mail_id, *lines, title="Your visit") + b"Lou comes"
    return Made("our own", raw, mail_id, "own")


def brings_files(maker, person, mail_id):
    name = maker.dice.choice(
        ["../../etc/passwd.pdf", "invoice.pdf.exe", "=?utf-8?q?Rechnung_M=C3=A4rz?=.pdf"]
    )
    packed = base64.encodebytes(PDF).decode()
    body = (
        "--b\nContent-Type: text/plain; charset=utf-8\n\nThe invoice\n"
        f'--b\nContent-Type: application/x-anything; name="{name}"\n'
        f"Content-Transfer-Encoding: base64\nContent-Disposition: attachment\n\n{packed}"
        '--b\nContent-Type: application/pdf; name="run.pdf"\n'
        "Content-Disposition: attachment\n\nMZ\x01 program\n--b--\n"
    )
    raw = maker.head(person.contact.email, mail_id, "Content-Type: multipart/mixed; boundary=b")
    kept = {"../../etc/passwd.pdf": "passwd.pdf", "invoice.pdf.exe": "invoice.pdf.exe.pdf"}
    files = ((kept.get(name, "Rechnung März.pdf"), True), ("run.pdf", False))
    return Made("files", raw + body.encode(), mail_id, "contact", person.customer, person.case, files=files)


def brings_a_huge_file(maker, person, mail_id):
    packed = base64.b64encode(b"%PDF-1.4" + bytes(26_000_000)).decode()
    body = (
        "--b\nContent-Type: text/plain\n\nThe film\n--b\nContent-Type: application/pdf\n"
        'Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename="film.pdf"\n\n'
        f"{packed}\n--b--\n"
    )
    raw = maker.head(person.contact.email, mail_id, "Content-Type: multipart/mixed; boundary=b")
    files = (("film.pdf", False),)
    return Made(
        "a huge file", raw + body.encode(), mail_id, "contact", person.customer, person.case, files=files
    )


def accepts_in_calendar(maker, person, mail_id):
    entry = "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nSUMMARY:Your visit\n"
    entry += "ATTENDEE;PARTSTAT=DECLINED:mailto:x\nEND:VEVENT\nEND:VCALENDAR\n"
    lines = ("Content-Type: text/calendar; method=REPLY; charset=utf-8",)
    raw = maker.head(person.contact.email, mail_id, *lines, title="Declined: Your visit") + entry.encode()
    says = "No to “Your visit”, from their calendar"
    return Made("calendar", raw, mail_id, "contact", person.customer, person.case, says)


def is_broken(maker, person, mail_id):
    how = maker.dice.choice(["boundary", "base64", "signs", "subject", "empty", "deep", "parameters"])
    sender = person.contact.email
    if how == "boundary":
        raw = maker.head(sender, mail_id, "Content-Type: multipart/mixed; boundary=b") + b"--c\nIt is loud"
    elif how == "base64":
        lines = ("Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64")
        raw = maker.head(sender, mail_id, *lines) + b"SXQgaXMgbG91ZA=\n!!not base64!!"
    elif how == "signs":
        raw = maker.head(sender, mail_id, *_text()) + b"It\x00is \xff\xfe loud \xed\xa0\x80"
    elif how == "subject":
        raw = maker.head(sender, mail_id, *_text(), title="=?utf-8?b?//79?= =?x?q?") + b"It is loud"
    elif how == "empty":
        raw = maker.head(sender, mail_id, *_text(), title="(empty)")
    elif how == "deep":
        nested = "".join(f"--n{n}\nContent-Type: multipart/mixed; boundary=n{n + 1}\n\n" for n in range(60))
        raw = maker.head(sender, mail_id, "Content-Type: multipart/mixed; boundary=n0") + nested.encode()
    else:
        lines = (
            "Content-Type: text/plain; charset=\"utf-8\"; name*0*=''%FF%GG; =; ;",
            "Content-Disposition: ;;",
        )
        raw = maker.head(sender, mail_id, *lines) + b"It is loud"
    return Made(f"broken: {how}", raw, mail_id, "contact", person.customer, person.case)


def has_no_id(maker, person, mail_id):
    raw = maker.head(person.contact.email, "", *_text(), title=f"Without id {mail_id}") + b"It is loud"
    return Made("no Message-ID", raw, "", "contact", person.customer, person.case)


def goes_on(maker, person, mail_id):
    if not maker.earlier:
        return writes_anew(maker, person, mail_id)
    first, person = maker.dice.choice(maker.earlier)
    lines = (f"In-Reply-To: <{first}>", *_text())
    raw = maker.head("her.son@elsewhere.example", mail_id, *lines, title="Re: Your visit") + b"One more thing"
    case = Case.objects.get(public_id=person.written.subject)
    return Made("goes on from an earlier mail", raw, mail_id, "contact", person.customer, case)


KINDS = (
    *(answers_ours, answers_from_elsewhere, answers_by_mark, writes_anew, writes_html, signs_with_number),
    *(is_unknown, has_shared_address, is_told_by_number, is_handed_on, is_handed_on_as_a_mail, is_away),
    *(speaks_of_holidays, came_back, came_back_as_headers, came_back_in_words, came_back_of_nobody),
    *(was_read, is_of_a_list, is_our_own, brings_files, accepts_in_calendar, is_broken, has_no_id, goes_on),
)
