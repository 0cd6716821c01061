"""How often the API may be called: a fixed minute, counted once for all processes, whatever comes of it."""

import logging

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError
from rest_framework.throttling import BaseThrottle

from portal.guessing import client_address, network_of

WINDOW_SECONDS = 60
# So many keys that open nothing may be shown from one address in a minute.
MOST_WRONG_KEYS = 60
logger = logging.getLogger(__name__)


class DeskThrottle(BaseThrottle):
    """So many calls a minute for each desk; the answer to one too many says when to come again.

    A key that opens nothing is counted by the address that it comes from: who has a right one never waits
    for whoever guesses behind the same address.
    """

    def allow_request(self, request, view) -> bool:
        asked = request._request
        if asked.tenant is not None:
            return self._is_among(settings.API_CALLS_PER_MINUTE, f"api:{asked.tenant.pk}")
        if asked.headers.get("Authorization"):
            return self._is_among(MOST_WRONG_KEYS, f"api-wrong-keys:{network_of(client_address(asked))}")
        return True

    def wait(self) -> float:
        """Seconds until the next window."""
        return WINDOW_SECONDS - self.second % WINDOW_SECONDS

    def _is_among(self, most, whose) -> bool:
        self.second = timezone.now().timestamp()
        key = f"{whose}:{int(self.second // WINDOW_SECONDS)}"
        try:
            # Two windows long: one that ends while it is counted is still there.
            cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
            return cache.incr(key) <= most
        except (RedisError, ValueError):
            # Nobody's work stops because nobody counts it.
            logger.exception("Calls of programs are not counted")
            return True
