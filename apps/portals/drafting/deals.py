"""A new contract from a deal file: read whole, faults named by line and key, and nothing of it used where there is one.

The draft that comes of it is written on like any other. Only the contract is read, and the other side if asked for:
events are what happened to some contract once, and happen here by whoever does them.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.contracts.drafts import ContractDraft
from apps.core.errors import Refused
from apps.parties.models import Organisation
from apps.parties.roles import Action
from apps.portals.access import PortalRequest
from apps.portals.drafting.counterparties import known_to
from apps.portals.drafting.desk import Desk, why_not
from apps.portals.forms import ActionForm, add_refusal
from apps.workflows import contracting
from apps.workflows.deal_file.faults import DealFileRefused
from apps.workflows.deal_file.read_alone import Alone, read_alone
from apps.workflows.deal_file.setting import data_of

LARGEST: Final = 256 * 1024
"""Bytes of a file that a page reads: some thousand lines of a plan."""
IN_FILE: Final = "file"
OTHER: Final = {"seller": "buyer", "buyer": "seller"}
SHOWN: Final = 200


class DealForm(ActionForm):
    """The file, with whom the contract is made, and its number where that is not the file's."""

    file = forms.FileField(
        label=gettext_lazy("Deal file"),
        help_text=gettext_lazy(
            "YAML, up to 256 KB. Read are “contract” and, where you choose so below, the other side in “parties”."
        ),
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"class": "form-control", "accept": ".yaml,.yml"}),
        error_messages={"required": gettext_lazy("Choose the deal file.")},
    )
    other = forms.ChoiceField(error_messages={"required": gettext_lazy("Choose with whom the contract is made.")})
    number = forms.CharField(
        label=gettext_lazy("Contract number"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Empty: as in the file."),
    )
    field_order = ("file", "other", "number")

    def __init__(self, *args: object, known: Sequence[Organisation], side: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["other"]
        field.label = _("Buyer") if side == "seller" else _("Seller")
        field.choices = [  # type: ignore[attr-defined]
            (IN_FILE, _("As the file says it")),
            *((one.ref, one.legal_name) for one in known),
        ]

    def text(self) -> str:
        """What stands in the file."""
        upload: UploadedFile[bytes] = self.cleaned_data["file"]
        if (upload.size or 0) > LARGEST:
            raise Refused("The file is larger than 256 KB.", field="file")
        try:
            return str(upload.read(), "utf-8-sig")
        except UnicodeDecodeError:
            raise Refused("This is no text in UTF-8. Save the deal file as text.", field="file") from None


def import_deal(request: PortalRequest, *, desk: Desk) -> HttpResponse:
    """Choose the file. What is wrong in it is said line by line; a file without a fault becomes a draft."""
    form = DealForm(
        request.POST or None, request.FILES or None, known=known_to(request, side=desk.side), side=desk.side
    )
    faults: Sequence[Refused] = ()
    if request.method == "POST" and form.is_valid():
        try:
            read = read_alone(
                form.text(),
                other=OTHER[desk.side],
                currency=request.membership.organisation.currency,
                today=desk.today(request),
            )
            ref = _begin(request, form, read, desk=desk)
        except DealFileRefused as wrong:
            faults = (wrong, *wrong.more)
        except Refused as refused:
            refused.field = refused.field if refused.field in form.fields else "file"
            add_refusal(form, refused)
        else:
            messages.success(request, _("The draft is saved. Only your organisation sees it."))
            return redirect(desk.url("change_draft", ref))
    context = {
        "refusal": why_not(request.actor, Action.EDIT_CONTRACT),
        "faults": [(one.parts.get("line", ""), one.parts.get("key", ""), _reason(one)) for one in faults[:SHOWN]],
        "number_of_faults": len(faults),
        "is_english": (get_language() or "en").startswith("en"),
        "back_url": reverse(f"{desk.side}:draft_contract"),
        "crumbs": desk.crumbs(
            (_("New contract"), reverse(f"{desk.side}:draft_contract")), (_("Start from a deal file"), "")
        ),
    }
    return desk.page(request, "import_deal", context, form=form, is_refused=bool(faults))


def _reason(refused: Refused) -> str:
    return str(refused.parts.get("reason") or refused)


def _begin(request: PortalRequest, form: DealForm, read: Alone, *, desk: Desk) -> str:
    """The draft, with its other side written down in the same act where the file is to say it; its reference."""
    draft, actor, key = read.draft, request.actor, form.cleaned_data["key"]
    if form.cleaned_data["number"]:
        draft = replace(draft, number=form.cleaned_data["number"])
    if desk.contracts(actor).filter(begun_by=desk.side, number=draft.number).exists():
        raise Refused("You already have a contract with the number {number}.", field="number", number=draft.number)
    other = form.cleaned_data["other"]
    if other != IN_FILE:
        return contracting.draft_contract(actor=actor, key=key, draft=_with(draft, other, read, desk=desk))["contract"]
    if read.other is None:
        raise Refused("The file does not say who the other side is. Choose it from the list.", field="other")
    draft, data = _with(draft, "", read, desk=desk), data_of(read.other)
    return contracting.draft_with_counterparty(actor=actor, key=key, draft=draft, other=data, side=desk.side)[
        "contract"
    ]


def _with(draft: ContractDraft, other: str, read: Alone, *, desk: Desk) -> ContractDraft:
    """The draft with its other side; the buyer asks a seller to sign by the first mailbox of the file's team."""
    if desk.side == "seller":
        return replace(draft, buyer_ref=other)
    people = list(read.other.people.values()) if read.other is not None else []
    return replace(draft, seller_ref=other, seller_email=people[0].email if people else "")
