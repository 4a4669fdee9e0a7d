"""How urgent an order is, in the numbers of TM Forum's TMF622 and TMF641: 0 is the highest, 4 the lowest."""

HIGHEST, URGENT, NORMAL, LOWEST = 0, 1, 2, 4  # URGENT is the last of the urgent ones
