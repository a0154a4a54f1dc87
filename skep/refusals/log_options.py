"""Options of log drivers: which each has, and which values the engine refuses. Source: moby daemon/logger/factory.go,
``ValidateLogOpts``, which every engine asks when it starts and when it makes a container, and ``New`` of each driver,
which reads the values when a container starts."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from skep.dataclass import dataclass
from skep.gotemplate import TemplateError, parse

_FILES = "compress max-file max-size"
_OPTIONS = {
    "awslogs": "awslogs-create-group awslogs-create-stream awslogs-credentials-endpoint awslogs-datetime-format"
    " awslogs-endpoint awslogs-force-flush-interval-seconds awslogs-format awslogs-group awslogs-max-buffered-events"
    " awslogs-multiline-pattern awslogs-region awslogs-stream",
    "fluentd": "fluentd-address fluentd-async fluentd-async-connect fluentd-async-reconnect-interval"
    " fluentd-buffer-limit fluentd-max-retries fluentd-read-timeout fluentd-request-ack fluentd-retry-wait"
    " fluentd-sub-second-precision fluentd-write-timeout",
    "gelf": "gelf-address gelf-compression-level gelf-compression-type gelf-tcp-max-reconnect gelf-tcp-reconnect-delay",
    "journald": "",
    "json-file": _FILES,
    "local": _FILES,
    "syslog": "syslog-address syslog-facility syslog-format syslog-tls-ca-cert syslog-tls-cert syslog-tls-key"
    " syslog-tls-skip-verify",
}
"""Log drivers and the options of each, besides those that all have."""
_ANY = """
cache-compress cache-disabled cache-max-file cache-max-size env env-regex labels labels-regex max-buffer-size mode tag
"""
_MODES = ("blocking", "non-blocking")
_TRUE, _FALSE = ("1", "t", "T", "TRUE", "true", "True"), ("0", "f", "F", "FALSE", "false", "False")
_SIZE = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+) ?[kmgtp]?i?b?", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_FACILITIES_TEXT = """
kern user mail daemon auth syslog lpr news uucp cron authpriv ftp local0 local1 local2 local3 local4 local5 local6
local7
"""
_FACILITIES = (*_FACILITIES_TEXT.split(), *map(str, range(24)))
_FORMATS = ("rfc3164", "rfc5424", "rfc5424micro")
_TAG_FUNCTIONS = ("json", "split", "join", "title", "lower", "upper", "pad", "truncate")

_HOST = r"(\[[^]/@]+]|[^]\[:/@ ]*)"
_ADDRESSES = {
    "fluentd": (rf"((tcp|tls|udp)://)?{_HOST}(:[0-9]+)?/?|unix(gram)?://.+", "tcp://10.0.0.9:24224"),
    "gelf": (rf"(udp|tcp)://{_HOST}:[0-9]*(/.*)?", "udp://10.0.0.9:12201"),
    "syslog": (rf"(udp|tcp|tcp\+tls)://{_HOST}(:[0-9]*)?(/.*)?|unix(gram)?://.+", "tcp+tls://10.0.0.9:6514"),
}
"""What each takes as its address, and such a one. An empty one is the driver's own, if it has one."""
_DEFAULT = "json-file"
"""The driver of an engine where nothing is said."""

_NONE = "none but those of every driver"

