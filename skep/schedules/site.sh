# shellcheck shell=sh
# Unpacks the archive $FILES/site.tar as $FOLDER/site/$NAME, which it becomes once all of it is there; one of that name was
# edited there. Backups of scheduled runs lie in $FOLDER/backups, and are never moved with a site.

set -eu
umask 077
mkdir -p "$FOLDER/backups" "$FOLDER/site"
rm -rf "$FOLDER/site.new" "$FOLDER/site.old"
mkdir "$FOLDER/site.new"
tar -xf "$FILES/site.tar" -C "$FOLDER/site.new" --no-same-owner
ln -s ../../backups "$FOLDER/site.new/backups"
[ ! -e "$FOLDER/site/$NAME" ] || mv -T "$FOLDER/site/$NAME" "$FOLDER/site.old"
mv -T "$FOLDER/site.new" "$FOLDER/site/$NAME"
rm -rf "$FOLDER/site.old"
