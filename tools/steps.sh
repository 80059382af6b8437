# Steps of ./run and ./test: each shows that it moves, keeps its output in build/logs/, and says
# what to do when it fails. Sourced; needs `root`, the folder of the project.

logs=$root/build/logs
mkdir -p "$logs"

# Jobs that compile at once. RECLOSER_JOBS is for machines that are shared.
jobs=${RECLOSER_JOBS:-$(nproc)}

ticker_pid=
exec {silence}<> <(:) # read -t on it waits without a process

stop_ticker() {
  [[ -n $ticker_pid ]] || return 0
  kill "$ticker_pid" 2>/dev/null || true
  wait "$ticker_pid" 2>/dev/null || true
  ticker_pid=
}
interrupted() {
  stop_ticker
  printf '\nInterrupted. What was built stays; the next start goes on from there.\n' >&2
  exit 130
}
trap stop_ticker EXIT
trap interrupted INT TERM

now_ms() { local us=${EPOCHREALTIME/[.,]/} && echo $((us / 1000)); }
seconds() { printf '%d.%d' $(($1 / 1000)) $(($1 % 1000 / 100)); }

# tick NAME LOG: one moving line on a terminal, a line every half minute elsewhere.
tick() {
  local began=$SECONDS pause=30 last columns
  [[ -t 1 ]] && pause=1
  columns=$(tput cols 2>/dev/null || echo 80)
  while ! read -rt "$pause" -u "$silence"; do
    last=$(tail -c 400 "$2" 2>/dev/null | tr '\r' '\n' | grep -v '^ *$' | tail -n 1)
    if [[ -t 1 ]]; then
      last=$(printf '  %-22s %4d s  %s' "$1" $((SECONDS - began)) "$last")
      printf '\r\033[K%s' "${last:0:columns-1}"
    else
      printf '  %-22s %4d s  %s\n' "$1" $((SECONDS - began)) "${last:0:90}"
    fi
  done
}

# step NAME ADVICE COMMAND...: runs it with its output in build/logs/NAME.log. A failure shows the
# end of the log and ADVICE. Sets `step_ms`; returns what the command returned.
step() {
  local name=$1 advice=$2 log began status=0
  shift 2
  log=$logs/${name//[ \/]/-}.log
  began=$(now_ms)
  : >"$log"
  tick "$name" "$log" &
  ticker_pid=$!
  "$@" >>"$log" 2>&1 || status=$?
  stop_ticker
  step_ms=$(($(now_ms) - began))
  [[ -t 1 ]] && printf '\r\033[K'
  if ((status == 0)); then
    printf '  %-22s %7s s  ok\n' "$name" "$(seconds $step_ms)"
    return 0
  fi
  printf '  %-22s %7s s  FAILED (exit status %d)\n' "$name" "$(seconds $step_ms)" "$status"
  {
    printf '\n%s failed. The end of %s:\n\n' "$name" "${log#"$root"/}"
    tail -n "${STEP_TAIL_LINES:-40}" "$log" | sed 's/^/    /'
    printf '\n%s\n\n' "$advice"
  } >&2
  return "$status"
}

# Packages of the sections named, one per line, but those that another source has brought.
packages_of() {
  awk -v wanted=" $* " '
    /^\[/ { section = substr($1, 2, length($1) - 2); next }
    { sub(/#.*/, "") }
    NF && index(wanted, " " section " ") { print $1, $2 }
  ' "${RECLOSER_PACKAGES:-$root/tools/packages.txt}" |
    while read -r package unless; do
      [[ -n $unless ]] && command -v "${unless#unless=}" >/dev/null || echo "$package"
    done
}

# Those of them that are not installed. `install ok installed` is dpkg's word for all is well.
missing_packages() {
  local wanted installed
  wanted=$(packages_of "$@" | sort)
  # dpkg-query fails when it has never heard of one of them, which is what we want to learn.
  # shellcheck disable=SC2016,SC2086  # dpkg expands the format; the names are words
  installed=$({ dpkg-query -W -f '${Status} ${Package}\n' $wanted 2>/dev/null || true; } |
    sed -n 's/^install ok installed //p' | sort)
  comm -23 <(printf '%s\n' "$wanted") <(printf '%s\n' "$installed")
}

apt_get() {
  local as_root=()
  [[ $(id -u) == 0 ]] || as_root=(sudo)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 "$@"
}
fetch_packages() {
  apt_get update && apt_get install --no-install-recommends "$@" || return
  # Daemons came along as things to compare with; nothing of ours wants them running.
  local daemon
  for daemon in nginx haproxy; do
    if [[ " $* " == *" $daemon"* ]]; then
      systemctl disable --now "$daemon" 2>/dev/null || service "$daemon" stop || true
    fi
  done
}

# install_packages SECTION...: installs what is missing; takes 0.1 s when nothing is.
install_packages() {
  local missing
  if ! command -v dpkg-query apt-get >/dev/null; then
    echo "This is no Debian system, so nothing is installed. Needed are clang 19, CMake 3.25," \
      "Ninja and the libraries in tools/packages.txt." >&2
    return 0
  fi
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) && [[ -n ${missing[0]} ]] || return 0
  if [[ $(id -u) != 0 ]] && ! command -v sudo >/dev/null; then
    {
      echo "Packages are missing, and without root or sudo they cannot be installed."
      echo "Ask someone who may to run:  apt-get install ${missing[*]}"
    } >&2
    return 3
  fi
  [[ $(id -u) == 0 ]] || sudo -v || return 3 # asks for the password before output goes to a log
  printf '  installing %d packages: %s\n' "${#missing[@]}" "${missing[*]}"
  step "packages" "Check the network and the sources of apt (Debian 12, bookworm), then start again;
or install them by hand:  apt-get install ${missing[*]}" fetch_packages "${missing[@]}"
}

# build PRESET NAME TARGET...: configures when that was never done (from then on Ninja does it when
# a CMake file or the list of files changes), and builds the targets; all when none is named.
build() {
  local preset=$1 name=$2
  shift 2
  step "$name" "Mend the error and start again. To see more:  ninja -C build/$preset $*
If the build folder itself is at fault:  rm -rf build/$preset" compile "$preset" "$@"
}
compile() {
  local preset=$1
  shift
  cd "$root" || return
  if [[ ! -f build/$preset/build.ninja ]]; then
    cmake --preset "$preset" || return
  fi
  NINJA_STATUS='[%f/%t] ' ninja -C "build/$preset" -j "$jobs" "$@"
}
