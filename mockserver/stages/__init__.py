"""The checks that a request passes, one a file, each a function of the exchange that returns or raises Refused.

Their order is the provider's (`x-provider.order`), since it decides which refusal wins.
"""

from collections.abc import Callable, Mapping

from mockserver.exchange import Exchange
from mockserver.stages.authorize import authorize
from mockserver.stages.entitle import entitle
from mockserver.stages.identify import identify
from mockserver.stages.throttle import throttle
from mockserver.stages.validate import validate

Stage = Callable[[Exchange], None]

STAGES: Mapping[str, Stage] = {
    "identify": identify,
    "entitle": entitle,
    "authorize": authorize,
    "throttle": throttle,
    "validate": validate,
}
