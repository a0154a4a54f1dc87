# shellcheck shell=sh
# stale names the files, but skep's own, that name a repository of Docker's packages or hold its key: two that name one
# repository with different keys stop apt altogether. $docker_line is a line of such a list.

docker_line='^[^#]*/linux/(debian|ubuntu|raspbian)/?[[:space:]]+[a-z]+[[:space:]].*(stable|test|edge|nightly)'
stale() {
  grep -lsE "$docker_line" /etc/apt/sources.list /etc/apt/sources.list.d/*.list | sed 's/^/stale /'
  grep -lsE '^URIs:.*/linux/(debian|ubuntu|raspbian)/?([[:space:]]|$)' /etc/apt/sources.list.d/*.sources |
    grep -v '/docker\.sources$' | while IFS= read -r file; do
    grep -qE '^Components:.*(stable|test|edge|nightly)' "$file" || continue
    if [ "$(grep -c '^Types:' "$file")" = 1 ]; then echo "stale $file"; else echo "shared $file"; fi
  done
  for file in /etc/apt/trusted.gpg.d/docker* /etc/apt/keyrings/docker.gpg /usr/share/keyrings/docker*; do
    [ ! -f "$file" ] || echo "stale $file"
  done
}
