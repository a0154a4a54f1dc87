"""How compose files are written: what scalars mean to Docker's CLI, with variables filled in."""

from __future__ import annotations

import re
from typing import ClassVar

from skep.compose.template import BadTemplate, fill
from skep.compose.variables import Variables
from skep.dataclass import dataclass
from skep.kinds.files import DATE_UNQUOTED, VARIABLE_IN_KEY, VARIABLE_READ_OTHERWISE, VARIABLE_UNSET
from skep.reading.findings import Findings, KeyPath, Place
from skep.reading.scalars import Scalar, as_text, is_date, meaning
from skep.reading.source import Form
from skep.reading.tree import Leaf

_VARIABLE = re.compile(r"(?<!\$)\$(\{|[A-Za-z_])")
_KINDS = {bool: "a true or false", int: "a number", float: "a number", type(None): "an empty value"}


@dataclass(frozen=True)
class Dialect:
    """That of compose files."""

    findings: Findings
    variables: Variables
    form: ClassVar[Form] = Form(
        empty="describe services under 'services:'", key="services:", single="Docker reads one document a file"
    )

    def key(self, scalar: Scalar, place: Place, path: KeyPath) -> str | None:
        """What is wrong with a key: Docker's CLI takes no number for one."""
        if scalar.unquoted and not isinstance(meaning(scalar), str):
            kind = _KINDS[type(meaning(scalar))]
            return f"the key {self.findings.value(scalar)} is {kind} to YAML: quote it"
        name = str(scalar)
        if _VARIABLE.search(name) and not _is_extension((*path, name)):
            message = "variables are filled in in values, not in keys: this key keeps its '$'"
            self.findings.warn(VARIABLE_IN_KEY, (*path, name), message, place)
        return None

    def leaf(self, scalar: Scalar, place: Place, path: KeyPath) -> Leaf:
        """A scalar's meaning; where variables were filled in, it is text."""
        value = meaning(scalar) if scalar.unquoted else str(scalar)
        if scalar.unquoted and is_date(scalar) and not _is_extension(path):
            message = "is a date to Docker's CLI, which writes it with a time and UTC; here it stays as it is: quote it"
            self.findings.warn(DATE_UNQUOTED, path, message, place)
        text = str(scalar) if isinstance(value, str) else as_text(value)
        if not isinstance(value, str) or "$" not in text:
            return Leaf(text, value, digits=str(scalar) if type(value) in (int, float) else None)
        findings = self.findings
        try:
            filled = fill(text, self.variables.lookup)
        except BadTemplate as problem:
            for one in problem.args:
                findings.error(path, f"{one} (in {findings.value(text)})", place)
            return Leaf(text, text, text, failed=True)
        unset = list(dict.fromkeys(filled.unset))
        if unset:
            one = f"variable {unset[0]} is" if len(unset) == 1 else f"variables {', '.join(unset)} are"
            findings.reasons[path] = f"the {one} not set"
        for name in unset:
            findings.warn(VARIABLE_UNSET, path, f"the variable {name} is not set: nothing is put in its place", place)
        for remark in filled.remarks:
            findings.warn(VARIABLE_READ_OTHERWISE, path, remark, place)
        return Leaf(filled.text, filled.text, text)


def _is_extension(path: KeyPath) -> bool:
    return any(str(part).startswith("x-") for part in path)
