# SPDX-License-Identifier: Apache-2.0
"""Entry for `python3 -m standin` and for `python3 tests/standin`."""
import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from standin.cli import main  # noqa: E402  (the path must be set first)

sys.exit(main())
