"""What to do where a field that is needed was left empty: said by what the field takes, where a form says nothing."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

BARE: Final = forms.Field.default_error_messages["required"]
"""What Django says: that it is required, and not what to do."""
OF_REASONS: Final = _("Say why, in a few words.")


def say_what_to_do(field: forms.Field, *, name: str) -> None:
    """Give a field the sentence that tells what is to be entered; a form's own sentence stays."""
    if field.error_messages.get("required") == BARE:
        field.error_messages["required"] = OF_REASONS if name == "reason" else _words(field)


def _words(field: forms.Field) -> Any:
    for kind, words in _BY_KIND:
        if isinstance(field, kind):
            return words
    return _("Write it in a few words.") if isinstance(field.widget, forms.Textarea) else _("Fill this in.")


_BY_KIND: Final[tuple[tuple[type[forms.Field] | tuple[type[forms.Field], ...], Any], ...]] = (
    ((forms.MultipleChoiceField, forms.ModelMultipleChoiceField), _("Choose at least one.")),
    ((forms.ChoiceField, forms.ModelChoiceField), _("Choose one.")),
    (forms.BooleanField, _("Tick this box to go on.")),
    (forms.DateField, _("Enter a day.")),
    (forms.EmailField, _("Enter an e-mail address.")),
    ((forms.IntegerField, forms.DecimalField), _("Enter a number.")),
    (forms.FileField, _("Choose a file.")),
)


class TellingForm(forms.BaseForm):
    """A form whose empty fields say what is to be entered: every form of the portals is one."""

    def full_clean(self) -> None:
        for name, field in self.fields.items():
            say_what_to_do(field, name=name)
        super().full_clean()
