"""Sessions are rows that end: some time after the sign-in however much they are used, and sooner when they are not.

NIST SP 800-63B-4, 2.2.3: at the second level of assurance at most 24 hours in all, and one hour without activity.
"""

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as Rows
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session

ENDS: Final = "ends"
"""When the session ends at the latest, whatever happens in it."""


class SessionStore(Rows):
    """Django's rows. The browser keeps the cookie until the last end; the row holds until it is idle too long."""

    _holds_until: datetime | None = None
    """What the row says, once it was read."""

    def cycle_key(self) -> None:
        """The same session under another key. Whoever signs in begins a new life of it."""
        if SESSION_KEY not in self:
            self.pop(ENDS, None)
        super().cycle_key()

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """The row as it is written."""
        data.setdefault(ENDS, super().get_expiry_date(expiry=settings.SESSION_COOKIE_AGE).isoformat())
        return super().create_model_instance(data)

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """Until when the row holds, if the session is used now and not again."""
        idle = super().get_expiry_date(expiry=_idle())
        return min(idle, datetime.fromisoformat(self[ENDS])) if ENDS in self else idle

    def get_expiry_age(self, **kwargs: Any) -> int:
        """The seconds to the last end, as the browser is told."""
        return super().get_expiry_age(expiry=self.get(ENDS))

    def go_on(self) -> None:
        """Somebody is there. The row says so again once a tenth of the time is over, and not for every page.

        Only its end is written: what another request of this session keeps at the same moment stays.
        """
        held = self._holds_until
        if held is None or super().get_expiry_age(expiry=held) * 10 > _idle() * 9:
            return
        until = self.get_expiry_date()
        if until > held:
            self.model.objects.filter(session_key=self.session_key).update(expire_date=until)

    def _get_session_from_db(self) -> Session | None:
        row: Session | None = super()._get_session_from_db()  # type: ignore[misc]
        self._holds_until = row.expire_date if row is not None else None
        return row


def _idle() -> int:
    """Seconds."""
    return int(settings.SESSION_IDLE_HOURS) * 60 * 60
