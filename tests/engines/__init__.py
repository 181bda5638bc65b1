"""The engines that find bugs: each hurts the product on purpose, again and again, and looks whether anything is wrong.

docs/engines.md tells what each does, how it proves itself on seeded mutants, and how to run it for long.
"""
