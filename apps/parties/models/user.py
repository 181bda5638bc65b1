from collections.abc import Iterator
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from apps.core.database.walls import Open


class UserManager(BaseUserManager["User"]):
    """Users are known by their mailbox, written in lower case."""

    def create_user(self, email: str, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_unusable_password()
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """A person who signs in. What the person may do depends on the membership that is in use."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=8, default="en")
    is_active = models.BooleanField(default=True)
    session_number = models.PositiveIntegerField(default=0, editable=False)
    """Part of what a session is bound to: counted up, it ends every session of the person."""
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()
    wall = Open("users sign in before they speak for an organisation")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="mailbox_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_session_auth_hash(self) -> str:
        """What a session must know to go on; another one after :func:`~apps.parties.services.end_sessions`."""
        return self._bound(None)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._bound(secret)

    def _bound(self, secret: str | bytes | None) -> str:
        value = f"{self.password}:{self.session_number}"
        return salted_hmac("cairn session", value, secret=secret, algorithm="sha256").hexdigest()
