# shellcheck shell=sh disable=SC2154,SC2153
# What a host has of schedules that run on it, and who may log in here for those of others. $FOLDER is theirs, $MARK
# begins the comment of their keys, $PYTHON is the version of Python that is needed. $PROGRAM and $SITE are the folders
# of skep and of the site that are to be there, $METRICS is the file that runs leave.

. skep/schedules/used.sh
user=${SUDO_USER:-root}
echo "user $user"
for program in "python$PYTHON" python3; do
  found=$(command -v "$program") || continue
  echo "python $("$found" -c 'import platform, sys; print("%d.%d" % sys.version_info[:2], platform.machine())') $found"
done
# Backups of runs there stay when all else goes.
[ -z "$(find "$FOLDER" -mindepth 1 -maxdepth 1 ! -name backups 2>/dev/null)" ] || echo "folder"
[ -z "$(find "$FOLDER/backups" -type f 2>/dev/null | head -n 1)" ] || echo "backups"
[ -f "$FOLDER/key.pub" ] && [ -f "$FOLDER/key" ] && echo "key $(cut -d ' ' -f 1,2 "$FOLDER/key.pub")"
[ -d "$FOLDER/$PROGRAM" ] && echo "program"
{
  find "$FOLDER/program/" "$FOLDER/site/" -mindepth 1 -maxdepth 1
  find "$FOLDER" -mindepth 1 -maxdepth 1 \( -name 'program.*' -o -name 'site.*' \)
} 2>/dev/null | LC_ALL=C sort | while IFS= read -r path; do
  name=${path#"$FOLDER/"}
  if [ "$name" = "$PROGRAM" ] || [ "$name" = "$SITE" ]; then continue; fi
  if used "$path"; then echo "used $name"; else echo "old $name"; fi
done
[ -f "$METRICS" ] && echo "metrics"
for name in access.json known_hosts; do
  [ -f "$FOLDER/$name" ] && echo "way $name $(sha256sum <"$FOLDER/$name" | cut -d ' ' -f 1)"
done
current=$SITE
[ -d "$FOLDER/$current" ] ||
  current=$(cat "$UNITS/$PREFIX"*.service 2>/dev/null | sed -n "s|^WorkingDirectory=$FOLDER/\(site/[0-9a-f]*\)$|\1|p" | head -n 1)
if [ -n "$current" ] && cd "$FOLDER/$current" 2>/dev/null; then
  echo "current $current"
  find . -name __pycache__ -prune -o -type f -print0 | xargs -0 -r sha256sum |
    sed 's/^\([0-9a-f]*\)  \.\//site \1 /'
  cd /
fi
for file in /etc/ssh/ssh_host_*_key.pub; do [ -f "$file" ] && echo "hostkey $(cut -d ' ' -f 1,2 "$file")"; done
# Bridges of containers are on every host alike, and nothing leaves a host from them.
printf '%s\n' "$interfaces" | sed -n '/^global \(docker\|br-\|veth\|virbr\|cni\)/!s/^global [^ ]* /address /p' | sort -u
home=$(getent passwd "$user" | cut -d : -f 6)
[ -f "$home/.ssh/authorized_keys" ] && grep -F -- " $MARK" "$home/.ssh/authorized_keys" | sed 's/^/login /'
kept=$(sshd -T -C "user=$user,host=localhost,addr=127.0.0.1" 2>/dev/null | sed -n 's/^authorizedkeysfile //p')
case " ${kept:-.ssh/authorized_keys} " in
  *" .ssh/authorized_keys "* | *" %h/.ssh/authorized_keys "*) ;;
  *) echo "keys $kept" ;;
esac
true