Said = tuple[str, str]
"""An option, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Log:
    """How logs are written. ``quote`` gives the value of an option in quotes. ``whole``: nothing else adds options, as
    the engine's own do to those of a service; what has to stand beside an option is missed only then."""

    driver: str
    options: Mapping[str, str]
    quote: Callable[[str, str], str]
    whole: bool

    def faults(self) -> Iterator[Said]:
        """Every option that an engine refuses. Options of plugins are not known."""
        if self.driver == "none":
            return
        own = _OPTIONS.get(self.driver)
        for name in self.options if own is not None else ():
            if name not in (*str(own).split(), *_ANY.split()):
                has = f"{', '.join(str(own).split())} and those of every driver" if own else _NONE
                yield name, f"is no option of {self.driver}, which has {has}, such as labels and mode"
        yield from self._of_every_driver()
        if self.driver in ("json-file", "local"):
            yield from self._of_files(least=1 if self.driver == "json-file" else 0)
        elif self.driver == "syslog":
            yield from self._one_of("syslog-facility", _FACILITIES, "a facility such as daemon or local0")
            yield from self._one_of("syslog-format", _FORMATS, ", ".join(_FORMATS))
        yield from self._address()
        if self.driver == "gelf":
            yield from self._gelf()

    def _address(self) -> Iterator[Said]:
        name, (pattern, example) = f"{self.driver}-address", _ADDRESSES.get(self.driver, ("", ""))
        text = self.options.get(name)
        if text and pattern and not re.fullmatch(pattern, text, re.IGNORECASE | re.ASCII):
            yield name, f"must be an address such as {example}, not {self.quote(name, text)}"

    def _gelf(self) -> Iterator[Said]:
        address = self.options.get("gelf-address")
        if not address and (self.whole or address is not None):
            yield "gelf-address", f"is needed by gelf, such as {_ADDRESSES['gelf'][1]}"
        yield from self._one_of("gelf-compression-type", ("gzip", "zlib", "none"), "gzip, zlib or none")
        level = self.options.get("gelf-compression-level")
        if level is not None and not (_NUMBER.fullmatch(level) and -1 <= int(level) <= 9):
            yield "gelf-compression-level", f"must be -1 to 9, not {self.quote('gelf-compression-level', level)}"
        for scheme, beginning in (("udp", "gelf-compression"), ("tcp", "gelf-tcp")):
            for name in self.options if address and not address.lower().startswith(f"{scheme}:") else ():
                if name.startswith(beginning):
                    yield name, f"goes with a {scheme}:// gelf-address only"

    def _of_every_driver(self) -> Iterator[Said]:
        mode = self.options.get("mode")
        yield from self._one_of("mode", _MODES, " or ".join(_MODES))
        if "max-buffer-size" in self.options:
            if mode in ("", _MODES[0]) or (mode is None and self.whole):
                yield "max-buffer-size", "needs mode: non-blocking beside it"
            yield from self._size("max-buffer-size")
        yield from self._flag("cache-disabled")
        if self.driver not in ("gcplogs", "splunk", *_OPTIONS):
            return
        try:
            parse(self.options.get("tag", ""), more=_TAG_FUNCTIONS)
        except TemplateError as problem:
            yield "tag", f"holds what is no template: {problem}"

    def _of_files(self, least: int) -> Iterator[Said]:
        yield from self._size("max-size", least)
        yield from self._flag("compress", empty=False)
        files = self.options.get("max-file")
        if files is not None and not (_NUMBER.fullmatch(files) and int(files) >= least):
            yield "max-file", f"must be a number of files, {least or 1} or more, not {self.quote('max-file', files)}"
            return
        single = int(files or 5) <= 1 if self.driver == "local" else files is not None and int(files) == 1
        packed = self.options.get("compress")
        if self.driver == "local" and single and (packed in _TRUE or (packed is None and self.whole)):
            yield "max-file", 'a single file cannot be compressed, which local does unless compress is "false"'
        elif self.driver == "json-file" and packed in _TRUE and (single or (self.whole and not self._rotates())):
            yield "compress", "needs max-size, and max-file of 2 or more, beside it"

    def _rotates(self) -> bool:
        return {"max-size", "max-file"} <= self.options.keys()

    def _size(self, name: str, least: int = 0) -> Iterator[Said]:
        text = self.options.get(name)
        found = _SIZE.fullmatch(text) if text is not None else None
        if text is not None and (found is None or (least and not float(found[1]))):
            yield name, f"must be a size such as 10m, not {self.quote(name, text)}"

    def _flag(self, name: str, *, empty: bool = True) -> Iterator[Said]:
        text = self.options.get(name)
        if text is not None and not (text == "" and empty) and text not in (*_TRUE, *_FALSE):
            yield name, f"must be true or false, not {self.quote(name, text)}"

    def _one_of(self, name: str, known: tuple[str, ...], words: str) -> Iterator[Said]:
        text = self.options.get(name) or known[0]
        if text not in known:
            yield name, f"must be {words}, not {self.quote(name, text)}"


@dataclass(frozen=True, slots=True)
class LogDefaults:
    """What an engine's ``log-driver`` and ``log-opts`` are. Its options are those of containers, too, that have its
    driver and say nothing else. Source: moby daemon/logs.go, ``mergeAndVerifyLogConfig``."""

    driver: str
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, daemon: Mapping[str, object]) -> LogDefaults:
        """As settings of daemon.json have it."""
        options = daemon.get("log-opts")
        known = options.items() if isinstance(options, Mapping) else ()
        texts = tuple(sorted((str(name), text) for name, text in known if isinstance(text, str)))
        return cls(str(daemon.get("log-driver") or _DEFAULT), texts)


def service_faults(
    driver: str,
    options: Mapping[str, str],
    quote: Callable[[str], str],
    engines: Collection[LogDefaults] | None,
) -> Iterator[Said]:
    """What is refused of a service's by an engine with such defaults; by any engine at all where those are ``None``."""
    looks = [Log(driver, options, lambda _, text: quote(text), whole=False)] if engines is None else []
    for engine in dict.fromkeys(engines or ()):
        whole = {**dict(engine.options), **options} if driver in ("", engine.driver) else options
        looks.append(Log(driver or engine.driver, whole, lambda _, text: quote(text), whole=True))
    yield from dict.fromkeys(said for look in looks for said in look.faults())
