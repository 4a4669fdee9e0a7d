"""What is measured: `make bench`. Ratios within one run; absolute times say more about the machine."""
