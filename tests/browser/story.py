"""The story of one deal as its people play it on the pages, step by step; each step ends when the page says so."""

import re
from dataclasses import dataclass

from tests.browser.visitors import House, Visitor, link_in, mail_to, wait_for

PRICE = "40000"
MILESTONES = (
    ("Prototype", "30", ("Three flows can be clicked through.", "The test protocol shows no open defect.")),
    ("Integration", "30", ("Orders pass in both directions for a day.",)),
    ("Final delivery and sign-off", "40", ("Two weeks without a blocking defect.",)),
)
PROTOCOL = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
SIGNATORY = "mila@meridian.example"
MOST_ACTIONS = 6
"""From the mail to a signed-off milestone, a buyer without an account does no more than this."""


@dataclass
class Financiers:
    """The financier's people, each with a second factor."""

    analyst: Visitor
    underwriter: Visitor
    treasury: Visitor


def open_an_organisation(seller: Visitor) -> str:
    """Open an account by e-mailed code, found the organisation, say where it is paid; its reference."""
    seller.open("/accounts/signup/")
    seller.open_account(name="Petra Polar", email="petra@polaris.example")
    seller.is_at("Welcome to Cairn")
    seller.follow("Set up an organisation")
    seller.fill(Legal_name="Polaris Software GmbH", Street="Speicherstrasse 12", Postcode="20457", City="Hamburg")
    seller.fill(VAT_number="DE136695976", E_mail_for_invoices="billing@polaris.example")
    seller.press("Set up")
    seller.is_at("Team")
    seller.open("/account/bank-account/")
    seller.fill(Account_holder="Polaris Software GmbH", IBAN="DE89 3704 0044 0532 0130 00", BIC="COBADEFFXXX")
    seller.press("Use this account")
    seller.sees("DE89370400440532013000")
    reference = seller.page.locator(".copy-row", has_text="Reference").locator("[data-copy]").get_attribute("data-copy")
    assert reference
    return reference


def invite_a_colleague(seller: Visitor, colleague: Visitor) -> None:
    """The owner invites; the colleague opens the link in the mail, opens an account and joins."""
    seller.go("Team")
    seller.follow("Invite")
    seller.fill(E_mail="dario@polaris.example")
    seller.tick("Delivery")
    seller.press("Send the invitation")
    seller.sees("Invitation sent to dario@polaris.example.")
    colleague.open(link_in(mail_to("dario@polaris.example", about=re.compile("invites you"))))
    colleague.follow("Go on as dario@polaris.example")
    colleague.open_account(name="Dario Delgado", email="dario@polaris.example")
    colleague.press("I join Polaris Software GmbH")
    colleague.sees("You work for Polaris Software GmbH now.")


def write_the_contract(seller: Visitor) -> None:
    """Write buyer and contract down at 30/30/40, with the plan adding up while it is typed; sign and propose."""
    seller.go("Contracts")
    seller.follow("New contract")
    seller.fill(What_the_contract_is_about="Warehouse software implementation")
    seller.choose("buyer", "new")
    seller.fill(Legal_name="Meridian Logistik AG", Street="Hafenstrasse 7", Postcode="20457", City="Hamburg")
    seller.choose("new_country", "DE")
    seller.choose("buyer_language", "en")
    seller.fill(Who_signs="Mila Meier", Their_e_mail=SIGNATORY)
    seller.fill_in("price", PRICE)
    seller.fill_in("tax_rate", "19")
    for index, (title, percent, criteria) in enumerate(MILESTONES):
        if index:
            seller.press("Add a line")
        seller.fill_in(f"plan-{index}-title", title)
        seller.fill_in(f"plan-{index}-portion", percent)
        for at, criterion in enumerate(criteria):
            if at:
                seller.press(re.compile("^Add a criterion"))
            seller.fill_in(f"plan-{index}-c-{at}-text", criterion)
    seller.page.locator('[name="plan-0-c-1-needs_evidence"]').check()
    if not has_scripts(seller):
        seller.press("Recalculate")
    seller.sees("Allocated 100%", "Adds up exactly")
    seller.press("Check answers")
    seller.is_at("Check answers")
    seller.sees("Meridian Logistik AG", "12,000.00", "16,000.00", "The statement you agree to")
    seller.press("I sign and propose this contract")
    seller.is_at("Warehouse software implementation")


def sign_by_personal_link(buyer: Visitor) -> None:
    """The buyer's signatory opens the link in the mail, without an account, and signs that exact version."""
    buyer.open(link_in(mail_to(SIGNATORY, about=re.compile("^Sign: Warehouse"))))
    buyer.sees("Mila Meier, Polaris Software GmbH asks you to sign this contract.", "40,000.00")
    buyer.follow("Sign this contract")
    buyer.press("I sign this contract")
    buyer.sees("The contract is signed by both sides")


def submit_the_prototype(seller: Visitor, *, note: str) -> None:
    """Tick the criteria, attach evidence where none is yet, look at what the buyer will see, send."""
    seller.page.locator('[name="met_1"]').wait_for()
    seller.tick("This is met: Three")
    seller.tick("This is met: The test")
    seller.fill_in("note_2", note)
    if seller.page.get_by_text("protocol-1.pdf").count() == 0:
        seller.attach("files_2", ("protocol-1.pdf", "application/pdf", PROTOCOL))
    seller.press("See what the buyer will see")
    seller.is_at("Check and submit")
    seller.sees(note, "protocol-1.pdf")
    seller.press(re.compile("^Submit 12,000.00"))
    seller.is_at("Prototype")
    seller.sees("Mila Meier gets a mail with a personal link.")


