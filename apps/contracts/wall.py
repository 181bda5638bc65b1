"""The wall of everything that belongs to a contract: its parties see it, and a guest sees the one contract only."""

from apps.core.database.walls import ORGS, ROW, Wall


def by_contract(column: str = "contract_id") -> Wall:
    """Rows of contracts to which an organisation of the asker is a party.

    Which parties the asker sees, and for a guest of which contract, is said by their own wall and not once more here:
    each word of it would be read again for every table of a statement. Asked for the row at hand: ``IN`` would collect
    every contract of the organisation for each statement, and so may EXISTS, unless OFFSET tells the planner to ask row
    by row.
    """
    return Wall(
        f"EXISTS (SELECT 1 FROM contracts_contractparty party WHERE party.contract_id = {ROW}.{column} OFFSET 0)"
    )


IS_SELLERS = """
CREATE OR REPLACE FUNCTION cairn_is_sellers(of_contract bigint) RETURNS boolean
  LANGUAGE plpgsql STABLE SECURITY INVOKER AS $$ BEGIN
    RETURN EXISTS (SELECT 1 FROM contracts_contract WHERE id = of_contract AND seller_id = ANY (cairn_orgs()));
  END $$;
"""
"""Whether the asker sells in a contract. Apart, because only drafts are asked for it, and every plan would hold it."""
IS_OWN_DRAFT = """
CREATE OR REPLACE FUNCTION cairn_is_own_draft(of_contract bigint, author text) RETURNS boolean
  LANGUAGE plpgsql STABLE SECURITY INVOKER AS $$ BEGIN
    RETURN EXISTS (SELECT 1 FROM contracts_contract WHERE id = of_contract AND
      CASE author WHEN 'seller' THEN seller_id WHEN 'buyer' THEN buyer_id END = ANY (cairn_own()));
  END $$;
"""
"""Whether the asker belongs to the side that writes a draft, and came by no link."""


def by_sides() -> Wall:
    """Like :func:`by_contract`, but for seller and buyer alone: what they write to each other is no financier's."""
    return Wall(
        f"({by_contract().sees}) AND EXISTS (SELECT 1 FROM contracts_contract own WHERE own.id = {ROW}.contract_id"
        f" AND (own.seller_id = ANY ({ORGS}) OR own.buyer_id = ANY ({ORGS})) OFFSET 0)"
    )


def proposed_or_own() -> Wall:
    """Like :func:`by_contract` for versions: a draft is seen by the side whose paper it is, and by no guest of it."""
    return Wall(
        f"({by_contract().sees}) AND (proposed_at IS NOT NULL OR cairn_is_own_draft({ROW}.contract_id, {ROW}.author))",
        asks=IS_OWN_DRAFT,
    )


def own_paper(is_sent: str) -> Wall:
    """Like :func:`by_contract`, but only the seller's own side sees a row before ``is_sent`` (SQL) holds."""
    sees = by_contract().sees
    return Wall(f"({sees}) AND ({is_sent} OR cairn_is_sellers({ROW}.contract_id))", asks=IS_SELLERS)
