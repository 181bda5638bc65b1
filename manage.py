#!/usr/bin/env python3
"""Cairn's command line: ``demo`` to look around, ``doctor`` to see what is missing, ``play_deal`` to try a deal."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["demo"]:
        from config import demo

        demo.prepare()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
