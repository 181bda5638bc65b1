"""The wall of everything that belongs to a contract: its parties see it, and a guest sees the one contract only."""

from apps.core.database.walls import CONTRACT, ORGS, Wall


def by_contract(column: str = "contract_id") -> Wall:
    """Rows of contracts to which an organisation of the asker is a party."""
    # The column stands outside the subquery: inside it would mean the party's own column of the same name.
    return Wall(
        f"({CONTRACT} IS NULL OR {column} = {CONTRACT}) AND {column} IN (SELECT party.contract_id"
        f" FROM contracts_contractparty party WHERE party.organisation_id = ANY ({ORGS}))"
    )
