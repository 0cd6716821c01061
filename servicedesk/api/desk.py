"""Opens the desk that a call to the API is for, in the call's one transaction."""

import pghistory
from django.utils import timezone

from tenancy.api_keys import find_key, note_use
from tenancy.middleware import answer_at, answer_in_desk

PATH = "/api/v1/"
DESK_HEADER = "X-Desk"
_BEARER = "bearer "


class ApiDesk:
    """For `/api/v1/…`: the key names the desk; a signed-in browser names it in the header `X-Desk`.

    Without either nothing is opened, and the view answers 401. `request.api_key` is the key that was
    shown, None for a browser.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.api_key = None
        if not request.path_info.startswith(PATH):
            return self.get_response(request)
        words = request.headers.get("Authorization", "")
        if words:
            return self._by_key(request, words)
        if request.user.is_authenticated:
            named = request.headers.get(DESK_HEADER, "")
            return answer_at(request, named, self.get_response) or self.get_response(request)
        return self.get_response(request)

    def _by_key(self, request, words):
        shown = words[len(_BEARER) :].strip() if words.lower().startswith(_BEARER) else ""
        found = find_key(shown, now=timezone.now())
        if found is None:
            return self.get_response(request)
        request.api_key = found.key
        member = found.key.acts_as

        def answer(request):
            with pghistory.context(user=member.user_id, api_key=str(found.key.public_id)):
                return self.get_response(request)

        answered = answer_in_desk(request, found.key.tenant, answer, member)
        # By itself: what was refused has been tried with the key all the same.
        note_use(found.key, now=timezone.now())
        return answered
