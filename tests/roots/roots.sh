# Clean roots of Debian, made with debootstrap. Sourced by bash. Needs root and the network.
# ROOTS says where they go (default /var/tmp/vitrine-roots); KEEP=1 keeps a root that is there already, its packages too.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
roots=${ROOTS:-/var/tmp/vitrine-roots}
mirror=${MIRROR:-$(awk '/^URIs:/ { print $2; exit } /^deb / { print $2; exit }' \
  /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true)}
mkdir -p "$roots"

mounted=()
leave() {
  local m
  for m in "${mounted[@]}"; do umount -l "$m" 2>/dev/null || true; done
}
trap leave EXIT

make_root() {
  local suite=$1 root=$2
  if [ -z "${KEEP:-}" ] || [ ! -e "$root/usr/bin/apt-get" ]; then
    rm -rf "$root"
    debootstrap --variant=minbase "$suite" "$root" ${mirror:+"$mirror"} >"$roots/$suite.debootstrap.log"
  fi
  # The host's way to its packages: mirror, proxy, certificates.
  cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
  local conf
  for conf in /etc/apt/apt.conf.d/*; do # but not what packages put there
    dpkg -S "$conf" >/dev/null 2>&1 || cp "$conf" "$root/etc/apt/apt.conf.d/"
  done
  mount --bind /proc "$root/proc" && mounted+=("$root/proc")
  mount --bind /dev "$root/dev" && mounted+=("$root/dev")
  rm -rf "$root/work"
  git clone -q "$here" "$root/work"
}

# COMMAND in the root, as a fresh machine's root user would run it.
inside() {
  local root=$1
  shift
  chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
    bash -c "cd /work && $*"
}

# in_roots COMMAND SUITE…: one line for each suite; fails if any does.
in_roots() {
  local command=$1 failed=0 suite root log start state
  shift
  for suite in "$@"; do
    root=$roots/$suite log=$roots/$suite.log start=$SECONDS
    make_root "$suite" "$root"
    state=passed
    inside "$root" "$command" >"$log" 2>&1 || state=FAILED failed=1
    printf '%s %s in %d s: %s (log: %s)\n' "$suite" "$state" $((SECONDS - start)) "$(tail -n 1 "$log")" "$log"
  done
  return $failed
}
