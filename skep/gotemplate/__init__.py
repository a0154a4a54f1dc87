"""Go's ``text/template`` as swarmkit uses it: whether a text can be expanded, and what would come of it.

Source: Go's ``text/template`` and ``text/template/parse``, and ``template`` of moby/swarmkit. What only newer Go
releases take (``else with``, a range over a number) is refused.
"""

from skep.gotemplate.expanding import DUMMY, PAYLOAD_FUNCTIONS, expand, parse
from skep.gotemplate.lexing import TemplateError

__all__ = ["DUMMY", "PAYLOAD_FUNCTIONS", "TemplateError", "expand", "parse"]
