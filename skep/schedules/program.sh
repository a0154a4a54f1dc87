# shellcheck shell=sh
# Unpacks $ARCHIVE, skep and all it needs, as $FOLDER/program; its digest, which comes last, says that all of it is there.

set -eu
umask 022
rm -rf "$FOLDER/program.new"
mkdir "$FOLDER/program.new"
tar -xzf "$ARCHIVE" -C "$FOLDER/program.new" --no-same-owner
echo "$DIGEST" >"$FOLDER/program.new/.digest"
rm -rf "$FOLDER/program"
mv "$FOLDER/program.new" "$FOLDER/program"
rm -f "$ARCHIVE"
