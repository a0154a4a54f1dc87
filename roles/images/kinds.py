"""What there is to say of images from files."""

from skep.kinds import Kind, declared

IMAGE_UNUSED = Kind(
    "image-unused",
    "No service names an image of this file, so it is sent nowhere.",
    "take the file out of images in the inventory, or name the image in a compose file",
)

KINDS = declared(vars())
