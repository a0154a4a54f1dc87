"""What there is to say of what stands around an engine."""

from skep.kinds import Kind, declared

KERNEL_SHARED = Kind(
    "kernel-shared",
    "A host is a container, and some of kernel in the inventory can only be so on the machine below.",
    "load the modules and set the parameters there",
)
PROXY_NOT_OF_PACKAGES = Kind(
    "proxy-not-of-packages",
    "A host's package manager is not given the proxy: it is neither apt nor dnf, or its dnf.conf has one of its own.",
    "write proxy=URL into its yum.conf, or take that of dnf.conf out",
)

KINDS = declared(vars())
