# shellcheck shell=sh
# What lies on this host that may be in nobody's use: all containers, images and the build cache, as JSON objects a line
# each; "now" is the host's clock. "looked" comes last, and only where Docker's client gave whole lists: with half of one
# an image in use would seem to be in nobody's. A client of 29 lists images without a name only where that is asked for, and
# up to 29.1 only with --all besides (docker/cli#6574, #6704).

. skep/places.sh
. skep/ask.sh
inspected() {
  what=$1 format=$2
  shift 2
  timeout 60 xargs -r docker "$what" inspect "$@" --format "$format"
  [ $? != 124 ]
}
if [ "$engine" ]; then
  echo "now $(date +%s)"
  echo "cache $(ask 'GET /system/df?type=build-cache HTTP/1.0\r\nHost: docker\r\n\r\n' 30 | sed '1,/^\r*$/d' | tr -d '\n')"
  export DOCKER_HOST=unix:///var/run/docker.sock
  all=$(timeout 40 docker ps --all --quiet --no-trunc) || exit
  over=$(timeout 40 docker ps --all --quiet --no-trunc \
    --filter status=exited --filter status=created --filter status=dead) || exit
  images=$(timeout 40 docker image ls --quiet --no-trunc) || exit
  unnamed=$(timeout 40 docker image ls --quiet --no-trunc --all --filter dangling=true) || exit
  echo "$all" | inspected container 'container {"Id":{{json .Id}},"Name":{{json .Name}},"Image":{{json .Image}},"State":{{json .State.Status}},"Finished":{{json .State.FinishedAt}},"Created":{{json .Created}},"Labels":{{json .Config.Labels}}}' || exit
  echo "$over" | inspected container 'size {{json .SizeRw}} {{.Id}}' --size || exit
  printf '%s\n' "$images" "$unnamed" | sort -u |
    inspected image 'image {"Id":{{json .Id}},"Tags":{{json .RepoTags}},"Digests":{{json .RepoDigests}},"Size":{{json .Size}}}' || exit
  echo looked
fi
