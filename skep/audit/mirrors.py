"""Whether a mirror of a registry answers a host, asked as its engine would ask: by the engine's proxy, and with the
certificates that it trusts for that registry."""

from __future__ import annotations

from urllib.parse import urlsplit

from testinfra.host import Host as Remote

from skep.bypass import is_direct
from skep.json_types import mapping
from skep.model import Cluster, Host
from skep.swarm.engine_info import EngineInfo
from skep.verify.plugin import Found

CURL = """if command -v curl >/dev/null; then
  code() { curl --silent --output /dev/null --max-time 10 --write-out '%%{http_code}' "$@"; }
  trusted=$(cat /etc/docker/certs.d/%s/*.crt 2>/dev/null)
  set -- %s %s %s %s
  if [ "$trusted" ]; then printf '%%s\\n' "$trusted" | code --cacert /dev/stdin "$@"; else code "$@"; fi
"""
WITHOUT_CURL = "else timeout 10 bash -c %s; fi"
OVER_HTTP = (
    "exec 3<>/dev/tcp/{host}/{port} && "
    'printf "GET /v2/ HTTP/1.0\\r\\nHost: {host}\\r\\n\\r\\n" >&3'
    ' && read -r _ code _ <&3 && echo "$code"'
)
OVER_TLS = "exec 3<>/dev/tcp/{host}/{port} && echo 200"
"""Without curl nobody there speaks TLS: that it can be connected to has to do."""
NOT_ASKED = "not asked: the engine reaches it by a proxy"


def answers(host: Remote, desired: Host, cluster: Cluster, info: EngineInfo, found: Found, mirror: str) -> bool:
    """Whether it speaks the registry's API, with a login or without. One that only the engine can ask counts as if."""
    at = urlsplit(mirror)
    secure = at.scheme == "https"
    url = f"{mirror.rstrip('/')}/v2/"
    proxy = info.get("HttpsProxy") if secure else info.get("HttpProxy")
    proxy = None if is_direct(cluster, desired, mirror) else proxy
    if proxy and ("@" in proxy or not host.exists("curl")):
        found(f"curl --head {url}", NOT_ASKED)
        return True
    script = (OVER_TLS if secure else OVER_HTTP).format(host=at.hostname, port=at.port or (443 if secure else 80))
    way = ("--proxy", proxy) if proxy else ("--noproxy", "*")
    checked = "--insecure" if _is_insecure(info, at.netloc) else "--no-insecure"
    words = (at.netloc, *way, checked, url, script)
    code = str(host.run(CURL + WITHOUT_CURL, *words).stdout).strip()
    found(f"curl --head {url}", code or "no answer")
    return code in ("200", "401")


def _is_insecure(info: EngineInfo, registry: str) -> bool:
    """Whether the engine was given it as one whose certificate is not to be checked."""
    known = mapping(mapping(info.get("RegistryConfig")).get("IndexConfigs"))
    return mapping(known.get(registry)).get("Secure") is False
