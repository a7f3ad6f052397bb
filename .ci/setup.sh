# What ./run, ./check and .ci/run share: packages, configuration, compilation. Sourced by bash.
#
# Debian 12 and 13 and current Ubuntu have every package under the same name. Quiet unless something fails;
# asks dpkg before apt, so that the second time costs a fraction of a second and needs no network.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${VITRINE_BUILD:-$top/build}

packages_build=(
  gcc libc6-dev meson ninja-build pkgconf gettext desktop-file-utils
  libglib2.0-dev libgtk-4-dev libadwaita-1-dev libjansson-dev libzip-dev libpng-dev libjpeg-dev libwebp-dev libtiff-dev libgif-dev
  zlib1g-dev nettle-dev libdnnl-dev libcairo2-dev liblapacke-dev liblinear-dev libarchive-dev libkissfft-dev
)
# What the window needs to look right: symbolic icons, what draws them, and at least one font.
packages_window=(adwaita-icon-theme librsvg2-common fonts-dejavu-core)
# A display, a bus and a window manager for the tests of the window; python3 runs the end-to-end tests.
packages_test=(xvfb xauth dbus openbox xdotool python3 libgl1-mesa-dri appstream groff-base)
# Films as WebM and MP4: a module that is left out where these are missing.
packages_build+=(libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev)
packages_window+=(gstreamer1.0-plugins-base gstreamer1.0-plugins-good)
packages_test+=(gstreamer1.0-plugins-ugly)
# Trainings of several processes.
packages_test+=(libopenmpi-dev openmpi-bin)
packages_ci=(clang clang-format)

say() {
  printf '%s\n' "$*" >&2
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    say "vitrine: these packages are missing and only root can install them: ${missing[*]}"
    exit 1
  fi
}

# Runs quietly; shows everything if it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  [ $status = 0 ] || { say "vitrine: failed: $*"; cat "$log" >&2; }
  rm -f "$log"
  return $status
}

need() {
  local name
  missing=()
  command -v dpkg-query >/dev/null || return 0 # not a Debian: meson will say what it lacks
  local -A have=()
  while read -r name status; do
    [ "$status" = installed ] && have[${name%%:*}]=1
  done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null)
  for name in "$@"; do
    [ -n "${have[$name]:-}" ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "vitrine: installing ${missing[*]}"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold)
  # The package lists may be old: if the first try fails, once more with new ones.
  as_root "${apt[@]}" install "${missing[@]}" >/dev/null 2>&1 && return 0
  quietly as_root apt-get -qq update
  quietly as_root "${apt[@]}" install "${missing[@]}"
}

# configure DIR [MESON OPTION…]: once
configure() {
  local dir=$1
  shift
  [ ! -f "$dir/build.ninja" ] || return 0
  say "vitrine: building (once)"
  quietly meson setup "$@" "$dir" "$top"
}

# compile: everything, or only $targets
compile() {
  local dir=$build
  configure "$dir" || return
  # shellcheck disable=SC2086
  quietly ninja -C "$dir" ${targets:-}
}

# The program; without GTK it is built in app/.
program() {
  local p=$build/ui/vitrine
  [ -x "$p" ] || p=$build/app/vitrine
  echo "$p"
}

passed=0 failed=0 skipped=0

# run_tests DIR [ARGUMENT…]: meson's tests, added to the counts. Names what did not pass. Builds what they need, unless
# told --no-rebuild.
run_tests() {
  local dir=$1 log status=0 counted
  shift
  log=$(mktemp)
  meson test -C "$dir" --print-errorlogs "$@" >"$log" 2>&1 || status=$?
  grep -E '^ *[0-9]+/[0-9]+ .* (FAIL|TIMEOUT|ERROR|SKIP|UNEXPECTEDPASS|INTERRUPT)( |$)' "$log" || true
  read -r p f s < <(count_results "$log")
  counted=$((p + f + s))
  # A test run that broke off (or found nothing to run) is a failure too.
  if [ $counted = 0 ] || { [ $status != 0 ] && [ "$f" = 0 ]; }; then
    f=$((f + 1))
  fi
  [ "$f" = 0 ] || cat "$log"
  rm -f "$log"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# Meson's own summary: "Ok: 3", "Expected Fail: 0", "Fail: 0", "Unexpected Pass: 0", "Skipped: 1", "Timeout: 0".
count_results() {
  awk -F': *' '
    /^Ok:/ || /^Expected Fail:/ { p += $2 }
    /^Fail:/ || /^Unexpected Pass:/ || /^Timeout:/ { f += $2 }
    /^Skipped:/ { s += $2 }
    END { print p + 0, f + 0, s + 0 }' "$1"
}

# step NAME COMMAND…: one more check that counts as a test; exit status 77 is a skip.
step() {
  local name=$1 log status=0
  shift
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  case $status in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)); printf 'SKIP %s: %s\n' "$name" "$(tail -n 1 "$log")" ;;
    *) failed=$((failed + 1)); printf 'FAIL %s\n' "$name"; tail -n 60 "$log" ;;
  esac
  rm -f "$log"
}

finish() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ]
}
