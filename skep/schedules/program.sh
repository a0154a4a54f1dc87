# shellcheck shell=sh
# Unpacks $ARCHIVE, skep and all it needs, as $FOLDER/program/$NAME. It gets that name once all of it is there, and is
# never changed afterwards: runs of another one go on with theirs.

set -eu
umask 022
rm -rf "$FOLDER/program.new"
mkdir -p "$FOLDER/program" "$FOLDER/program.new"
tar -xzf "$ARCHIVE" -C "$FOLDER/program.new" --no-same-owner
mv -T "$FOLDER/program.new" "$FOLDER/program/$NAME"
rm -f "$ARCHIVE"
