"""Networks, their sharpness and their training: the only part of the package that imports torch when it is loaded."""

from ngdm_helpers.networks import models, training
from ngdm_helpers.networks.models import *
from ngdm_helpers.networks.sharpness import *
from ngdm_helpers.networks.sharpness import __all__ as _sharpness
from ngdm_helpers.networks.training import *

__all__ = [*models.__all__, *_sharpness, *training.__all__]
