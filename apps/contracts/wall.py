"""The wall of everything that belongs to a contract: its parties see it, and a guest sees the one contract only."""

from apps.core.database.walls import CONTRACT, ORGS, Wall


def by_contract(column: str = "contract_id") -> Wall:
    """Rows of contracts to which an organisation of the asker is a party."""
    # The column stands outside the subquery: inside it would mean the party's own column of the same name.
    return Wall(
        f"({CONTRACT} IS NULL OR {column} = {CONTRACT}) AND {column} IN (SELECT party.contract_id"
        f" FROM contracts_contractparty party WHERE party.organisation_id = ANY ({ORGS}))"
    )


def own_paper(is_sent: str) -> Wall:
    """Like :func:`by_contract`, but only the seller's own side sees a row before ``is_sent`` (SQL) holds."""
    sees = by_contract().sees
    return Wall(
        f"({sees}) AND ({is_sent} OR contract_id IN"
        f" (SELECT own.id FROM contracts_contract own WHERE own.seller_id = ANY ({ORGS})))"
    )
