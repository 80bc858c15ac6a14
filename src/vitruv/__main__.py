"""`python -m vitruv` is `vitruv`."""

import sys

from vitruv.cli import main

sys.exit(main())
