"""``python -m hpcraft`` is the ``hpcraft`` command."""

import sys

from hpcraft.cli import main

if __name__ == "__main__":
    sys.exit(main())