def request_changes(buyer: Visitor) -> None:
    """Cross one criterion, with the reason."""
    buyer.open(link_in(mail_to(SIGNATORY, about=re.compile("^Sign off: Prototype"))))
    buyer.follow("Request changes")
    buyer.page.locator('[name="verdict_2"][value="not_met"]').check()
    buyer.fill_in("reason_2", "Two defects of class A are still open.")
    buyer.press("Request these changes")
    buyer.sees("You requested changes")


def sign_in_with_authenticator(house: House, email: str, name: str) -> Visitor:
    """By e-mailed code; then the authenticator app is set up, because the financier's door asks for it."""
    visitor = house.visitor(name)
    visitor.open("/accounts/login/")
    visitor.sign_in(email)
    visitor.is_at("Set up the authenticator app")
    secret = visitor.page.locator("[data-copy]").first.get_attribute("data-copy")
    assert secret
    visitor.enter_totp(secret, "Turn on")
    visitor.page.wait_for_load_state()
    visitor.open("/")
    visitor.is_at("Dashboard")
    return visitor


def sign_off(buyer: Visitor) -> None:
    """From the mail, which says that it comes again, to done."""
    about = re.compile("^Resubmitted, sign off: Prototype, 12,000.00 EUR, by")
    buyer.open(link_in(mail_to(SIGNATORY, about=about)))
    buyer.follow("Sign off 12,000.00 EUR")
    buyer.press("I sign off this milestone")
    buyer.is_at("Prototype is signed off")


def has_scripts(visitor: Visitor) -> bool:
    """Whether the page has noticed that scripts run."""
    return visitor.page.locator("html.js").count() == 1


def await_document(visitor: Visitor) -> None:
    """Without scripts a page does not change by itself: look again until the PDF is there."""

    def is_there() -> bool:
        visitor.page.reload()
        return visitor.page.get_by_role("link", name=re.compile(r"^Download INV")).count() > 0

    wait_for(is_there, lambda: f"no PDF: {visitor.text()}")


def open_a_facility(underwriter: Visitor, *, seller_ref: str) -> None:
    """A line for the seller, found by the reference that it read to the financier."""
    underwriter.go("Facilities")
    underwriter.follow("Open a facility")
    underwriter.fill(Seller=seller_ref, Limit="250000")
    underwriter.press("Review")
    underwriter.sees("You open a facility of", "250,000.00", "Polaris Software GmbH")
    underwriter.press("Open this facility")
    underwriter.is_at("Polaris Software GmbH")


def ask_for_funding(seller: Visitor, number: str) -> None:
    """From the invoice to the request."""
    seller.follow("Get paid early")
    seller.is_at("Get Warehouse software implementation paid early")
    seller.sees(number, "14,280.00")
    seller.press("Ask for an offer")
    seller.is_at("Get paid early")
    seller.sees(number)


def price_and_approve(bank: Financiers, number: str) -> None:
    """An underwriter verifies the buyer, an analyst tries terms and prices, the underwriter approves."""
    bank.underwriter.go("Requests")
    bank.underwriter.follow(re.compile(number))
    bank.underwriter.follow("Verify the buyer")
    bank.underwriter.fill(What_you_checked="Register extract, and a call back.")
    bank.underwriter.press("Review")
    bank.underwriter.press("I have verified this buyer")
    bank.underwriter.sees("is verified.")
    bank.analyst.go("Requests")
    bank.analyst.follow(re.compile(number))
    bank.analyst.sees("Shown in the workshop", "Paid to the seller at funding")
    bank.analyst.fill(Advance_rate="80")
    bank.analyst.page.locator('[name="annual_rate"]').focus()
    bank.analyst.sees("11,424.00")
    bank.analyst.press("Price this offer")
    bank.analyst.sees("A second person has to approve it.")
    bank.underwriter.go("Offers")
    bank.underwriter.follow(re.compile(number))
    bank.underwriter.follow("Approve")
    bank.underwriter.press("I approve this offer")
    bank.underwriter.sees("The offer is approved.")


def accept_the_offer(seller: Visitor) -> None:
    """The seller reads the offer behind the mail, and sells the invoice."""
    seller.open(link_in(mail_to("petra@polaris.example", about=re.compile("^Offer: "))))
    seller.sees("Annual percentage rate", "Wait or get paid early")
    seller.follow(re.compile("^Get .* now$"))
    seller.sees("The disclosure that you sign")
    seller.press(re.compile("^I sell this invoice for"))
    seller.sees("Accepted. The buyer is told whom to pay, then you are paid.")


def acknowledge(buyer: Visitor, number: str) -> None:
    """The buyer reads whom to pay now, by personal link, and confirms."""
    buyer.open(link_in(mail_to(SIGNATORY, about=re.compile(f"^New payee: pay invoice {number}"))))
    buyer.sees("DE75512108001245126199")
    buyer.press("I confirm that I have read this notice")
    buyer.sees("Confirmed")


def fund_collect_and_settle(treasury: Visitor, number: str) -> None:
    """Treasury pays the advance out, records what the buyer paid, and pays the reserve."""
    treasury.go("Advances")
    treasury.follow(re.compile(number))
    treasury.follow(re.compile("^Pay out"))
    treasury.fill(Bank_reference="OUT-0001")
    treasury.press("Review")
    treasury.press(re.compile("^Record .* as paid out$"))
    treasury.sees("is paid out to Polaris Software GmbH.")
    treasury.follow("Record a payment")
    treasury.fill(Bank_reference="IN-0001")
    treasury.press("Review")
    treasury.press("Record 14,280.00 EUR")
    treasury.sees("is recorded and shared out.")
    treasury.follow(re.compile("^Pay reserve"))
    treasury.fill(Bank_reference="OUT-0002")
    treasury.press("Review")
    treasury.press(re.compile("^Record .* as paid out$"))
    treasury.sees("Settled")
