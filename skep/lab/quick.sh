# shellcheck shell=sh
# Gives the hosts of a release a source of packages of their own, before Debian's: the engine's, which base.sh fetched,
# as Debian made them but compressed so that unpacking is quick. It is most of what an installation costs this machine.
# Run by mmdebstrap outside the new system, after base.sh: $1 is its folder.
set -eu
root=$1
chroot "$root" sh -eu <<'END'
mkdir /usr/share/lab-packages
cd /usr/share/lab-packages
for package in /var/cache/apt/archives/*.deb; do
    file=${package##*/}
    dpkg-deb --raw-extract "$package" opened
    dpkg-deb --build -Zzstd -z1 opened "$file" > /dev/null
    rm -r opened
    dpkg-deb --field "$file"
    printf 'Filename: %s\nSize: %s\n' "$file" "$(stat -c %s "$file")"
    printf 'SHA256: %s\n\n' "$(sha256sum "$file" | cut -d ' ' -f 1)"
done > Packages
ours=/etc/apt/lab.list
echo 'deb [trusted=yes] file:/usr/share/lab-packages ./' > $ours
apt-get -qq -o Dir::Etc::sourcelist=$ours -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 update
cat $ours /etc/apt/sources.list > both # of a version that both have, apt takes the first
rm $ours
mv both /etc/apt/sources.list
apt-cache show docker.io > /dev/null # makes apt's caches
END
