# shellcheck shell=sh disable=SC2016
# Makes rpms of the vendor's names, epochs, dependencies and scripts for release 9 out of its deb packages in $FROM, and
# a repository of them in $OUT, signed with the first key of $KEYS (a home of GnuPG). Runs in an empty folder.
set -eu

dependencies() {
  case $1 in
    containerd.io) printf 'Requires: container-selinux >= 2:2.74\nConflicts: containerd\nConflicts: runc\n' ;;
    docker-ce-cli) printf 'Epoch: 1\nConflicts: docker\nConflicts: docker-io\nRecommends: docker-buildx-plugin\n' ;;
    docker-ce)
      printf 'Epoch: 3\nRequires: docker-ce-cli\nRequires: container-selinux\nRequires: systemd\nRequires: iptables\n'
      printf 'Requires: containerd.io >= 1.6.20\nRequires: tar\nRequires: xz\nConflicts: docker\nConflicts: docker-io\n' ;;
  esac
}
scripts() { # what the macros of systemd make of a service: not enabled, not started, restarted by an upgrade
  sockets=''
  case $1 in
    containerd.io) service=containerd.service ;;
    docker-ce) service=docker.service sockets=' docker.socket' ;;
    *) return 0 ;;
  esac
  echo '%post'
  [ "$1" != docker-ce ] || echo 'getent group docker >/dev/null || groupadd --system docker'
  echo '[ $1 -ne 1 ] || systemctl daemon-reload || :'
  printf '%%preun\n[ $1 -ne 0 ] || systemctl --no-reload disable --now %s%s || :\n' $service "$sockets"
  printf '%%postun\nsystemctl daemon-reload || :\n[ $1 -lt 1 ] || systemctl try-restart %s || :\n' $service
}
build() { # a spec on standard input; the files are in the folder files
  cat >spec
  rpmbuild -bb --quiet --define "_topdir $PWD/top" --define "_rpmdir $OUT/Packages" --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
    --define '_binary_payload w1.gzdio' --define '__os_install_post %{nil}' --define '_build_id_links none' spec
}

mkdir -p "$OUT/Packages"
for deb in "$FROM"/*.deb; do
  case $deb in *20.10.* | *containerd.io_1.6.*) continue ;; esac # two versions are enough
  name=$(dpkg-deb -f "$deb" Package)
  version=$(dpkg-deb -f "$deb" Version | sed 's/^[0-9]*://; s/-.*//')
  rm -rf files
  dpkg-deb -x "$deb" files
  rm -rf files/usr/share/doc
  {
    printf 'Name: %s\nVersion: %s\nRelease: 1.el9\nSummary: the lab'"'"'s, out of Debian'"'"'s own\nLicense: Apache-2.0\n' "$name" "$version"
    printf 'AutoReqProv: no\n'
    dependencies "$name"
    printf '%%description\nStands in for the package of the vendor.\n%%install\ncp -a "%s/files/." %%{buildroot}\n' "$PWD"
    printf '%%files\n'
    (cd files && find . -type f -printf '/%P\n' -o -type l -printf '/%P\n' | sed 's,^/etc/,%config(noreplace) /etc/,')
    scripts "$name"
  } | build
done
GNUPGHOME=$KEYS rpmsign --define '__gpg /usr/bin/gpg' --define '_gpg_name lab rpms' --addsign "$OUT"/Packages/*.rpm >/dev/null
createrepo_c --quiet "$OUT"
