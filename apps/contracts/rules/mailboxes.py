"""Whose mailbox may stand for a side: never one of the other side's own."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from apps.core.errors import Refused

MAILBOX = re.compile(r"[^@\s<>\"(),:;\\\[\]]{1,64}@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
"""What can be a mailbox in lower case; whether it is one is found out by writing to it."""
ROUTED = re.compile(r"[%!]")
"""Signs by which an old mail server would pass a mail on to another domain (RFC 5321, appendix F.2)."""

_PROVIDERS: Final = """
10minutemail.com 126.com 163.com a1.net abv.bg addy.io aim.com aleeas.com alice.it anonaddy.com anonaddy.me aol.co.uk
aol.com aol.de aol.fr aol.it aon.at arcor.de att.net azet.sk bbox.fr bell.net bellsouth.net bigpond.com bk.ru
bluemail.ch bluewin.ch blueyonder.co.uk bol.com.br btinternet.com btopenworld.com cegetel.net centrum.cz charter.net
chello.at chello.nl citromail.hu club-internet.fr comcast.net consultant.com cox.net daum.net directbox.com
disroot.org duck.com earthlink.net eclipse.co.uk eircom.net email.com email.cz email.de engineer.com europe.com
fastmail.com fastmail.fm fastmail.net firemail.de foxmail.com free.de free.fr freemail.hu freenet.de gazeta.pl
gmail.com gmx.at gmx.biz gmx.ch gmx.co.uk gmx.com gmx.de gmx.eu gmx.fr gmx.info gmx.li gmx.net gmx.org gmx.us
googlemail.com guerrillamail.com hanmail.net hetnet.nl hey.com hispeed.ch home.nl hotmail.be hotmail.ca hotmail.ch
hotmail.co.jp hotmail.co.uk hotmail.com hotmail.com.ar hotmail.com.br hotmail.de hotmail.dk hotmail.es hotmail.fi
hotmail.fr hotmail.gr hotmail.it hotmail.nl hotmail.no hotmail.se hushmail.com icloud.com iinet.net.au iname.com
inbox.com inbox.lv inbox.ru interia.eu interia.pl internode.on.net kabelmail.de keemail.me kolabnow.com kpnmail.nl
laposte.net libero.it list.ru live.be live.ca live.co.uk live.com live.com.au live.com.mx live.com.pt live.de live.dk
live.fr live.ie live.it live.jp live.nl live.no live.se luukku.com mac.com magenta.de mail.bg mail.com mail.de mail.ru
mailbox.org maildrop.cc mailfence.com mailinator.com mailo.com me.com mozmail.com msn.com myyahoo.com naver.com
neuf.fr ntlworld.com numericable.fr o2.pl onet.pl online.de online.fr online.no op.pl optonline.net optusnet.com.au
orange.fr outlook.at outlook.be outlook.cl outlook.co.id outlook.co.th outlook.co.uk outlook.com outlook.com.ar
outlook.com.au outlook.com.br outlook.com.gr outlook.com.tr outlook.com.vn outlook.cz outlook.de outlook.dk outlook.es
outlook.fr outlook.hu outlook.ie outlook.in outlook.it outlook.jp outlook.kr outlook.lv outlook.my outlook.ph
outlook.pt outlook.sa outlook.sg outlook.sk passinbox.com passmail.net passport.com planet.nl pm.me poczta.onet.pl
post.com post.cz posteo.at posteo.ch posteo.de posteo.eu posteo.net posteo.org privaterelay.appleid.com proton.me
protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com riseup.net rocketmail.com rogers.com runbox.com sapo.pt
sbcglobal.net seznam.cz sfr.fr sharklasers.com shaw.ca simplelogin.com sina.com sky.com skynet.be slmail.me sohu.com
sunrise.ch suomi24.fi swissonline.ch sympatico.ca t-online.de talktalk.net telenet.be telia.com terra.com.br tesco.net
tin.it tiscali.co.uk tiscali.it tlen.pl trashmail.com tuta.com tuta.io tutamail.com tutanota.com tutanota.de
unitybox.de uol.com.br usa.com verizon.net virgilio.it virgin.net virginmedia.com vodafone.de vodafone.it vp.pl
wanadoo.fr web.de wegwerfmail.de windowslive.com workmail.com wp.pl xs4all.nl xtra.co.nz ya.ru yahoo.be yahoo.ca
yahoo.co.id yahoo.co.in yahoo.co.jp yahoo.co.nz yahoo.co.th yahoo.co.uk yahoo.co.za yahoo.com yahoo.com.ar
yahoo.com.au yahoo.com.br yahoo.com.co yahoo.com.hk yahoo.com.mx yahoo.com.my yahoo.com.ph yahoo.com.sg yahoo.com.tr
yahoo.com.tw yahoo.com.vn yahoo.de yahoo.dk yahoo.es yahoo.fr yahoo.gr yahoo.ie yahoo.in yahoo.it yahoo.nl yahoo.no
yahoo.pl yahoo.ro yahoo.se yandex.by yandex.com yandex.kz yandex.ru yeah.net ymail.com yopmail.com ziggo.nl zoho.com
zohomail.com zohomail.eu zoznam.sk
"""
PUBLIC_PROVIDERS: Final = frozenset(_PROVIDERS.split())
"""Mail domains that strangers share: having one in common says nothing of an organisation."""
ONE_HOUSE: Final = {
    "googlemail.com": "gmail.com",
    "mac.com": "icloud.com",
    "me.com": "icloud.com",
    "pm.me": "proton.me",
    "protonmail.ch": "proton.me",
    "protonmail.com": "proton.me",
}
"""Domains by which a provider delivers to one and the same mailbox, as the providers themselves document it."""
WITHOUT_DOTS: Final = frozenset({"gmail.com", "proton.me"})
"""Providers that deliver to one mailbox wherever dots stand in its name."""
BY_SUBDOMAIN: Final = frozenset({"fastmail.com"})
"""Providers that deliver whatever@name.domain to name@domain."""


def domain_of(mailbox: str) -> str:
    """The domain of a mailbox, or nothing where strangers share it."""
    domain = reader_of(mailbox).rpartition("@")[2]
    return "" if domain in PUBLIC_PROVIDERS else domain


def reader_of(mailbox: str) -> str:
    """The mailbox that is read when one writes to this address, as far as that is known: aliases are one reader.

    A tag after ``+`` (RFC 5233), capitals, look-alike forms of a letter (Unicode NFKC), a dot at the end, a domain in
    its own script or in that of the name servers (RFC 3490) change nothing of where a mail arrives; nor do what single
    providers document: dots in a name, several domains, a name as sub-domain.
    """
    name, at, domain = unicodedata.normalize("NFKC", mailbox).strip().casefold().rpartition("@")
    domain = _in_ascii(domain.rstrip("."))
    domain = ONE_HOUSE.get(domain, domain)
    owner, _dot, provider = domain.partition(".")
    if provider in BY_SUBDOMAIN:
        name, domain = owner, provider
    name = name.partition("+")[0] or name
    if domain in WITHOUT_DOTS:
        name = name.replace(".", "")
    return f"{name}{at}{domain}"


def _in_ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain


def check_signatory(mailbox: str, *, sellers: Iterable[str], field: str | None = None) -> None:
    """Refuse a mailbox that is one of the seller's people, or lies in a mail domain that is the seller's own.

    ``sellers`` are the mailboxes of the seller's members and of the organisation itself. A sub-domain counts as its
    domain. Source: a seller must not be able to play his own buyer.
    """
    if _is_of(mailbox, sellers):
        raise Refused(
            "{mailbox} belongs to the seller. The person who signs for the buyer needs a mailbox of the buyer.",
            field=field,
            mailbox=mailbox,
        )


def check_sellers_person(mailbox: str, *, buyers: Iterable[str], field: str | None = None) -> str:
    """The mailbox of who is to take a seller's place, in lower case; refused where it is none, or one of the buyer's.

    ``buyers`` are the mailboxes of the buyer's members and of the organisation itself: a buyer's own people are not
    asked to be its seller.
    """
    written = mailbox.strip().lower()
    if not MAILBOX.fullmatch(written):
        raise Refused("{mailbox} is not an e-mail address.", field=field, mailbox=written)
    if _is_of(written, buyers):
        raise Refused(
            "{mailbox} belongs to the buyer. The person who decides for the seller needs a mailbox of the seller.",
            field=field,
            mailbox=written,
        )
    return written


def check_colleague(mailbox: str, *, signatory: str, sellers: Iterable[str], field: str | None = None) -> str:
    """The mailbox of a colleague of the buyer's signatory, as it is kept; refused where it is not surely one.

    It lies in the signatory's own mail domain, letter for letter and no sub-domain of it, which strangers do not share;
    it is not the signatory's under another name, and nobody's of the seller.
    """
    written = mailbox.strip().lower()
    if not MAILBOX.fullmatch(written) or ROUTED.search(written):
        raise Refused("{mailbox} is not an e-mail address.", field=field, mailbox=written)
    house = domain_of(signatory)
    if not house:
        raise Refused(
            "{mailbox} lies with a provider that anybody can use, so nobody else there is known as your colleague."
            " Take your organisation's place here and invite your colleague.",
            field=field,
            mailbox=signatory,
        )
    if domain_of(written) != house:
        raise Refused(
            "{mailbox} is not in {domain}, the mail domain of who signs off. Only a colleague with a mailbox there can"
            " be asked by link.",
            field=field,
            mailbox=written,
            domain=house,
        )
    if reader_of(written) == reader_of(signatory):
        raise Refused("{mailbox} is the same mailbox. Name a colleague's.", field=field, mailbox=written)
    check_signatory(written, sellers=sellers, field=field)
    return f"{written.rpartition('@')[0]}@{signatory.rpartition('@')[2].lower()}"


def _is_of(mailbox: str, people: Iterable[str]) -> bool:
    """Whether a mailbox is one of these, or lies in a mail domain of theirs."""
    known = {reader_of(one) for one in people if one}
    domain = domain_of(mailbox)
    return reader_of(mailbox) in known or any(_are_one(domain, domain_of(one)) for one in known)


def _are_one(domain: str, other: str) -> bool:
    if not domain or not other:
        return False
    return domain == other or domain.endswith(f".{other}") or other.endswith(f".{domain}")
