"""How often a desk's programs may call: a fixed minute, counted once for all processes."""

import logging

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError
from rest_framework.throttling import BaseThrottle

WINDOW_SECONDS = 60
logger = logging.getLogger(__name__)


class DeskThrottle(BaseThrottle):
    """So many calls a minute for each desk; the answer to one too many says when to come again."""

    def allow_request(self, request, view) -> bool:
        desk = request._request.tenant
        if desk is None:
            return True
        self.second = timezone.now().timestamp()
        key = f"api:{desk.pk}:{int(self.second // WINDOW_SECONDS)}"
        try:
            # Two windows long: one that ends while it is counted is still there.
            cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
            return cache.incr(key) <= settings.API_CALLS_PER_MINUTE
        except (RedisError, ValueError):
            # Nobody's work stops because nobody counts it.
            logger.exception("Calls of programs are not counted")
            return True

    def wait(self) -> float:
        """Seconds until the next window."""
        return WINDOW_SECONDS - self.second % WINDOW_SECONDS
