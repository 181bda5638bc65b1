"""``python -m benchmarks sign_off | clients | sizes | render | close | drop``: prints what was measured and checked."""

import argparse
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")


def main() -> None:
    import django

    django.setup()
    from benchmarks import clients, close, render, sign_off, sizes, stock

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("sign_off", help="the whole sign-off beside bare Django and pgbench")
    one.add_argument("--rounds", type=int, default=100)
    many = commands.add_parser("clients", help="one seller at sixteen clients beside sixteen sellers")
    many.add_argument("--each", type=int, default=20, help="sign-offs of each client")
    many.add_argument("--clients", type=int, default=16)
    large = commands.add_parser("sizes", help="lists, totals and sign-offs where there are few and many invoices")
    large.add_argument("invoices", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    renders = commands.add_parser("render", help="warm render time, and memory over renders")
    renders.add_argument("--renders", type=int, default=60)
    month = commands.add_parser("close", help="the close of a month over a whole book")
    month.add_argument("--contracts", type=int, default=100_000)
    commands.add_parser("drop", help="throw the databases away that sizes made")
    chosen = parser.parse_args()
    if chosen.command == "sign_off":
        sign_off.run(rounds=chosen.rounds)
    elif chosen.command == "clients":
        clients.run(clients=chosen.clients, each=chosen.each)
    elif chosen.command == "sizes":
        sizes.run(chosen.invoices)
    elif chosen.command == "render":
        render.run(renders=chosen.renders)
    elif chosen.command == "close":
        close.run(contracts=chosen.contracts)
    else:
        stock.drop()


if __name__ == "__main__":
    main()
