"""The words of a mail for reading: out of HTML, without what it quotes and its signature. Nothing raises."""

import re
from collections import Counter
from dataclasses import dataclass
from html import unescape

# A text of more is read no further: the whole mail is kept.
LONGEST = 200_000
_BLOCKS = {
    *("address", "article", "blockquote", "center", "div", "dl", "dt", "dd", "fieldset", "footer", "form"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section"),
    *("table", "tr", "ul"),
}
_UNSEEN = {"script", "style", "head", "title", "template", "noscript", "svg", "math", "object"}
_NO_END = {"br", "hr", "img", "meta", "link", "input", "col", "wbr", "base", "area"}
# By which mail programs mark what they quote.
_QUOTES = re.compile(
    r"gmail_quote|gmail_extra|yahoo_quoted|moz-cite-prefix|divRplyFwdMsg|appendonsend|OutlookMessageHeader"
)
_TAG = re.compile(r"<\s*(/?)([a-zA-Z!?][a-zA-Z0-9]*)")
_VALUE = re.compile(r"""([a-zA-Z-]{2,20})\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
_LONGEST_TAG, _LONGEST_LINE = 2_000, 400
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)

_WROTE = re.compile(
    r"^(?:"
    r"(?:On|Am|Le|Op|El|Il|Em|Den|Dne|W dniu|Dnia|Pe|V) .{6,250}?"
    r"(?:wrote|schrieb|écrit|schreef|escribió|scritto|escreveu|skrev|napsal\(a\)|napisał\(a\)|a scris)"
    r"\b.{0,120}:"
    r"|.{3,120}(?:<[^<>\s]+@[^<>\s]+>|\d{4}).{0,20} (?:wrote|schrieb|schreef|skrev) ?:"
    r")\s*$"
)
_ORIGINAL = re.compile(
    r"^-{2,}\s*(?:Original Message|Original message|Ursprüngliche Nachricht|Originalnachricht|"
    r"Message d'origine|Message d’origine|Oorspronkelijk bericht|Mensaje original|Messaggio originale|"
    r"Mensagem original|Opprinnelig melding|Ursprungligt meddelande)\s*-{2,}\s*$"
)
_FORWARDED = re.compile(
    r"^(?:-{2,}\s*(?:Forwarded [Mm]essage|Weitergeleitete Nachricht|Message transféré|"
    r"Doorgestuurd bericht|Mensaje reenviado|Messaggio inoltrato)[^-]*-{2,}"
    r"|Begin forwarded message:|Anfang der weitergeleiteten Nachricht:|Début du message transféré :)\s*$"
)
_FROM = re.compile(r"^\*?(?:From|Von|De|Van|Da|Från|Fra|Od)\s?:\*?\s*\S")
_OTHER_HEADER = re.compile(
    r"^\*?(?:Sent|Date|To|Subject|Cc|Gesendet|Datum|An|Betreff|Envoyé|Objet|À|Verzonden|Aan|Onderwerp|"
    r"Enviado|Para|Asunto|Inviato|A|Oggetto|Data|Skickat|Till|Ämne|Reply-To)\s?:\*?"
)
_ADDRESS = re.compile(r"[\w.+'&=/-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_SENT_FROM = re.compile(
    r"^(?:Sent from (?:my|Mail|Outlook|Yahoo)|Get Outlook for|Von meinem .{1,40} gesendet"
    r"|Gesendet (?:von|mit)|Envoyé (?:de|depuis) |Verstuurd vanaf|Enviado desde|Inviato da|Skickat från)\b"
    r".{0,120}$"
)
_CLOSING = re.compile(
    r"^(?:(?:kind|best|warm|many|with best|with kind)?\s*(?:regards|wishes)|sincerely(?: yours)?|"
    r"yours(?: sincerely| faithfully| truly)?|cheers|(?:many )?thanks(?: and regards)?|thank you|"
    r"mit freundlichen grüßen|viele grüße|freundliche grüße|liebe grüße|mfg|cordialement|bien à vous|"
    r"met vriendelijke groet(?:en)?|mvg|saludos(?: cordiales)?|cordiali saluti|atenciosamente)\s*[,.!]*\s*$",
    re.IGNORECASE,
)
_REACHED = re.compile(
    r"\+?\d[\d ()./-]{6,}\d|@|\bwww\.|https?://|\btel\b|\bphone\b|\bmobile\b", re.IGNORECASE
)
# A signature under a closing word is no longer, and no wider.
_SIGNATURE_LINES, _SIGNATURE_WIDTH = 14, 120


@dataclass(frozen=True)
class Words:
    """What somebody wrote, and what was cut from it for reading."""

    own: str
    quoted: str = ""
    signature: str = ""
    is_forward: bool = False
    # Whose mail was forwarded, where the words say it.
    forwarded_from: str = ""


def text_of_html(page: str) -> str:
    """The words of a page, in lines, what it quotes marked by ">". Never raises."""
    reader = _Reader()
    reader.read(page[: 5 * LONGEST])
    return reader.text()


def cut(text: str) -> Words:
    """A text in its own words, its quotes and its signature; never empty words for a text that has some."""
    lines = text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").split("\n")
    start = next((number for number, line in enumerate(lines) if _FORWARDED.match(_bare(line))), None)
    if start is not None:
        own, _, signature = _parted(lines[:start])
        inner = "\n".join(lines[start:])
        # What is forwarded is what they want us to read.
        whole = "\n\n".join(part for part in (own, inner.strip()) if part)
        return Words(whole, "", signature, True, _forwarded_from(lines[start:]))
    own, quoted, signature = _parted(lines)
    if not own:
        return Words(text[:LONGEST].strip(), "", signature)
    return Words(own, quoted, signature)


def _parted(lines):
    own, quoted, number = [], [], 0
    while number < len(lines):
        line = lines[number]
        if line.lstrip().startswith(">"):
            quoted.append(line)
            number += 1
            continue
        length = _begins_quote(lines, number)
        if length:
            rest = lines[number + length :]
            following = next((one for one in rest if one.strip()), "")
            quoted += lines[number : number + length]
            number += length
            if not following.lstrip().startswith(">"):
                # It is not marked line by line: all that follows is the earlier mail.
                quoted += rest
                break
            continue
        own.append(line)
        number += 1
    own, signature = _without_signature(own)
    return _joined(own), _joined(quoted), _joined(signature)


def _begins_quote(lines, number):
    """How many lines say that a quote begins here; 0 when none does."""
    line = _bare(lines[number])
    if _ORIGINAL.match(line):
        return 1
    for length in (1, 2, 3):
        parts = [_bare(part) for part in lines[number : number + length]]
        if not all(parts) or any(part.startswith(">") for part in parts):
            break
        if _WROTE.match(" ".join(parts)):
            return length
    if _FROM.match(line):
        near = [bare for one in lines[number + 1 : number + 7] if (bare := _bare(one))][:4]
        if sum(bool(_OTHER_HEADER.match(one)) for one in near) >= 2:
            return 1
    return 0


def _without_signature(lines):
    for number, line in enumerate(lines):
        if line.rstrip() == "--" or _SENT_FROM.match(_bare(line)):
            return lines[:number], lines[number:]
    for number in range(len(lines) - 1, -1, -1):
        if _CLOSING.match(_bare(lines[number])):
            after = [one for one in lines[number + 1 :] if one.strip()]
            is_short = len(after) <= _SIGNATURE_LINES and all(len(one) <= _SIGNATURE_WIDTH for one in after)
            if is_short and any(_REACHED.search(one) for one in after):
                return lines[: number + 1], lines[number + 1 :]
            break
    return lines, []


def _forwarded_from(lines):
    """The first address after a "From:" of the forwarded head."""
    for line in lines[:15]:
        if _FROM.match(bare := _bare(line)) and (found := _ADDRESS.search(bare)):
            return found.group()
    return ""


def _bare(line):
    """A line without the spaces around it; empty for one that is too long to be a head or a closing."""
    bare = line.strip()
    return bare if len(bare) <= _LONGEST_LINE else ""


def _joined(lines):
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()


def _pieces(page):
    """Tags ("<p class=x>") and texts of a page, in order, in time that grows with its length only.

    Python's own reader takes minutes for a few thousand tags that never end.
    """
    place, end = 0, -1
    while place < len(page):
        start = page.find("<", place)
        if start < 0:
            yield page[place:]
            return
        if start > place:
            yield page[place:start]
        if page.startswith("<!--", start):
            end_of_note = page.find("-->", start)
            if end_of_note < 0:
                return
            place = end_of_note + 3
            continue
        if end <= start:
            end = page.find(">", start)
            if end < 0:
                yield page[start:]
                return
        following = page.find("<", start + 1, end)
        if following >= 0 or not _TAG.match(page, start):
            # A sign of the text, and no tag.
            yield " <"
            place = start + 1
            continue
        yield page[start : end + 1]
        place = end + 1


class _Reader:
    """Lines of text out of HTML, each with the depth of quoting at which it stands."""

    def __init__(self):
        self._lines: list[tuple[int, str]] = []
        self._words: list[str] = []
        # Of each open element: its name, whether it is unseen, whether it quotes.
        self._open: list[tuple[str, bool, bool]] = []
        self._names: Counter[str] = Counter()
        self._unseen = self._depth = self._length = 0

    def read(self, page):
        """All pieces of it."""
        for piece in _pieces(page):
            found = _TAG.match(piece)
            if found is None:
                self._take(piece)
            elif found[1]:
                self._end(found[2].lower())
            else:
                self._begin(found[2].lower(), piece)

    def text(self):
        """All lines; a run of empty ones is one."""
        self._end_line()
        said = [f"{'> ' * min(depth, 5)}{line}".rstrip() for depth, line in self._lines]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(said)).strip()

    def _begin(self, tag, piece):
        if tag in _BLOCKS or tag == "br":
            self._end_line()
        if tag in {"td", "th"}:
            self._words.append(" ")
        values = {name.lower(): value.strip("\"'") for name, value in _VALUE.findall(piece[:_LONGEST_TAG])}
        if tag == "img" and not self._unseen and (said := unescape(values.get("alt", "")).strip()):
            self._words.append(f"[{said}]")
        if tag in _NO_END or piece.endswith("/>"):
            return
        marks = f"{values.get('class', '')} {values.get('id', '')}"
        quotes = tag == "blockquote" or bool(tag == "div" and _QUOTES.search(marks))
        unseen = tag in _UNSEEN or bool(_HIDDEN.search(values.get("style", "")))
        self._unseen += unseen
        self._depth += quotes
        self._open.append((tag, unseen, quotes))
        self._names[tag] += 1

    def _end(self, tag):
        if tag in _BLOCKS:
            self._end_line()
        # A tag that closes nothing is none.
        if not self._names[tag]:
            return
        while self._open:
            name, unseen, quotes = self._open.pop()
            self._names[name] -= 1
            self._unseen -= unseen
            self._depth -= quotes
            if name == tag:
                break

    def _take(self, data):
        if self._unseen or self._length > LONGEST:
            return
        self._length += len(data)
        self._words.append(unescape(data))

    def _end_line(self):
        line = " ".join("".join(self._words).split())
        self._words = []
        if line or (self._lines and self._lines[-1][1]):
            self._lines.append((self._depth, line))
