# shellcheck shell=sh
# Puts the archive $FILES/site.tar in place of what is in $FOLDER/site; what scheduled backups left there stays.

set -eu
umask 077
mkdir -p "$FOLDER"
rm -rf "$FOLDER/site.new" "$FOLDER/site.old"
mkdir "$FOLDER/site.new"
tar -xf "$FILES/site.tar" -C "$FOLDER/site.new" --no-same-owner
[ ! -d "$FOLDER/site" ] || mv "$FOLDER/site" "$FOLDER/site.old"
mv "$FOLDER/site.new" "$FOLDER/site"
[ ! -d "$FOLDER/site.old/backups" ] || mv "$FOLDER/site.old/backups" "$FOLDER/site/backups"
rm -rf "$FOLDER/site.old"
