#!/usr/bin/env python3
"""Cairn's command line: ``demo`` to look around, ``doctor`` to see what is missing, ``play_deal`` to try a deal."""

import os
import sys

from config import demo


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] and sys.argv[1] in demo.COMMANDS:
        demo.prepare()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
