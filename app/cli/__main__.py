"""`python -m app.cli` is `turnup`."""

from app.cli.main import main

main()
