"""`python -m training.detector`."""

from __future__ import annotations

import sys

from training.detector.cli import main

sys.exit(main())
