"""Why a supply bears no tax, in the language that is active: what a code of VATEX says, or the parties wrote."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from apps.contracts.exemptions import ARTICLES, CODES, EUROPEAN, FRENCH, OF_CATEGORY, OF_FRANCE

ABOUT: Final[dict[str, Promise]] = {
    "79-C": _("expenditure repaid that was incurred in the customer's name"),
    "132": _("activities in the public interest"),
    "132-1A": _("public postal services"),
    "132-1B": _("hospital and medical care"),
    "132-1C": _("medical care by medical and paramedical professions"),
    "132-1D": _("human organs, blood and milk"),
    "132-1E": _("services of dental technicians, dental prostheses"),
    "132-1F": _("services of independent groups to their members"),
    "132-1G": _("welfare and social security work"),
    "132-1H": _("protection of children and young persons"),
    "132-1I": _("education, vocational training or retraining"),
    "132-1J": _("tuition given privately by teachers"),
    "132-1K": _("staff of religious or philosophical institutions"),
    "132-1L": _("services of non-profit organisations to their members"),
    "132-1M": _("sport and physical education by non-profit organisations"),
    "132-1N": _("cultural services by recognised bodies"),
    "132-1O": _("fund-raising events"),
    "132-1P": _("transport of sick or injured persons"),
    "132-1Q": _("public radio and television"),
    "135-1": _("insurance, finance, gambling, land and its letting"),
    "143": _("importation"),
    "143-1F": _("reimportation of goods by who exported them"),
    "143-1FA": _("reimportation of goods after work outside the Union"),
    "143-1G": _("importation under diplomatic and consular arrangements"),
    "143-1L": _("importation of gas, electricity, heat or cooling"),
    "144": _("services whose value is in that of imported goods"),
    "146-1E": _("services directly connected with exports"),
    "148": _("international transport"),
    "148-A": _("goods for vessels on the high seas"),
    "148-B": _("goods for fighting ships"),
    "148-C": _("vessels on the high seas, and work on them"),
    "148-D": _("services for the direct needs of vessels"),
    "148-E": _("goods for aircraft of airlines on international routes"),
    "148-F": _("aircraft of such airlines, and work on them"),
    "148-G": _("services for the direct needs of such aircraft"),
    "151": _("diplomatic arrangements, international bodies, armed forces"),
    "151-1A": _("diplomatic and consular arrangements"),
    "151-1AA": _("institutions of the European Union"),
    "151-1B": _("international bodies"),
    "151-1C": _("armed forces of parties to the North Atlantic Treaty"),
    "151-1D": _("armed forces in another member state"),
    "151-1E": _("armed forces of the United Kingdom in Cyprus"),
    "153": _("services of intermediaries"),
    "159": _("services connected with goods under customs or warehousing arrangements"),
    "309": _("services of travel agents outside the Union"),
}
"""What an article is about, in a few words; one that is missing here is known by its number alone."""
BY_NAME: Final[dict[str, Promise]] = {
    "VATEX-EU-D": _("margin scheme for travel agents"),
    "VATEX-EU-F": _("margin scheme for second-hand goods"),
    "VATEX-EU-I": _("margin scheme for works of art"),
    "VATEX-EU-J": _("margin scheme for collector's items and antiques"),
    "VATEX-FR-FRANCHISE": _("exemption of small businesses in France, article 293 B of the French tax code"),
    "VATEX-FR-CNWVAT": _("credit note without VAT, by a supplier of France that gives its VAT up"),
    OF_CATEGORY["AE"]: _("reverse charge"),
    OF_CATEGORY["K"]: _("intra-Community supply"),
    OF_CATEGORY["G"]: pgettext_lazy("reason of an exemption", "export"),
    OF_CATEGORY["O"]: _("outside the scope of VAT"),
}


def named(code: str) -> str:
    """What a code says: an article, with what that is about."""
    if code in BY_NAME:
        return str(BY_NAME[code])
    rest = code.split("-", 2)[2]
    if code.startswith("VATEX-FR"):
        return gettext("article {article} of the French tax code").format(article=FRENCH[rest])
    article = gettext("article {article} of Directive 2006/112/EC").format(article=ARTICLES[rest])
    return f"{article} ({ABOUT[rest]})" if rest in ABOUT else article


def reason(code: str, words: str) -> str:
    """Why it bears no tax: the words of the parties, else what the code says; nothing where neither is agreed."""
    return words or (named(code) if code else "")


def agreed(code: str, words: str) -> str:
    """The same as both sides read it in a contract, with the code."""
    said = reason(code, words)
    return f"{said} ({code})" if code else said


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The codes by where they hold, for a form."""
    groups = (
        (gettext("Exempt, in the European Union"), EUROPEAN),
        (gettext("Exempt, in France"), OF_FRANCE),
        (gettext("Reverse charge"), CODES["AE"]),
    )
    return [
        (name, [(code, f"{named(code)[:1].upper()}{named(code)[1:]} – {code}") for code in codes])
        for name, codes in groups
    ]
