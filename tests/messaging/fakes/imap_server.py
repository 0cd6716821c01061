"""A mailbox that speaks IMAP in a thread: login, EXAMINE, UID SEARCH and UID FETCH, no more."""

import re
import socketserver
import threading

USER, PASSWORD = "northgate", "the password of the mailbox"


class FakeMailbox:
    """`add` puts a mail in; `validity` is the folder's. `cut_after` breaks the line after so many fetches."""

    def __init__(self):
        self.mails: dict[int, bytes] = {}
        self.validity, self.next_uid = 1, 1
        self.cut_after: int | None = None
        self.commands: list[str] = []
        outer = self

        class Session(socketserver.StreamRequestHandler):
            """One connection."""

            def handle(self):
                outer._serve(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, raw: bytes) -> int:
        """Put a mail in; its UID."""
        uid, self.next_uid = self.next_uid, self.next_uid + 1
        self.mails[uid] = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return uid

    def renumber(self):
        """As after a restore: other UIDs for the same mails."""
        self.validity += 1
        self.mails = dict(enumerate(self.mails.values(), start=1))
        self.next_uid = len(self.mails) + 1

    def _serve(self, session):
        session.wfile.write(b"* OK at your service\r\n")
        for line in session.rfile:
            tag, _, command = line.decode().strip().partition(" ")
            self.commands.append(command.split(" ")[0] if "LOGIN" in command else command)
            ok = self._answer(session, command)
            if ok is None:
                return
            session.wfile.write(f"{tag} {ok}\r\n".encode())
            if command == "LOGOUT":
                return

    def _answer(self, session, command):
        say = session.wfile.write
        if command == "CAPABILITY":
            say(b"* CAPABILITY IMAP4rev1\r\n")
        elif command.startswith("LOGIN"):
            return "OK in" if command == f'LOGIN {USER} "{PASSWORD}"' else "NO who are you"
        elif command.startswith("EXAMINE"):
            if command != 'EXAMINE "INBOX"':
                return "NO no such folder"
            say(f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] yes\r\n".encode())
        elif command.startswith("UID SEARCH"):
            first = re.search(r"UID (\d+):\*", command)
            uids = [uid for uid in sorted(self.mails) if first is None or uid >= int(first[1])]
            uids = uids or ([max(self.mails)] if self.mails and first else [])
            say(("* SEARCH " + " ".join(map(str, uids))).strip().encode() + b"\r\n")
        elif command.startswith("UID FETCH"):
            return self._fetch(say, command)
        elif command == "LOGOUT":
            say(b"* BYE\r\n")
        else:
            return "BAD what"
        return "OK done"

    def _fetch(self, say, command):
        uid = int(command.split(" ")[2])
        raw = self.mails.get(uid)
        if raw is None:
            return "OK none"
        if "RFC822.SIZE" in command:
            date = "05-Mar-2026 12:00:00 +0000"
            say(f'* 1 FETCH (UID {uid} RFC822.SIZE {len(raw)} INTERNALDATE "{date}")\r\n'.encode())
            return "OK done"
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                return None
        most = int(re.search(r"<0\.(\d+)>", command)[1])
        say(f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(raw[:most])}}}\r\n".encode() + raw[:most] + b")\r\n")
        return "OK done"
