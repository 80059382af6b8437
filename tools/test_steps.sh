# What ./test runs, in order, and how it counts. Sourced after steps.sh.

# Rooms with threads: their tests run under ThreadSanitizer too.
threaded_rooms=(core budget route ledger net relay admin)

ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
ASAN_OPTIONS+=:check_initialization_order=1
export ASAN_OPTIONS
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=second_deadlock_stack=1
export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19
export TSAN_SYMBOLIZER_PATH=$ASAN_SYMBOLIZER_PATH
export GTEST_BRIEF=0

rows=()
passed=0
failed=0
began_all=$(now_ms)

# check NAME ADVICE COMMAND...: a step that counts, by the tests its output names or else as one.
check() {
  local name=$1 status=0 counts
  step "$@" || status=$?
  read -r -a counts < <(count_tests "$logs/${name//[ \/]/-}.log")
  book "$name" "$status" "${counts[@]}"
  return "$status"
}

# book NAME STATUS PASSED FAILED SKIPPED: a row of the summary. A step without tests is one test.
book() {
  local name=$1 status=$2 good=$3 bad=$4 skipped=$5 detail=
  ((status != 0 && bad == 0)) && bad=1
  ((status == 0 && good == 0)) && good=1
  ((good + bad > 1)) && detail="$good passed, $bad failed"
  ((skipped)) && detail+="${detail:+, }$skipped skipped"
  passed=$((passed + good))
  failed=$((failed + bad))
  rows+=("$(printf '%-22s %8s s  %-7s %s' "$name" "$(seconds "$step_ms")" \
    "$( ((bad)) && echo FAILED || echo ok)" "$detail")")
}

not_run() {
  rows+=("$(printf '%-22s %8s    %-7s %s' "$1" - "not run" "$2")")
}

