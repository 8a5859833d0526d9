"""`python -m training.landmarks`."""

from __future__ import annotations

import sys

from training.landmarks.cli import main

sys.exit(main())
