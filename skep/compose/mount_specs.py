"""A mount of a service -> the Engine API's. Source: ``convert/volume.go`` of docker/cli."""

from __future__ import annotations

from skep.compose.configs import external
from skep.compose.naming import Always, Names, without_empty
from skep.reading.values import Fields

Spec = dict[str, object]


def mount_spec(mount: Fields, names: Names) -> Spec:
    """The mount as it is sent."""
    kind = mount["type"]
    sent: Spec = {
        "Type": kind,
        "Source": mount.get("source"),
        "Target": mount["target"],
        "ReadOnly": mount.get("read_only"),
        "Consistency": mount.get("consistency"),
    }
    if kind == "volume":
        sent |= _volume(mount, names)
    elif kind in ("bind", "npipe") and "bind" in mount:
        sent["BindOptions"] = Always(without_empty({"Propagation": mount["bind"].get("propagation")}))
    elif kind == "tmpfs" and "tmpfs" in mount:
        sent["TmpfsOptions"] = Always(without_empty({"SizeBytes": int(mount["tmpfs"].get("size", 0))}))
    elif kind == "cluster":
        sent["ClusterOptions"] = Always()
        if not mount["source"].startswith("group:"):
            sent["Source"] = names.of("volumes", mount["source"])
    return without_empty(sent)


def _volume(mount: Fields, names: Names) -> Spec:
    source = mount.get("source")
    if not source:
        return {}
    volume = names.document.section("volumes")[source]
    options: Spec = dict(without_empty({key: mount.get("volume", {}).get(name) for key, name in _OPTIONS}))
    if not external(volume):
        options["Labels"] = names.labelled(volume.get("labels"))
        if volume.get("driver") or "driver_opts" in volume:
            driver = {"Name": volume.get("driver"), "Options": dict(volume.get("driver_opts") or {})}
            options["DriverConfig"] = without_empty(driver)
    return {"Source": names.of("volumes", source), "VolumeOptions": Always(options)}


_OPTIONS = (("NoCopy", "nocopy"), ("Subpath", "subpath"))
