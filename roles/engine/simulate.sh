# shellcheck shell=sh
# simulate [OPTION] PACKAGE ... prints in lines that no locale changes what apt-get would do. conflicts, with the same words,
# is whether one of these packages and one that is installed exclude each other, in whatever version, in a tenth of the
# time. Neither looks at a lock. $of_files: see apt.sh.

# shellcheck disable=SC2086,SC2154 # options
simulate() { apt-get -s -qq $of_files -o APT::Get::AutomaticRemove=false --no-install-recommends install "$@"; }
conflicts() {
  {
    dpkg-query -W -f '=${db:Status-Status}\t${Package}, ${Provides}\t${Conflicts}, ${Breaks}\n'
    apt-cache show "$@" # of all versions: to find which one would be taken costs ten times as much
  } 2>/dev/null | awk -F '\t' '
    function note(list, names,   parts, i) {
      for (i = split(list, parts, /, */); i; i--) { sub(/[ :(].*/, "", parts[i]); if (parts[i] != "") names[parts[i]] }
    }
    $1 == "=installed" { note($2, here); note($3, refused_here) }
    sub(/^(Package|Provides): /, "") { note($0, coming) }
    sub(/^(Conflicts|Breaks): /, "") { note($0, refused) }
    END {
      for (name in refused) if (name in here) exit 0
      for (name in refused_here) if (name in coming) exit 0
      exit 1
    }'
}
