# shellcheck shell=sh
# Turns a fresh Debian root file system into what all lab hosts of a release share.
# Run by mmdebstrap outside the new system: $1 is its folder.
set -eu
root=$1

install_file() { # mode, path; the content comes from standard input
    mkdir -p "$(dirname "$root$2")"
    cat > "$root$2"
    chmod "$1" "$root$2"
}

chroot "$root" useradd --create-home --shell /bin/bash admin
chroot "$root" useradd --create-home --shell /bin/bash --groups sudo oncall
chroot "$root" usermod --password '*' admin
echo 'oncall:straw-hive' | chroot "$root" chpasswd
install_file 0440 /etc/sudoers.d/admin <<END
admin ALL=(ALL:ALL) NOPASSWD: ALL
END

# VERBOSE logs every login and every channel ("Starting session"), so that a test can count them.
install_file 0644 /etc/ssh/sshd_config.d/lab.conf <<END
HostKey /etc/ssh/ssh_host_ed25519_key
LogLevel VERBOSE
UseDNS no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
END
rm -f "$root"/etc/ssh/ssh_host_*

chroot "$root" systemctl --quiet enable systemd-networkd.service ssh.service
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
    e2scrub_reap.service systemd-pstore.service getty.target console-getty.service sshd-vsock.socket; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

rm -rf "$root"/var/cache/apt/archives/*.deb
# What every host would do again at its first installation: fetch the engine's packages, and read the lists, from which
# apt makes its caches.
packages=docker.io
if chroot "$root" apt-cache show docker-cli > /dev/null 2>&1; then packages="$packages docker-cli"; fi
# shellcheck disable=SC2086 # words
chroot "$root" apt-get -qq -y --no-install-recommends --download-only install $packages > /dev/null

# What differs from host to host is written when a host is made.
rm -f "$root/etc/hostname" "$root/etc/hosts" "$root/etc/resolv.conf" "$root/etc/machine-id" \
    "$root/var/lib/dbus/machine-id"
: > "$root/etc/machine-id"
