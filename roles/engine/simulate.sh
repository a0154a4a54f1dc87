# shellcheck shell=sh
# simulate [OPTION] PACKAGE ... tells in lines that no locale changes what apt-get would do; it looks at no lock.

simulate() { apt-get -s -qq -o APT::Get::AutomaticRemove=false --no-install-recommends install "$@"; }