# "PASSED FAILED SKIPPED" of what GoogleTest, ctest and unittest wrote into a log.
count_tests() {
  awk '
    function close_entry() {
      if (!entry) return
      if (verdict == "bad" && f == 0) f = 1           # a crash names no failed test
      if (verdict == "good" && p + f + s == 0) p = 1  # a program that is no GoogleTest
      passed += p; failed += f; skipped += s
      p = f = s = entry = 0; verdict = ""
    }
    /^[0-9]+\/[0-9]+ Testing: / { close_entry(); entry = 1 }
    /^\[  PASSED  \] [0-9]+ test/ { p += $4 }
    /^\[  FAILED  \] [0-9]+ test/ { f += $4 }
    /^\[  SKIPPED \] [0-9]+ test/ { s += $4 }
    /^Test Passed\./ { verdict = "good" }
    /^Test (Failed|Timeout|Exception)/ { verdict = "bad" }
    /^Ran [0-9]+ tests? in / { ran = $2 }
    /^OK( \(|$)/ || /^FAILED \(/ {
      line = $0; bad = 0; skip = 0
      if (match(line, /failures=[0-9]+/)) bad += substr(line, RSTART + 9, RLENGTH - 9)
      if (match(line, /errors=[0-9]+/)) bad += substr(line, RSTART + 7, RLENGTH - 7)
      if (match(line, /skipped=[0-9]+/)) skip += substr(line, RSTART + 8, RLENGTH - 8)
      passed += ran - bad - skip; failed += bad; skipped += skip; ran = 0
    }
    /^[0-9]+ passed, [0-9]+ failed/ { passed += $1; failed += $3 }
    END { close_entry(); print passed + 0, failed + 0, skipped + 0 }' "$1" 2>/dev/null
}

# tests_of PRESET [ctest arguments]: the log names each test, so that they can be counted.
tests_of() {
  local preset=$1
  shift
  local results=build/$preset/Testing/Temporary/LastTest.log status=0
  rm -f "$results"
  ctest --test-dir "build/$preset" -j "$jobs" --output-on-failure --no-tests=error "$@" || status=$?
  ((status)) || cat "$results" # a failure has shown its own output; the counts are read below
  return "$status"
}

# run_tests PRESET [ctest arguments]
run_tests() {
  local preset=$1 name="tests $1" status=0 counts
  shift
  STEP_TAIL_LINES=80 step "$name" "Run one alone:  build/$preset/ROOM_test --gtest_filter=SUITE.NAME
or all of a room:  ctest --test-dir build/$preset -R ROOM --output-on-failure" \
    tests_of "$preset" "$@" || status=$?
  read -r -a counts < <(count_tests "build/$preset/Testing/Temporary/LastTest.log")
  book "$name" "$status" "${counts[@]}"
}

# built PRESET TARGET...: whether it could be built; what needs it is not run without it.
built() {
  local preset=$1 name="build $1"
  shift
  if build "$preset" "$name" "$@"; then
    book "$name" 0 0 0 0
    return 0
  fi
  book "$name" 1 0 0 0
  return 1
}

# optional NAME ADVICE PATH ARGUMENT...: a program of tests/ that not every version has.
optional() {
  local name=$1 advice=$2 path=$3
  shift 3
  [[ -d $path ]] && path=$path/run
  if [[ -f $path ]]; then
    check "$name" "$advice" "$path" "$@"
  else
    not_run "$name" "$path is not in this version"
  fi
}

clang_format() {
  local file # git also lists what was removed and not yet committed
  git ls-files -co --exclude-standard -z -- '*.cpp' '*.h' |
    while IFS= read -rd '' file; do [[ -f $file ]] && printf '%s\0' "$file"; done |
    xargs -0 -r -n 16 -P "$jobs" clang-format-19 --dry-run -Werror
}
tool_tests() {
  python3 -m unittest discover -s tools/tidy -p '*_test.py' &&
    python3 -m unittest discover -s tools -p '*_test.py'
}

source_steps() {
  if ! install_packages run test $([[ $mode == long ]] && echo long); then
    failed=$((failed + 1))
    summary
  fi
  check "tests of tools" "Run one alone:  python3 tools/tidy/NAME_test.py" tool_tests
  check "tidy" "Each line says what to do instead. Alone:  python3 tools/tidy" python3 tools/tidy
}

quick_steps() {
  source_steps
  built dev && run_tests dev
}

full_steps() {
  local fuzz_seconds=10
  [[ $mode == long ]] && fuzz_seconds=60
  source_steps
  check "clang-format" "Run:  clang-format-19 -i FILE" clang_format
  # One sanitized tree serves the tests and the fuzzers: docs/decisions/2026-11-21-build-time.md.
  if built asan; then
    run_tests asan
    check "fuzzers" "What broke it is in build/fuzz/; the log says how to run it again." \
      python3 tools/fuzz.py build/asan --seconds "$fuzz_seconds" --jobs "$jobs"
  else
    not_run "tests asan" "the build failed"
    not_run "fuzzers" "the build failed"
  fi
  threaded_steps
  # Only what is run: linking optimises the whole program, test programs included.
  local programs=(recloser bench_load bench_provider resilience)
  [[ $mode == long ]] && programs+=(codec_test recordings_test simulated_books_test)
  if built release "${programs[@]}"; then
    check "smoke" "Start it by hand:  ./run" python3 tools/smoke.py build/release/recloser
    optional "clients" "See tests/clients." tests/clients/run
    optional "kill -9" "See tests/chaos." tests/chaos/kill
    optional "aborts" "See tests/chaos." tests/chaos/aborts
    optional "faults" "See tests/chaos, and docs/faults.md." tests/chaos/faults
    optional "again" "See tests/chaos, and docs/idempotency.md." tests/chaos/again
    optional "full disk" "See tests/chaos, and docs/overload.md." tests/chaos/disk
    optional "chain" "See tests/chaos, and docs/chains.md." tests/chaos/chain
    optional "failover" "One story alone: tests/chaos/failover/run --only TEXT" tests/chaos/failover
    optional "continuation" "The same cuts again: tests/chaos/continuation/run --seed TEXT" \
      tests/chaos/continuation
    optional "overspend" "See tests/bench/README.md." tests/bench/overspend --quick
    optional "overload" "See docs/overload.md." tests/bench/overload --quick
    optional "brown-out" "See docs/resilience.md." tests/bench/brownout --quick
    optional "resilience" "See docs/resilience.md." tests/bench/resilience
    optional "gates" "See tests/bench. A gate that cannot be held has its profile written down." \
      tests/bench/gates
  else
    not_run "smoke" "the build failed"
  fi
}

threaded_steps() {
  local targets=() room
  for room in "${threaded_rooms[@]}"; do
    compgen -G "src/$room/*_test.cpp" >/dev/null && targets+=("${room}_test")
  done
  if built tsan "${targets[@]}"; then
    run_tests tsan -R "^($(IFS='|' && echo "${targets[*]}"))\$"
  else
    not_run "tests tsan" "the build failed"
  fi
}

# Not over tests: GoogleTest's macros alone take it minutes a file. Without precompiled headers: it
# would look through all of them in each file.
clang_tidy() {
  cmake --preset asan -B build/tidy -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null &&
    run-clang-tidy-19 -quiet -p build/tidy -j "$jobs" -warnings-as-errors='*' \
      "^$root/src/(?!.*_test\.cpp\$)"
}

# Every split of every recorded stream, in process and over the wire.
recordings() {
  RECLOSER_TEST_LONG=1 build/release/codec_test --gtest_filter='Recordings.*' &&
    RECLOSER_TEST_LONG=1 build/release/tests/recordings/recordings_test
}

# A million calls through the ledger, against bills with planted faults.
simulated_books() {
  RECLOSER_TEST_LONG=1 build/release/tests/books/simulated_books_test
}

# A thousand seeds of calls, providers, clients and operators that do anything; as many at a time as
# there are jobs.
storms() {
  local shard pid status=0 pids=()
  for ((shard = 0; shard < jobs; ++shard)); do
    RECLOSER_TEST_LONG=1 GTEST_TOTAL_SHARDS=$jobs GTEST_SHARD_INDEX=$shard \
      build/asan/relay_test --gtest_filter='Seeds/StormTest.*' --gtest_brief=1 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || status=1; done
  return "$status"
}

long_steps() {
  check "recordings, long" "One alone:  RECLOSER_TEST_LONG=1 build/release/codec_test
--gtest_filter=Recordings.NAME" recordings
  check "books, long" "By itself:  RECLOSER_TEST_LONG=1
build/release/tests/books/simulated_books_test" simulated_books
  check "storms, long" "One alone:  RECLOSER_TEST_LONG=1
build/asan/relay_test --gtest_filter=Seeds/StormTest.*/NUMBER" storms
  check "clang-tidy" "A finding that is wrong gets  // NOLINT(name): why  on its line." clang_tidy
  optional "tokenizer" "See tests/tokens/original." tests/tokens/original
  optional "http1 peers" "See tests/http1_peers." tests/http1_peers
  optional "kill -9, long" "See tests/chaos." tests/chaos/kill --long
  optional "agents" "See tests/clients." tests/clients/agents
  optional "litellm" "See tests/chaos, and docs/chains.md." tests/chaos/litellm
}

summary() {
  printf '\n'
  printf '  %s\n' "${rows[@]}"
  step_ms=$(($(now_ms) - began_all))
  printf '  %-22s %8s s\n\n' "in all" "$(seconds $step_ms)"
  printf '%d passed, %d failed\n' "$passed" "$failed"
  exit $((failed > 0))
}
