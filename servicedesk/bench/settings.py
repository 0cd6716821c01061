"""The desk as it runs in production, and two things beside it: an empty page, and a count of queries."""

import os
from pathlib import Path

from servicedesk.settings import *  # noqa: F403
from servicedesk.settings import MIDDLEWARE

ROOT_URLCONF = "servicedesk.bench.urls"
MIDDLEWARE = ["servicedesk.bench.counting.Counted", *MIDDLEWARE]
STATIC_ROOT = Path(os.environ["BENCH_STATIC"])
# One desk asks as often as it can here.
API_CALLS_PER_MINUTE = 10_000_000
