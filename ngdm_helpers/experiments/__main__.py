"""python -m ngdm_helpers.experiments"""

import sys

from ngdm_helpers.experiments import main

sys.exit(main())
