# Shared by ./quickstart and ./check: sourced, never run. Debian packages, numbered steps with seconds, a log.
# The caller sets `steps_total` and `log`, then calls begin.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=/usr/bin/python3 # Debian's own: python3-pip and python3-venv belong to this one
# Objects are found again by ccache when the clone lies at another path.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
step_number=0
step_start=$SECONDS
step_title=""

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' plain=$'\e[0m'
else
  bold="" dim="" red="" plain=""
fi

begin() {
  mkdir -p "$(dirname "$log")"
  : >"$log"
}

# step TITLE: ends the step before with its seconds and opens the next one.
step() {
  finish_step
  step_number=$((step_number + 1))
  step_title=$1
  step_start=$SECONDS
  printf '%s[%d/%d]%s %s\n' "$bold" "$step_number" "$steps_total" "$plain" "$step_title"
}

finish_step() {
  [ -n "$step_title" ] && say "done in $((SECONDS - step_start)) s"
  step_title=""
}

say() { printf '      %s%s%s\n' "$dim" "$1" "$plain"; }

# stop MESSAGE [HINT...]: ends the script; every failure of ours comes through here.
stop() {
  printf '\n%s%s%s\n' "$red" "$1" "$plain" >&2
  shift
  for hint in "$@"; do printf '  %s\n' "$hint" >&2; done
  exit 1
}

# logged COMMAND...: output goes to the log; on failure its end is shown and the log is named.
logged() {
  printf '\n$ %s\n' "$*" >>"$log"
  if ! "$@" >>"$log" 2>&1 </dev/null; then
    tail -n 25 "$log" | sed 's/^/  | /' >&2
    stop "This failed: $*" "The whole output is in $log"
  fi
}

# logged_ninja COMMAND...: as `logged`, with Ninja's own progress counter passed on every few seconds.
logged_ninja() {
  printf '\n$ %s\n' "$*" >>"$log"
  local shown=-10
  if ! NINJA_STATUS='[%f/%t] ' "$@" 2>&1 </dev/null | tee -a "$log" | while IFS= read -r line; do
    case $line in
      '['*/*']'*) if [ $((SECONDS - shown)) -ge 10 ]; then
        say "${line%%]*}]"
        shown=$SECONDS
      fi ;;
    esac
  done; then
    grep -E -m 5 -A 12 'error:|FAILED:|undefined reference' "$log" | tail -n 40 | sed 's/^/  | /' >&2 || true
    stop "The build failed: $*" "The whole output is in $log"
  fi
}

require_debian_12() {
  local id="" version=""
  if [ -r /etc/os-release ]; then
    id=$(. /etc/os-release && echo "${ID:-}")
    version=$(. /etc/os-release && echo "${VERSION_ID:-}")
  fi
  if [ "$id" != debian ] || [ "$version" != 12 ]; then
    stop "Croft is built on Debian 12; this machine says: ${id:-unknown} ${version}." \
      "On another system: docker run -it -v \"$root\":/croft -w /croft debian:12 ./quickstart"
  fi
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    stop "Debian packages have to be installed, and this user is neither root nor has sudo." \
      "Ask an administrator to run: apt-get install -y --no-install-recommends ${missing[*]:-}"
  fi
}

# install_packages GROUP...: installs what packages.txt lists and this machine lacks; touches apt only then.
install_packages() {
  local allow_removals=${CROFT_ALLOW_REMOVALS:-0} group name rest
  missing=()
  while read -r group name rest; do
    case " $* " in *" $group "*) ;; *) continue ;; esac
    dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done < <(grep -v '^ *#' "$root/tools/packages.txt")
  if [ ${#missing[@]} = 0 ]; then
    say "all there"
    return
  fi
  say "to install: ${missing[*]}"
  # Someone else's broken source must not stop us: where it matters, the installation below fails and says why.
  as_root apt-get update -q >>"$log" 2>&1 </dev/null || say "apt-get update had complaints (see $log); going on"
  # Debian has two Boost versions whose -dev packages exclude each other. Nobody's packages vanish unasked.
  local removed
  removed=$(apt-get -s install --no-install-recommends "${missing[@]}" 2>>"$log" | sed -n 's/^Remv \([^ ]*\).*/\1/p' | tr '\n' ' ')
  if [ -n "$removed" ] && [ "$allow_removals" != 1 ]; then
    stop "Installing Croft's packages would remove: $removed" \
      "libboost1.81-dev cannot stand beside libboost1.74-dev (Debian's default Boost headers)." \
      "If they may go (run-time libraries stay): CROFT_ALLOW_REMOVALS=1 $0" \
      "If not: build in a container: docker run -it -v \"$root\":/croft -w /croft debian:12 ./quickstart"
  fi
  logged as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# A checkout made as root and built as another user (or the other way round) fails in odd places: say it first.
require_writable() {
  local folder
  for folder in "$root" "$root/build" "$root/build/release"; do
    if [ -e "$folder" ] && [ ! -w "$folder" ]; then
      stop "This user cannot write to $folder; it belongs to $(stat -c %U "$folder")." \
        "Run this as that user (sudo $0), or hand it over: sudo chown -R $(id -un) \"$root\""
    fi
  done
}

# build_preset PRESET TARGET...: configures where needed and builds. ./quickstart builds the program alone, ./check
# everything, in the same folder.
build_preset() {
  local preset=$1
  shift
  cd "$root"
  # A folder that was configured at another path (a moved or copied clone) would build the old sources.
  if [ -f "build/$preset/CMakeCache.txt" ] &&
    ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "build/$preset/CMakeCache.txt"; then
    rm -rf "build/$preset"
  fi
  [ -f "build/$preset/build.ninja" ] || logged cmake --preset "$preset"
  logged_ninja ninja -C "build/$preset" -j "$(nproc)" "$@"
}

# pull_model NAME: into the model library, through the program itself, which downloads the package, treats it as an
# archive and checks the SHA-256. A model that is there is not fetched again.
pull_model() {
  logged "$root/build/release/croft" pull "$1"
  say "$1: there, SHA-256 verified"
}
