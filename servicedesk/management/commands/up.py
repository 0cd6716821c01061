"""`manage.py up`: the whole desk on this machine, until Ctrl-C."""

import http.client
import os
import signal
import socket
import sys
import time

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from servicedesk import embedded
from servicedesk.embedded import children, ports
from servicedesk.embedded.locks import FileLock
from servicedesk.embedded.processes import Identity
from servicedesk.embedded.state import read_json, write_json
from servicedesk.embedded.supervisor import Supervisor
from tenancy.models import Tenant

LOOK_EVERY = 0.2
FIRST_ANSWER_WITHIN = 60.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    help = "Runs web, worker and timetable (in development a mail catcher too) until Ctrl-C."
    # `migrate` runs them, once the tables are there that they look at.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port, or the next free one (8000)")

        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")

    def handle(self, *, host: str, port: int, no_demo: bool, **options: object) -> None:
        self.began = time.monotonic()
        self.places = embedded.Places(settings.BASE_DIR)
        self.places.make()
        lock = FileLock(self.places.up_lock)
        if not lock.take(wait=False):
            raise CommandError(self._already_running())
        self.places.up_state.unlink(missing_ok=True)
        for number in STOP_SIGNALS:
            signal.signal(number, _stop)
        try:
            self._run(host, port, with_demo=not no_demo)
        finally:
            self.places.up_state.unlink(missing_ok=True)
            lock.release()

    def _already_running(self) -> str:
        running = read_json(self.places.up_state)
        if not running:
            return "The desk of this checkout is already being started by another `up`."
        pid = running["supervisor"][0]
        return f"The desk of this checkout already runs at {running['address']} (process {pid})."

    def _run(self, host: str, port: int, *, with_demo: bool) -> None:
        with ports.listen(host, port) as listener:
            found = listener.getsockname()[1]
            if found != port:
                self._say(f"port {port} is taken, using the next free one: {found}")
            self.address = f"http://{f'[{host}]' if ':' in host else host}:{found}"
            self._prepare_database(with_demo=with_demo)
            servers = self._embedded_servers()
            self.supervisor = Supervisor(folder=settings.BASE_DIR, logs=self.places.log, say=self._say)
            try:
                self._start_children(listener)
                self._greet()
                self._watch(servers)
            finally:
                for number in STOP_SIGNALS:
                    signal.signal(number, signal.SIG_IGN)
                self._say("stopping")
                self.supervisor.stop()
                if servers is not None:
                    servers.end()
                self._say("stopped")

    def _prepare_database(self, *, with_demo: bool) -> None:
        self._say("migrating the database")
        call_command("migrate", database="migrator", interactive=False, verbosity=0)
        if with_demo and "demo" in get_commands() and not Tenant.objects.exists():
            self._say("loading the demo desks")
            call_command("demo")
        connections.close_all()

    def _embedded_servers(self) -> embedded.Use | None:
        """A use of the embedded servers in `up`'s own right, with which it starts them again when
        they are killed; None when DATABASE_URL leads elsewhere."""
        running = embedded.current(settings.BASE_DIR)
        if running is None or running.database_url != os.environ.get("DATABASE_URL"):
            return None
        use = embedded.Use(settings.BASE_DIR)
        use.begin()
        return use

    def _start_children(self, listener: socket.socket) -> None:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        environment.setdefault("PUBLIC_URL", self.address)
        catchers = self._catchers(environment)
        self._say("starting web")
        self.supervisor.start(children.web(listener.fileno(), environment))
        self._wait_for_web(*listener.getsockname()[:2])
        self._say("starting worker and timetable")
        if catchers:
            self.supervisor.start(children.mailbox(settings.BASE_DIR, environment, catchers))
        self.supervisor.start(children.worker(environment))
        self.supervisor.start(children.beat(self.places.var, environment))
        self._note_children()

    def _catchers(self, environment: dict[str, str]) -> list[int]:
        """In development: the sockets of mail and texts for the mailbox, at ports that all children are
        told. None when somebody has named a mail server of his own."""
        if not settings.DEVELOPMENT or {"EMAIL_HOST", "EMAIL_PORT"} & os.environ.keys():
            return []
        host = settings.EMAIL_HOST
        mail = ports.listen(host, settings.EMAIL_PORT)
        mail_port = mail.getsockname()[1]
        environment["EMAIL_PORT"] = str(mail_port)
        self.catchers = [mail]
        if "SMS_URL" not in os.environ:
            self.catchers.append(texts := ports.listen(host, mail_port + 1))
            environment["SMS_URL"] = f"http://{host}:{texts.getsockname()[1]}/"
        return [catcher.fileno() for catcher in self.catchers]

    def _wait_for_web(self, host: str, port: int) -> None:
        end = time.monotonic() + FIRST_ANSWER_WITHIN
        while time.monotonic() < end:
            connection = http.client.HTTPConnection(host, port, timeout=LOOK_EVERY)
            try:
                connection.request("GET", "/")
                connection.getresponse()
            except OSError:
                self.supervisor.look()
            else:
                return
            finally:
                connection.close()
        raise CommandError(f"The web process does not answer: see {self.places.log / 'web.log'}.")

    def _note_children(self) -> None:
        """For a second `up`, which names the address, and for whoever looks for the processes."""
        note = {"address": self.address, "supervisor": Identity.of(os.getpid())}
        write_json(self.places.up_state, note | {"children": self.supervisor.identities()})

    def _greet(self) -> None:
        self._say(f"the desk is open at {self.address}")
        sign_ins = self.places.var / "demo-sign-ins.txt"
        if sign_ins.exists():
            self.stdout.write(sign_ins.read_text().rstrip())
        self.stdout.write(f"Logs are in {self.places.log}. Ctrl-C stops everything.")
        self.stdout.flush()

    def _watch(self, servers: embedded.Use | None) -> None:
        while True:
            if servers is not None and not servers.is_running():
                self._say("the database servers were killed; starting them again")
                servers.begin()
            if self.supervisor.look():
                self._note_children()
            time.sleep(LOOK_EVERY)

    def _say(self, step: str) -> None:
        self.stdout.write(f"[{time.monotonic() - self.began:5.1f} s] {step}")
        self.stdout.flush()


def _stop(*_: object) -> None:
    sys.exit(0)
