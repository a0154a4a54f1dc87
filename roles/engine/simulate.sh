# shellcheck shell=sh
# simulate [OPTION] PACKAGE ... prints in lines that no locale changes what apt-get would do. removes_nothing, with the
# same words, is whether it would install them and remove nothing, in half the time. Neither looks at a lock.

simulate() { apt-get -s -qq -o APT::Get::AutomaticRemove=false --no-install-recommends install "$@"; }
# In a folder of its own, which need not be there: apt deletes a package of the same name and another size from where
# it would put it, though it was only asked.
removes_nothing() {
  apt-get --print-uris -qq --no-remove -o Dir::Cache::archives=/nonexistent/ \
    -o APT::Get::AutomaticRemove=false --no-install-recommends install "$@" \
    >/dev/null 2>&1
}
