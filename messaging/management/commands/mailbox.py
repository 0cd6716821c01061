"""`manage.py mailbox`: takes mail (SMTP) and texts (HTTP) in development and keeps them as files."""

import email
import email.policy
import json
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from aiosmtpd.controller import Controller
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from messaging import mailbox
from messaging.attachments import Attachment
from messaging.mailbox import Caught

MOST_BYTES = 20_000_000


class Command(BaseCommand):
    help = "Catches the mail and texts of development on EMAIL_PORT and at SMS_URL until it is stopped."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        # `up` holds the ports and hands them over, so that nobody takes them in between.
        parser.add_argument("--mail-fd", type=int, help="a listening socket for mail, instead of EMAIL_PORT")
        parser.add_argument("--sms-fd", type=int, help="a listening socket for texts, instead of SMS_URL's")

    def handle(self, *, mail_fd: int | None, sms_fd: int | None, **options: object) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with Catcher(mail_fd, sms_fd) as catcher:
            self.stdout.write(f"Mail is caught at {catcher.mail_address}, texts at {catcher.sms_address}.")
            self.stdout.write(f"They are kept in {settings.MAILBOX_DIR}.")
            self.stdout.flush()
            stop.wait()


class Catcher:
    """Both ends, while the block lasts. Raises CommandError when a port is taken."""

    def __init__(self, mail_fd: int | None = None, sms_fd: int | None = None) -> None:
        self.mail_address = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
        self.mail = MailServer(_listener(mail_fd, settings.EMAIL_HOST, settings.EMAIL_PORT))
        parts = urlsplit(settings.SMS_URL)
        leads_here = parts.hostname == settings.EMAIL_HOST and parts.port is not None
        self.sms_address = settings.SMS_URL if leads_here else "nowhere (SMS_URL leads elsewhere)"
        self.sms = SmsServer(_listener(sms_fd, parts.hostname, parts.port)) if leads_here else None

    def __enter__(self) -> "Catcher":
        self.mail.start()
        if self.sms is not None:
            threading.Thread(target=self.sms.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.mail.stop()
        if self.sms is not None:
            self.sms.shutdown()
            self.sms.server_close()


def _listener(handed_over: int | None, host: str, port: int) -> socket.socket:
    if handed_over is not None:
        return socket.socket(fileno=handed_over)
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise CommandError(f"Nothing can be caught at {host}:{port}: {error}") from error


class MailServer(Controller):
    """SMTP on a socket that listens already."""

    def __init__(self, listener: socket.socket) -> None:
        # A busy machine is not a reason to give up: 30 s instead of 5.
        super().__init__(
            MailEnd(),
            *listener.getsockname()[:2],
            data_size_limit=MOST_BYTES,
            ready_timeout=30,
        )
        self.listener = listener

    def _create_server(self):
        return self.loop.create_server(self._factory_invoker, sock=self.listener)


class SmsServer(ThreadingHTTPServer):
    """HTTP on a socket that listens already."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener.getsockname()[:2], SmsEnd, bind_and_activate=False)
        self.socket.close()
        self.socket = listener


class MailEnd:
    """The SMTP end, as aiosmtpd asks for it."""

    async def handle_DATA(self, server, session, envelope):
        """Keep one mail for the desk that its X-Desk header names."""
        read = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = read.get_body(("plain", "html"))
        caught = Caught(
            channel="mail",
            to=", ".join(envelope.rcpt_tos),
            sender=str(read["From"] or envelope.mail_from),
            title=str(read["Subject"] or ""),
            text=body.get_content().replace("\r\n", "\n") if body else "",
            came_at=timezone.now().isoformat(),
        )
        key = str(read["Message-ID"] or "").strip("<>").partition("@")[0]
        files = [
            Attachment(
                name=part.get_filename() or "no name",
                content_type=part.get_content_type(),
                content=part.get_payload(decode=True) or b"",
            )
            for part in read.iter_attachments()
        ]
        mailbox.keep(caught, desk_slug=str(read["X-Desk"] or ""), key=key, files=files)
        return "250 Kept"


class SmsEnd(BaseHTTPRequestHandler):
    """A provider for texts: POST takes one, GET of its key says whether it came."""

    def do_POST(self) -> None:
        """Keep one text. The body is JSON with to, text and reference (the key)."""
        try:
            length = int(self.headers["Content-Length"] or 0)
            if length > MOST_BYTES:
                return self._answer(413, {"error": "Too long"})
            sent = json.loads(self.rfile.read(length))
            caught = Caught(
                channel="sms",
                to=str(sent["to"]),
                sender="",
                title="",
                text=str(sent["text"]),
                came_at=timezone.now().isoformat(),
            )
        except (ValueError, KeyError, TypeError) as error:
            return self._answer(400, {"error": f"Not a text with to and text: {error}"})
        key = str(sent.get("reference", ""))
        name = mailbox.keep(caught, desk_slug=self.headers["X-Desk"] or "", key=key)
        return self._answer(201, {"id": name})

    def do_GET(self) -> None:
        """404 for a key that never came."""
        name = mailbox.name_of(unquote(urlsplit(self.path).path.strip("/")))
        return self._answer(200, {"id": name}) if name else self._answer(404, {"error": "Never came"})

    def log_message(self, format: str, *args: object) -> None:
        """Only what went wrong is worth a line."""
        if str(args[1] if len(args) > 1 else "").startswith(("4", "5")) and self.command != "GET":
            sys.stderr.write(f"{format % args}\n")

    def _answer(self, status: int, body: dict) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
