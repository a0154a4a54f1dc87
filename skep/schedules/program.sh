# shellcheck shell=sh
# Unpacks $ARCHIVE, skep and all it needs, as $FOLDER/program; its digest, which comes last, says that all of it is there.

set -eu
umask 022
rm -rf "$FOLDER/program.new" "$FOLDER/program.old"
mkdir "$FOLDER/program.new"
tar -xzf "$ARCHIVE" -C "$FOLDER/program.new" --no-same-owner
echo "$DIGEST" >"$FOLDER/program.new/.digest"
[ ! -d "$FOLDER/program" ] || mv "$FOLDER/program" "$FOLDER/program.old"
mv "$FOLDER/program.new" "$FOLDER/program"
rm -rf "$FOLDER/program.old"
rm -f "$ARCHIVE"
