"""Mail over SMTP: the installation's server, or that of a desk. SMTP cannot be asked what it took."""

import smtplib
from collections.abc import Callable

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from messaging.channels import NotSent, Outgoing, Refused, Unsure, one_line, said, sender
from messaging.deadline import Deadline

MARK = "{mark}"


class Mail:
    """Mail over one connection for a batch; `connect` makes it, `from_address` is whose mail it is.

    `deadline` watches the connection where it is a desk's: the installation's own server is trusted.
    """

    can_be_asked = False

    def __init__(
        self,
        connect: Callable[[], BaseEmailBackend] = get_connection,
        *,
        from_address: str = "",
        replies_to: str = "",
        deadline: Deadline | None = None,
    ):
        self._connect, self.from_address, self.replies_to = connect, from_address, replies_to
        self._deadline = deadline or Deadline()
        self._connection: BaseEmailBackend | None = None

    def send(self, outgoing: Outgoing) -> str:
        """Send it; returns its Message-ID, the same at every attempt. Raises NotSent, Refused, Unsure."""
        mail = letter(outgoing, from_address=self.from_address, replies_to=self.replies_to)
        with self._deadline:
            self._hand_over(mail)
        return mail.extra_headers["Message-ID"]

    def ask(self, outgoing: Outgoing) -> str | None:
        """SMTP keeps no list. Raises NotSent."""
        raise NotSent("A mail server cannot be asked what it took.")

    def close(self) -> None:
        """End the connection; the next mail opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._deadline.close()

    def _hand_over(self, mail):
        try:
            if self._connection is None:
                self._connection = self._connect()
                self._connection.open()
                if self._deadline.is_over:
                    # Half a greeting reads like a whole one.
                    raise TimeoutError
        except smtplib.SMTPAuthenticationError as error:
            self._let_go()
            raise Refused(f"The mail server does not accept the name and password: {_code(error)}") from error
        except OSError as error:
            self._let_go()
            raise NotSent(f"The mail server does not answer: {self._why(error)}") from error
        except ValueError:
            # SMTP has no letters for them; Python's words would repeat what they are.
            self._let_go()
            raise Refused(
                "The mail server cannot be told this name and password: write plain letters."
            ) from None
        try:
            self._connection.send_messages([mail])
        except ValueError as error:
            raise Refused(f"This is no mail address: {said(error)}") from error
        except smtplib.SMTPRecipientsRefused as error:
            self.close()
            code, words = next(iter(error.recipients.values()))
            raise _answer(code, words) from error
        except smtplib.SMTPResponseException as error:
            self.close()
            raise _answer(error.smtp_code, error.smtp_error) from error
        except OSError as error:
            self._let_go()
            raise Unsure(f"The mail server fell silent: {self._why(error)}") from error
        if self._deadline.is_over:
            # It was taken in the last moment; the next mail has a line of its own.
            self._let_go()

    def _let_go(self):
        """The line is broken: nothing can be said on it any more."""
        self._connection = None
        self._deadline.close()

    def _why(self, error):
        return self._deadline.words() if self._deadline.is_over else said(error)


def letter(outgoing: Outgoing, *, from_address: str = "", replies_to: str = "") -> EmailMessage:
    """The mail as it leaves, with the headers by which answers and one-click stops find their way."""
    headers = {
        "Message-ID": f"<{outgoing.key}@{outgoing.desk_slug}>",
        "X-Desk": outgoing.desk_slug,
        "Auto-Submitted": "auto-generated",
    }
    text = outgoing.text
    if outgoing.unsubscribe_url:
        # RFC 8058: the mail program itself posts to it, with one click.
        headers["List-Unsubscribe"] = f"<{outgoing.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        text = f"{text.rstrip()}\n\nNo more mail of this sort: {outgoing.unsubscribe_url}\n"
    # What stands for the message in the address tells an answer's matter (`messaging.mail_in`).
    reply_to = (replies_to or outgoing.reply_to).replace(MARK, outgoing.key.replace("-", ""))
    return EmailMessage(
        subject=one_line(outgoing.title),
        body=text,
        from_email=sender(outgoing.sender_name, from_address),
        to=[one_line(outgoing.address)],
        reply_to=[one_line(reply_to)] if reply_to else None,
        headers=headers,
        attachments=[(one_line(file.name), file.content, file.content_type) for file in outgoing.attachments],
    )


def _answer(code, words):
    reason = f"The mail server answered {code}: {_text(words)}"
    return Refused(reason) if code >= 500 else NotSent(reason)


def _code(error):
    return f"{error.smtp_code} {_text(error.smtp_error)}"


def _text(words):
    return (words.decode(errors="replace") if isinstance(words, bytes) else str(words))[:150]
