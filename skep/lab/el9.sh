# shellcheck shell=sh
# Turns a copy of a Debian base into a root file system that passes for Rocky Linux 9 where packages are concerned: $1 is
# its folder, seen from outside. What is the distribution's own stands there as empty packages.
set -eu
root=$1

cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
# The libraries are what the engine's deb packages would bring along.
packages="dnf rpm dnf-plugins-core curl libdevmapper1.02.1 libseccomp2 libsystemd0"
# shellcheck disable=SC2086 # words
more() { chroot "$root" apt-get -qq -y --no-install-recommends install $packages >/dev/null; }
more || { chroot "$root" apt-get -qq update && more; }
umount "$root/proc"
rm -f "$root/etc/resolv.conf"

work=$(mktemp -d)
empty() { # name, version, what else its header says
  printf 'Name: %s\nVersion: %s\nRelease: 1.el9\nSummary: a stand-in\nLicense: none\nBuildArch: noarch\n%s\n%%description\nStands in for the package of that name.\n%%files\n' \
    "$1" "$2" "${3:-}" >"$work/$1.spec"
  rpmbuild -bb --quiet --define "_topdir $work/top" --define "_rpmdir $work" "$work/$1.spec"
}
empty rocky-release 9.6 'Provides: system-release = 9.6
Provides: system-release(releasever) = 9
Provides: rocky-release(upstream) = 9.6'
empty bash 5.1 'Provides: /bin/sh
Provides: /bin/bash'
empty systemd 252
empty tar 1.34
empty xz 5.2
empty nftables 1.0
empty iptables-nft 1.8 'Provides: iptables = 1.8'
empty container-selinux 2.235 'Epoch: 2'
mkdir "$root/tmp/stand-ins"
mv "$work"/noarch/*.rpm "$root/tmp/stand-ins"
rm -rf "$work"
chroot "$root" sh -c 'rpm -U --quiet --nodeps /tmp/stand-ins/*.rpm'
rm -rf "$root/tmp/stand-ins"

rm -f "$root/etc/os-release"
cat >"$root/etc/os-release" <<END
NAME="Rocky Linux"
VERSION="9.6 (Blue Onyx)"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.6"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Rocky Linux 9.6 (Blue Onyx), played by Debian"
END

# dnf as Rocky has it. Debian's plugin "local" makes a repository of all that is installed; "system_upgrade" does not load.
mkdir -p "$root/etc/yum.repos.d"
cat >"$root/etc/dnf/dnf.conf" <<END
[main]
gpgcheck=1
installonly_limit=3
clean_requirements_on_remove=True
best=True
skip_if_unavailable=False
END
printf '[main]\nenabled = false\n' >"$root/etc/dnf/plugins/local.conf"
rm -f "$root"/usr/lib/python3/dist-packages/dnf-plugins/system_upgrade.py
ln -s dnf-3 "$root/usr/bin/yum"

# What manages packages on Debian goes.
rm -rf "$root"/usr/bin/apt* "$root"/usr/bin/dpkg* "$root"/usr/lib/apt "$root"/etc/apt "$root"/var/lib/apt \
  "$root"/var/cache/apt "$root"/var/lib/dpkg
