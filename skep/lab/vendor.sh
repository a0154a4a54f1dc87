# shellcheck shell=sh
# Makes packages of the vendor's names, versions, dependencies and paths out of a Debian release's own: $FROM holds its
# docker.io, docker-cli, containerd and runc packages; the packages go to $POOL. Run with an empty folder to work in.
# $SUFFIX is what the vendor appends for the release they are for, such as -1~debian.13~trixie. $RUNC is the package
# that runc comes from: one that the oldest release can run. The plugins are stand-ins that answer with a version.
set -eu

version_of() { dpkg-deb -f "$1" Version | sed 's/^[0-9]*://; s/[+~-].*//'; }
only() { # the package of that name in $FROM
  set -- "$FROM/$1"_*.deb
  [ -e "$1" ] && echo "$1"
}
engine=$(only docker.io)
client=$(only docker-cli || echo "$engine")
tini=$(only tini-static || only tini)
docker=$(version_of "$engine")
containerd=$(version_of "$(only containerd)")
arch=$(dpkg --print-architecture)

mkdir engine client containerd runc tini
dpkg-deb -x "$engine" engine
dpkg-deb -x "$client" client
dpkg-deb -x "$(only containerd)" containerd
dpkg-deb -x "$RUNC" runc
dpkg-deb -x "$tini" tini

put() { install -D -m "$1" "$2" "$3"; }
unit() { # the unit of that name in a package, with the vendor's paths
  for folder in lib usr/lib; do
    [ ! -e "$1/$folder/systemd/system/$2" ] || sed 's,/usr/sbin/,/usr/bin/,' "$1/$folder/systemd/system/$2"
  done
}
control() { # package, version, further fields
  mkdir -p "$1/DEBIAN"
  printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: the lab <lab@example.com>\nSection: admin\n%s\nDescription: %s\n' \
    "$1" "$2" "$arch" "$3" "the lab's, out of Debian's own" >"$1/DEBIAN/control"
}
service() { # package, units: what debhelper adds for units that start with the package
  cat >"$1/DEBIAN/postinst" <<END
#!/bin/sh
set -e
[ "$1" != docker-ce ] || getent group docker >/dev/null || groupadd --system docker
for unit in $2; do
  deb-systemd-helper unmask \$unit >/dev/null || :
  deb-systemd-helper enable \$unit >/dev/null || :
done
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || :
  if [ -n "\$2" ]; then deb-systemd-invoke restart $2 >/dev/null || :; else deb-systemd-invoke start $2 >/dev/null || :; fi
fi
END
  cat >"$1/DEBIAN/prerm" <<END
#!/bin/sh
set -e
[ "\$1" != remove ] || [ ! -d /run/systemd/system ] || deb-systemd-invoke stop $2 >/dev/null || :
END
  cat >"$1/DEBIAN/postrm" <<END
#!/bin/sh
set -e
[ "\$1" != remove ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload || :
END
  chmod 755 "$1/DEBIAN/postinst" "$1/DEBIAN/prerm" "$1/DEBIAN/postrm"
}
pack() { dpkg-deb --root-owner-group -Zgzip -z1 --build "$1" "$POOL" >/dev/null; }

# containerd.io
for program in containerd containerd-shim-runc-v2; do put 755 containerd/usr/bin/$program containerd.io/usr/bin/$program; done
put 755 runc/usr/sbin/runc containerd.io/usr/bin/runc
mkdir -p containerd.io/etc/containerd containerd.io/usr/lib/systemd/system
echo 'disabled_plugins = ["cri"]' >containerd.io/etc/containerd/config.toml
unit containerd containerd.service >containerd.io/usr/lib/systemd/system/containerd.service
control containerd.io "$containerd$SUFFIX" "Depends: libc6 (>= 2.34), libseccomp2 (>= 2.5.0)
Provides: containerd, runc
Conflicts: containerd, runc
Replaces: containerd, runc"
echo /etc/containerd/config.toml >containerd.io/DEBIAN/conffiles
service containerd.io containerd.service
pack containerd.io

# docker-ce-cli
put 755 client/usr/bin/docker docker-ce-cli/usr/bin/docker
control docker-ce-cli "5:$docker$SUFFIX" "Depends: libc6 (>= 2.34)
Recommends: docker-buildx-plugin, docker-compose-plugin
Conflicts: docker (<< 1.5~), docker-engine, docker-engine-cs, docker.io, docker-cli
Replaces: docker-ce (<< 5:0), docker-engine"
pack docker-ce-cli

# docker-ce
put 755 engine/usr/sbin/dockerd docker-ce/usr/bin/dockerd
put 755 engine/usr/sbin/docker-proxy docker-ce/usr/bin/docker-proxy
put 755 tini/usr/bin/tini-static docker-ce/usr/libexec/docker/docker-init
mkdir -p docker-ce/usr/lib/systemd/system docker-ce/usr/bin
ln -s ../libexec/docker/docker-init docker-ce/usr/bin/docker-init
for name in docker.service docker.socket; do unit engine $name >docker-ce/usr/lib/systemd/system/$name; done
libraries=$(dpkg-deb -f "$engine" Depends | tr ',' '\n' | sed -n 's/^ *\(lib[^(]*\).*/\1/p' | tr -d ' ' | paste -sd, -)
control docker-ce "5:$docker$SUFFIX" "Depends: containerd.io (>= 1.6.20), docker-ce-cli, iptables, $libraries
Recommends: docker-ce-rootless-extras
Conflicts: docker (<< 1.5~), docker-engine, docker-engine-cs, docker.io, lxc-docker
Replaces: docker-engine"
service docker-ce "docker.service docker.socket"
pack docker-ce

# stand-ins for the plugins, which Debian's releases have in other versions or not at all
for plugin in buildx compose; do
  mkdir -p docker-$plugin-plugin/usr/libexec/docker/cli-plugins
  cat >docker-$plugin-plugin/usr/libexec/docker/cli-plugins/docker-$plugin <<END
#!/bin/sh
[ "\$1" != docker-cli-plugin-metadata ] || exec echo '{"SchemaVersion": "0.1.0", "Vendor": "the lab", "Version": "v0.$docker", "ShortDescription": "stand-in for docker $plugin"}'
echo "stand-in for docker $plugin"
END
  chmod 755 docker-$plugin-plugin/usr/libexec/docker/cli-plugins/docker-$plugin
  control docker-$plugin-plugin "0.$docker$SUFFIX" "Enhances: docker-ce-cli"
  pack docker-$plugin-plugin
done
