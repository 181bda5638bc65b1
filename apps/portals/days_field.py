"""Several numbers of days in one field, as people type them."""

import re
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

SEPARATORS: Final = re.compile(r"[,;\s]+")
WHOLE: Final = re.compile(r"[0-9]{1,6}", re.ASCII)


class DaysField(forms.CharField):
    """Whole numbers with commas between them; what is none is named, so that it is found among the others."""

    default_error_messages = {
        "no_days": _("“%(typed)s” is not a number of days. Write whole numbers with commas between them: %(example)s.")
    }
    example = "3, 14, 28"

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 120)
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        found = [one for one in SEPARATORS.split(super().clean(value)) if one]
        for one in found:
            if not WHOLE.fullmatch(one):
                raise ValidationError(
                    self.error_messages["no_days"], code="no_days", params={"typed": one, "example": self.example}
                )
        return [int(one) for one in found]

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(one) for one in value) if isinstance(value, list) else value
