"""`python -m analytics` is the command `incidents`."""

from analytics.cli import main

main()
