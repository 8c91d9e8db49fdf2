"""python -m ngdm_helpers: the same as the command ngdm."""

import sys

from ngdm_helpers.course.cli import main

sys.exit(main())
