"""Images from files, as services name them and as people see them."""

from __future__ import annotations

import pytest

from skep.model import Archive, ArchivedImage
from skep.swarm.archived import by_content, shown_image
from skep.swarm.image import is_by_name, short
from skep.swarm.service import image_of, placement_of
from skep.swarm.spec import ServiceSpec

ID, DIGEST = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def spec(image: str, **placement: object) -> ServiceSpec:
    return {  # type: ignore[typeddict-item]
        "Name": "shop_app",
        "Labels": {"com.docker.stack.image": image},
        "TaskTemplate": {"ContainerSpec": {"Image": image}, "Placement": placement},
    }


def archives(architecture: str = "amd64", digest: str = DIGEST) -> tuple[Archive, ...]:
    image = ArchivedImage(("shop:1", "shop:latest"), ID, digest, architecture, 0)
    return (Archive("/x.tar", 1, "0" * 64, (image,)),)


@pytest.mark.parametrize(
    ("digest", "containerd", "expected"), [(DIGEST, False, ID), (DIGEST, True, DIGEST), ("", True, ID)]
)
def test_it_is_what_the_hosts_call_it(digest: str, containerd: bool, expected: str) -> None:
    found = by_content(spec("shop:latest"), archives(digest=digest), containerd=containerd)
    assert image_of(found) == expected and not is_by_name(expected)
    assert placement_of(found)["Platforms"] == [{"Architecture": "amd64", "OS": "linux"}]
    assert (shown_image(found), short(expected)) == ("shop:latest", expected[:19])


def test_platforms_that_are_named_stay_and_those_of_32_bit_arm_stay_open() -> None:
    own = [{"Architecture": "s390x", "OS": "linux"}]
    assert placement_of(by_content(spec("shop:1", Platforms=own), archives(), containerd=False))["Platforms"] == own
    arm = by_content(spec("shop:1"), archives("arm"), containerd=False)
    assert placement_of(arm)["Platforms"] == [{"Architecture": "", "OS": "linux"}]


@pytest.mark.parametrize("image", ["shop:2", f"shop:1@{DIGEST}", "other/shop:1", ID])
def test_other_images_stay_as_they_are(image: str) -> None:
    assert by_content(spec(image), archives(), containerd=False) == spec(image)
