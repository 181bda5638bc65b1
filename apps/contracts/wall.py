"""The wall of everything that belongs to a contract: its parties see it, and a guest sees the one contract only."""

from apps.core.database.walls import CONTRACT, ORGS, ROW, Wall


def by_contract(column: str = "contract_id") -> Wall:
    """Rows of contracts to which an organisation of the asker is a party.

    Asked for the row at hand: ``IN`` would collect every contract of the organisation for each statement, and so may
    EXISTS, unless OFFSET tells the planner to ask row by row.
    """
    return Wall(
        f"({CONTRACT} IS NULL OR {column} = {CONTRACT}) AND EXISTS (SELECT 1 FROM contracts_contractparty party"
        f" WHERE party.contract_id = {ROW}.{column} AND party.organisation_id = ANY ({ORGS}) OFFSET 0)"
    )


IS_SELLERS = """
CREATE OR REPLACE FUNCTION cairn_is_sellers(of_contract bigint) RETURNS boolean
  LANGUAGE plpgsql STABLE SECURITY INVOKER AS $$ BEGIN
    RETURN EXISTS (SELECT 1 FROM contracts_contract WHERE id = of_contract AND seller_id = ANY (cairn_orgs()));
  END $$;
"""
"""Whether the asker sells in a contract. Apart, because only drafts are asked for it, and every plan would hold it."""


def own_paper(is_sent: str) -> Wall:
    """Like :func:`by_contract`, but only the seller's own side sees a row before ``is_sent`` (SQL) holds."""
    sees = by_contract().sees
    return Wall(f"({sees}) AND ({is_sent} OR cairn_is_sellers({ROW}.contract_id))", asks=IS_SELLERS)
