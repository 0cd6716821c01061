"""A mail server that wants a name and a password, and answers as told."""

import email
import email.policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from servicedesk.embedded import ports

USER, PASSWORD = "northgate", "the password of the mail server"


class FakeMailServer:
    """SMTP in a thread. `recipient` and `data` are its answers; "silence" breaks the line."""

    def __init__(self, *, wants_password: bool = False):
        self.recipient, self.data = "250 OK", "250 taken"
        self.took, self.sessions = [], set()
        self.port = ports.first_free("127.0.0.1", 18125)
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            authenticator=self._known,
            auth_required=wants_password,
            auth_require_tls=False,
            ready_timeout=30,
        )

    def __enter__(self):
        self._controller.start()
        return self

    def __exit__(self, *_):
        self._controller.stop()

    def _known(self, server, session, envelope, mechanism, data):
        is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        # "Not handled": the server says 235 or 535 itself.
        return AuthResult(success=is_right, handled=False)

    async def handle_RCPT(self, server, session, envelope, address, options):
        """Whether it takes mail for this address."""
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server, session, envelope):
        """Whether it takes the mail itself."""
        if self.data == "silence":
            server.transport.abort()
            return "250 never heard"
        if self.data.startswith("250"):
            self.took.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
            self.sessions.add(id(session))
        return self.data
