# shellcheck shell=sh disable=SC1091
# What the host is made of, a field a line; starts nothing but where dnf is, whose version its link says, and on kernels
# before 6.1, which do not say their architecture in a file. A service of systemd that runs has a control group.

(
  . /etc/os-release
  [ -z "$ID" ] || echo "platform distribution $ID"
  [ -z "$VERSION_ID" ] || echo "platform version $VERSION_ID"
  [ -z "$VERSION_CODENAME" ] || echo "platform codename $VERSION_CODENAME"
  [ -z "$ID_LIKE" ] || echo "platform like $ID_LIKE"
  base=${UBUNTU_CODENAME:-${DEBIAN_CODENAME:-${PLATFORM_ID#platform:}}}
  [ -z "$base" ] || echo "platform base $base"
) 2>/dev/null
if [ -e /proc/sys/kernel/arch ]; then read -r arch </proc/sys/kernel/arch; else arch=$(uname -m); fi
echo "platform architecture $arch"
if [ -e /run/ostree-booted ]; then echo "platform packages rpm-ostree"
else
  for manager in apt-get dnf dnf5 yum zypper apk pacman; do
    command -v $manager >/dev/null || continue
    [ $manager != dnf ] || case $(readlink "$(command -v dnf)") in *dnf5) manager=dnf5 ;; esac
    echo "platform packages $manager"; break
  done
fi
if [ -d /run/systemd/system ]; then echo "platform init systemd"
else read -r first </proc/1/comm && echo "platform init $first"; fi
runs() { [ -d "/sys/fs/cgroup/system.slice/$1" ] || [ -d "/sys/fs/cgroup/systemd/system.slice/$1" ]; }
if runs firewalld.service; then echo "platform firewall firewalld"
elif [ -e /etc/ufw/ufw.conf ] && grep -q '^ENABLED=yes' /etc/ufw/ufw.conf; then echo "platform firewall ufw"
elif [ -e /etc/systemd/system/sysinit.target.wants/nftables.service ]; then echo "platform firewall nftables"; fi
