"""The course of a signed contract, lived at random: parts, reservations, disputes, corrections, changes, the end.

``plain`` is the model: what a careful clerk would keep on paper, with no word about how the product does it. The other
modules are one topic each: what people try, whether the paper allows it, and what the paper says afterwards.
"""
