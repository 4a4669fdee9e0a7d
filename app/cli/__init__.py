"""The command line. `main` is what the installed `turnup` command calls."""

from app.cli.main import main as main
