# shellcheck shell=sh
# stale names the files, but skep's own, that name a repository of Docker's packages or hold its key: two that name one
# repository with different keys stop apt altogether. $docker_line is a line of such a list.

docker_line='^[^#]*/linux/(debian|ubuntu|raspbian)/?[[:space:]]+[a-z]+[[:space:]].*(stable|test|edge|nightly)'
stale() {
  while IFS= read -r file; do
    case $file in
      '' | */docker.sources) ;;
      *.list) ! grep -qE "$docker_line" "$file" || echo "stale $file" ;;
      *)
        grep -qE '^URIs:.*/linux/(debian|ubuntu|raspbian)/?([[:space:]]|$)' "$file" || continue
        grep -qE '^Components:.*(stable|test|edge|nightly)' "$file" || continue
        if [ "$(grep -c '^Types:' "$file")" = 1 ]; then echo "stale $file"; else echo "shared $file"; fi ;;
    esac
  done <<SOURCES
$(grep -lsE '/linux/(debian|ubuntu|raspbian)' /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources)
SOURCES
  for file in /etc/apt/trusted.gpg.d/docker* /etc/apt/keyrings/docker.gpg /usr/share/keyrings/docker*; do
    [ ! -f "$file" ] || echo "stale $file"
  done
}
