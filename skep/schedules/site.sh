# shellcheck shell=sh
# Puts the archive $FILES/site.tar in place of what is in $FOLDER/site. Backups of scheduled runs lie beside it, in
# $FOLDER/backups, and are never moved with it: wherever this is cut short, they stay.

set -eu
umask 077
mkdir -p "$FOLDER/backups"
rm -rf "$FOLDER/site.new" "$FOLDER/site.old"
mkdir "$FOLDER/site.new"
tar -xf "$FILES/site.tar" -C "$FOLDER/site.new" --no-same-owner
ln -s ../backups "$FOLDER/site.new/backups"
[ ! -d "$FOLDER/site" ] || mv "$FOLDER/site" "$FOLDER/site.old"
mv "$FOLDER/site.new" "$FOLDER/site"
rm -rf "$FOLDER/site.old"
