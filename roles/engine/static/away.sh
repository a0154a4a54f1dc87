# shellcheck shell=sh
# away takes an engine from a tarball away, with its links and units; its data stays.

away() {
  systemctl stop docker.service docker.socket containerd.service 2>/dev/null || true
  systemctl disable --quiet docker.service docker.socket containerd.service 2>/dev/null || true
  for link in /usr/local/bin/*; do
    case $(readlink "$link") in /opt/skep/docker-*) rm -f "$link" ;; esac
  done
  for unit in docker.service docker.socket containerd.service; do
    ! head -n 1 "/etc/systemd/system/$unit" 2>/dev/null | grep -qx '# Written by skep.' || rm -f "/etc/systemd/system/$unit"
  done
  systemctl daemon-reload
  rm -rf /opt/skep/docker-*
}
