"""How gunicorn runs the desk: `gunicorn servicedesk.wsgi --config python:servicedesk.web_server`.

`WEB_CONCURRENCY` sets the number of processes; each holds two connections to the database.
"""

import gc
import os

MOST = 16
# Threads of one process take turns at Python: two processes for each core answer eight bookers at once in
# 132 ms half of the time, one for each core with twice the threads in 162 (p99 292 and 331).
workers = int(os.environ.get("WEB_CONCURRENCY") or min(2 * (os.cpu_count() or 1), MOST))
threads = 2
control_socket_disable = True


def post_worker_init(worker) -> None:
    """What is loaded stays for good: nothing is looked through for what could be thrown away."""
    gc.collect()
    gc.freeze()
    # Of 18 ms that a page takes one is the collector's at Python's own figure of 700.
    gc.set_threshold(20_000, 20, 50)
