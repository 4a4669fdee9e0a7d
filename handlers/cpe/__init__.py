"""Equipment at the customer's."""
