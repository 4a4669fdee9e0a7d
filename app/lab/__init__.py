"""A laboratory network to run flows against: an access network, an ACS and a billing system, with faults on demand."""
