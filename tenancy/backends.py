"""Who is signed in, read by a statement that is planned once: every page begins with it."""

from django.contrib.auth.backends import ModelBackend

from tenancy.models import User
from tenancy.prepared import Key, Prepared

_USER = Prepared(lambda user: User.objects.filter(pk=user), user=Key())


class SignedIn(ModelBackend):
    """Django's own but for how a person is found again."""

    def get_user(self, user_id):
        """The person of a session, if they may still sign in."""
        found = _USER.rows(user=int(user_id))
        return found[0] if found and self.user_can_authenticate(found[0]) else None
