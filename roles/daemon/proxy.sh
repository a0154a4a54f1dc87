# shellcheck shell=sh
# Functions that put $FILES/proxy.env in place as $PROXY, and a drop-in of docker.service that names it as $DROP_IN; both go
# where there is none. The old one is kept as .before-skep until the engine has returned with the new one.

place_proxy() {
  rm -f -- "$PROXY.before-skep"
  [ ! -e "$PROXY" ] || replace "$PROXY" "$PROXY.before-skep" 600 || return
  if [ -e "$FILES/proxy.env" ]; then
    drop_in "$FILES/proxy.env" || return
  else
    [ -e "$PROXY" ] || [ -e "$DROP_IN" ] || return 0
    no_proxy
  fi
  systemctl daemon-reload
}
drop_in() {
  replace "$1" "$PROXY" 600 || return
  printf '[Service]\nEnvironmentFile=%s\n' "$PROXY" >"$FILES/drop-in"
  replace "$FILES/drop-in" "$DROP_IN" 644
}
no_proxy() {
  rm -f -- "$DROP_IN" "$PROXY"
  rmdir -- "${DROP_IN%/*}" 2>/dev/null || true
}
proxy_back() {
  [ -e "$FILES/proxy.env" ] || [ -e "$PROXY.before-skep" ] || return 0
  if [ -e "$PROXY.before-skep" ]; then drop_in "$PROXY.before-skep"; else no_proxy; fi
  rm -f -- "$PROXY.before-skep"
  systemctl daemon-reload
}
