"""What is to be said of an inventory, or of compose files, that are right."""

from skep.kinds.kind import Kind

# compose files, each by itself

KEY_IGNORED = Kind(
    "key-ignored",
    "Swarm, or Docker's CLI before it, takes no notice of this key.",
    "take the key out, or write what the message names instead",
)
KEY_TOO_NEW = Kind(
    "key-too-new",
    "The oldest manager's engine does not know this key and drops it.",
    "upgrade that engine, or take the key out",
)
DOCKER_MERGE = Kind(
    "docker-merge",
    "Docker merges several compose files in a way that loses or keeps something unexpected here.",
    "write the whole value into one of the files",
)
MOUNT_OPTION_IGNORED = Kind(
    "mount-option-ignored", "Swarm takes no notice of this option of a short mount.", "take the option out"
)
BIND_ON_EVERY_NODE = Kind(
    "bind-on-every-node",
    "A relative folder is mounted. Swarm copies nothing: it must be there on every node that may run the task.",
    "use a config, a secret or a volume; or put the folder on every node and write its whole path",
)
NETWORK_UNUSED = Kind("network-unused", "No service uses this network, so it is not created.", "take it out")
ROLLBACK_PAUSES = Kind(
    "rollback-pauses",
    "Swarm never rolls back a rollback: failure_action: rollback under rollback_config pauses.",
    "write 'pause', or 'continue'",
)
RESTART_KEY = Kind(
    "restart-key",
    "The key restart is Compose's. Swarm has deploy.restart_policy.",
    "write deploy.restart_policy instead",
)
LABELS_MISPLACED = Kind(
    "labels-misplaced",
    "These labels are read from the service, and here they are on its containers.",
    "write them under deploy.labels",
)
VARIABLE_IN_KEY = Kind("variable-in-key", "Variables are filled in in values, not in keys.", "write the key as it is")
VARIABLE_UNSET = Kind(
    "variable-unset",
    "A variable has no value, and nothing is put in its place.",
    "set it under stacks.*.variables, in .env or in the environment; or give it a default: ${NAME:-value}",
)
VARIABLE_READ_OTHERWISE = Kind(
    "variable-read-otherwise", "Docker's CLI reads this variable's text in another way.", "write it as the message says"
)
TEXT_FOR_LIST = Kind(
    "text-for-list", "A text stands where its words mean something in a list only.", "write it as a list"
)
NUMBER_RESPELLED = Kind(
    "number-respelled", "A number that is not quoted becomes another text than it is written as.", "quote it"
)
DATE_UNQUOTED = Kind("date-unquoted", "Docker's CLI writes an unquoted date with a time.", "quote it")
PORT_ADDRESS_IGNORED = Kind(
    "port-address-ignored",
    "A port is to listen on one address. Swarm listens on all addresses of the host.",
    "take the address out, and close the port by a firewall where it must not be reached",
)
ENV_FILE_QUOTES = Kind(
    "env-file-quotes",
    "An env file is taken literally: quotes, comments behind a value and ${NAME} are part of the value.",
    "take them out",
)
MODE_NUMBER = Kind(
    "mode-number", "The mode of a config or secret is read as another number than it looks.", "write it as 0440"
)
DEPENDS_ON_IGNORED = Kind(
    "depends-on-ignored",
    "Swarm starts all services at once: this part of depends_on has no effect.",
    "take it out, or let x-skep roll out in waves, as the message says",
)

# stacks, as they would run

UPDATE_PAUSES = Kind(
    "update-pauses",
    "A failing update stops half way: failure_action is pause, which is Swarm's default.",
    "write update_config.failure_action: rollback",
)
UPDATE_WATCHED_TOO_SHORT = Kind(
    "update-watched-too-short",
    "An update is over before a health check could find the new task unhealthy.",
    "write a longer update_config.monitor",
)
PORT_HELD_IN_UPDATE = Kind(
    "port-held-in-update",
    "A port of the host is published, and an update starts the new task while the old one holds it.",
    "write order: stop-first",
)
SLOW_STOP = Kind(
    "slow-stop",
    "A task may take more than a minute to stop, and its place is empty meanwhile in an update.",
    "write a shorter stop_grace_period, or update_config.order: start-first",
)
IMAGE_TAG_MOVES = Kind(
    "image-tag-moves",
    "The image has the tag latest or none: the same file means another image tomorrow.",
    "name a version, or a digest",
)
PORT_TAKEN = Kind(
    "port-taken", "A service of another stack has this port of hosts that both may run on.", "publish another port"
)
NO_NODE_FITS = Kind(
    "no-node-fits",
    "No node that takes tasks meets the constraints, or has the image's platform or the plugins: tasks stay pending.",
    "change the constraint, or the label or availability of a node; or install the plugin",
)
RESERVATION_TOO_LARGE = Kind(
    "reservation-too-large", "A task reserves more than any node has: it stays pending.", "reserve less"
)
REPLICAS_TOO_MANY = Kind(
    "replicas-too-many",
    "More replicas are asked for than the nodes have room for: some never start.",
    "ask for fewer, or let more nodes take them",
)
SUBNET_TOO_SMALL = Kind(
    "subnet-too-small", "A network has fewer addresses than its tasks need.", "give it a larger subnet"
)
NODE_REFUSES = Kind(
    "node-refuses",
    "Managers take this value, and the engines of nodes refuse a task with it.",
    "write what the message asks for",
)

# inventories

MANAGERS_EVEN = Kind(
    "managers-even",
    "An even number of managers survives no more losses than one manager less.",
    "make one manager more, or one less",
)
MANAGERS_MANY = Kind(
    "managers-many", "Docker recommends at most seven managers: each change waits for them.", "make others workers"
)
DAEMON_DEBUG = Kind(
    "daemon-debug",
    "dockerd in debug mode writes what it is sent into the journal, passwords too.",
    "take daemon.debug out once it is not needed",
)
IPTABLES_OFF = Kind(
    "iptables-off", "Without iptables rules, published ports and overlay networks do not work.", "take it out"
)
SETTING_WITHOUT_EFFECT = Kind("setting-without-effect", "A key has no effect beside the others.", "take it out")
LABEL_RESERVED = Kind(
    "label-reserved", "Labels that begin so are reserved for Docker's own use.", "give the label another name"
)
RANGE_IN_POOL = Kind(
    "range-in-pool",
    "A network's range lies in swarm.address-pools: another network may take it first.",
    "choose a range outside the pools",
)
RANGE_OVER_BRIDGE = Kind(
    "range-over-bridge",
    "A range of the swarm overlaps one that Docker uses for bridges on each host.",
    "choose another range, or set daemon.default-address-pools",
)
HOST_IN_RANGE = Kind(
    "host-in-range",
    "A host's address lies in a range of the swarm: containers there cannot reach that host.",
    "choose another range",
)
CERTIFICATE_ENDS = Kind(
    "certificate-ends",
    "A certificate of the site expires within 30 days; then it is an error.",
    "renew it, and run the same command again",
)
PROXY_HTTP_ONLY = Kind(
    "proxy-http-only",
    "A proxy is named for HTTP alone: registries, which speak HTTPS, are asked directly.",
    "name it as proxy.https, too",
)
BRIDGE_RULES_OFF = Kind(
    "bridge-rules-off",
    "Without rules on bridges, published ports and the routing mesh do not work.",
    "take the parameter out of kernel.sysctls",
)
