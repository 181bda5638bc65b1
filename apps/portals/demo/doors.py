"""The one-click sign-in links of the demo: who holds the site's secret can make them, and only the demo opens them."""

from django.core import signing
from django.urls import reverse

from apps.parties.models import User

_signer = signing.Signer(salt="cairn demo sign-in")


def sign_in_path(user: User) -> str:
    """The path of the person's link: the same at every start, as long as secret and database stay."""
    return reverse("demo:sign_in", args=[_signer.sign(str(user.pk))])


def person_of(token: str) -> User | None:
    """Whose link it is; None for one that was not made here."""
    try:
        return User.objects.filter(pk=_signer.unsign(token), is_active=True).first()
    except signing.BadSignature:
        return None
