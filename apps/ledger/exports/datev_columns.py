"""The columns of a Buchungsstapel, format version 13, as DATEV names them. Source: as in :mod:`.datev`."""

from typing import Final

_FIRST: Final = """\
Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;WKZ Umsatz;Kurs;Basis-Umsatz;WKZ Basis-Umsatz;Konto;\
Gegenkonto (ohne BU-Schlüssel);BU-Schlüssel;Belegdatum;Belegfeld 1;Belegfeld 2;Skonto;Buchungstext;\
Postensperre;Diverse Adressnummer;Geschäftspartnerbank;Sachverhalt;Zinssperre;Beleglink"""
_THEN: Final = """\
KOST1 - Kostenstelle;KOST2 - Kostenstelle;Kost-Menge;EU-Land u. UStID (Bestimmung);\
EU-Steuersatz (Bestimmung);Abw. Versteuerungsart;Sachverhalt L+L;Funktionsergänzung L+L;\
BU 49 Hauptfunktionstyp;BU 49 Hauptfunktionsnummer;BU 49 Funktionsergänzung"""
_LAST: Final = """\
Stück;Gewicht;Zahlweise;Forderungsart;Veranlagungsjahr;Zugeordnete Fälligkeit;Skontotyp;Auftragsnummer;\
Buchungstyp;USt-Schlüssel (Anzahlungen);EU-Land (Anzahlungen);Sachverhalt L+L (Anzahlungen);\
EU-Steuersatz (Anzahlungen);Erlöskonto (Anzahlungen);Herkunft-Kz;Buchungs GUID;KOST-Datum;\
SEPA-Mandatsreferenz;Skontosperre;Gesellschaftername;Beteiligtennummer;Identifikationsnummer;Zeichnernummer;\
Postensperre bis;Bezeichnung SoBil-Sachverhalt;Kennzeichen SoBil-Buchung;Festschreibung;Leistungsdatum;\
Datum Zuord. Steuerperiode;Fälligkeit;Generalumkehr (GU);Steuersatz;Land;Abrechnungsreferenz;BVV-Position;\
EU-Land u. UStID (Ursprung);EU-Steuersatz (Ursprung);Abw. Skontokonto"""
_QUOTED: Final = """\
Soll/Haben-Kennzeichen;WKZ Umsatz;WKZ Basis-Umsatz;BU-Schlüssel;Belegfeld 1;Belegfeld 2;Buchungstext;\
Diverse Adressnummer;Beleglink;KOST1 - Kostenstelle;KOST2 - Kostenstelle;EU-Land u. UStID (Bestimmung);\
Abw. Versteuerungsart;Forderungsart;Auftragsnummer;Buchungstyp;EU-Land (Anzahlungen);Herkunft-Kz;Buchungs GUID;\
SEPA-Mandatsreferenz;Gesellschaftername;Identifikationsnummer;Zeichnernummer;Bezeichnung SoBil-Sachverhalt;\
Generalumkehr (GU);Land;Abrechnungsreferenz;EU-Land u. UStID (Ursprung)"""
_INFO: Final = tuple(f"Beleginfo - {part} {number}" for number in range(1, 9) for part in ("Art", "Inhalt"))
_MORE: Final = tuple(
    name
    for number in range(1, 21)
    for name in (f"Zusatzinformation - Art {number}", f"Zusatzinformation- Inhalt {number}")
)
COLUMNS: Final = (*_FIRST.split(";"), *_INFO, *_THEN.split(";"), *_MORE, *_LAST.split(";"))
TEXTS: Final = frozenset({*_QUOTED.split(";"), *_INFO, *_MORE})
"""Columns in quotation marks, also where they are empty."""
