"""A bare Django application that does only the minimal writes of a sign-off: what the product is measured beside."""
