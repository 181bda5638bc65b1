"""With what a connection to Postgres is opened: what the server keeps to, and when either side gives the other up."""

SESSION = (
    "-c role=cairn_web -c lock_timeout=10s -c statement_timeout={statement_seconds}s"
    " -c idle_in_transaction_session_timeout=60s"
    # A web process whose network vanished in the middle of its statements counts as active, which no limit above ends:
    # its locks are let go when nothing is heard of it. A Unix socket has no keep-alive, nor a network to lose.
    " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 -c tcp_user_timeout=10s"
    # Triggers and kept statements look rows up by key: one plan serves every value (docs/decisions/0010).
    " -c plan_cache_mode=force_generic_plan"
    # Policies call functions that are said to be dear, so Postgres would compile such plans, each time they run.
    " -c jit=off"
)
"""Of pages and jobs. The owner's sessions take what the server has."""
AWAY_AFTER = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""When the client counts a connection as lost: seconds, and milliseconds for the last one."""
