# shellcheck shell=sh
# away takes an engine from a tarball away, with its units and links; its data stays. Units go first: cut short, they would
# stand before a package's. of_tarball: whether such a unit is there.

of_tarball() { head -n 1 /etc/systemd/system/docker.service 2>/dev/null | grep -qx '# Written by skep.'; }
away() {
  systemctl stop docker.service docker.socket containerd.service 2>/dev/null || true
  systemctl disable --quiet docker.service docker.socket containerd.service 2>/dev/null || true
  for unit in containerd.service docker.socket docker.service; do
    ! head -n 1 "/etc/systemd/system/$unit" 2>/dev/null | grep -qx '# Written by skep.' || rm -f "/etc/systemd/system/$unit"
  done
  systemctl daemon-reload
  for link in /usr/local/bin/*; do
    case $(readlink "$link") in /opt/skep/docker-*) rm -f "$link" ;; esac
  done
  rm -rf /opt/skep/docker-*
}
