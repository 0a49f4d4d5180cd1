"""`python -m pdistill`."""

from pdistill.cli.app import run

run()
