#!/usr/bin/env bash
# Sets up what it needs, builds everything, publishes the node programs as native code, runs every test project and
# ends with the line "N passed, N failed". With names as arguments (`./test.sh Http2 EndToEnd`) only those projects run.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
. deploy/setup/prerequisites.sh
. deploy/setup/native.sh

PROJECT_LIMIT=${PROJECT_LIMIT:-240}      # seconds for one test project
END_TO_END_LIMIT=${END_TO_END_LIMIT:-480}

need_root
need_lab
need_peers
need_chart_oracle
need_runtime
need_images
install_missing
need_dotnet

RESULTS=artifacts/results
rm -rf "$RESULTS"
mkdir -p "$RESULTS"

publish_node_programs
say "building"
dotnet build Ambient.sln -c Release -v q -clp:NoSummary || die "the build failed."

passed=0 failed=0 skipped=0 running=

# timeout runs a project in a process group of its own, where Ctrl-C does not arrive: it is told, and removes what it made.
stop() {
  trap '' INT TERM
  [ -z "$running" ] || { kill -INT "$running"; wait "$running"; }
  exit 130
}
trap stop INT TERM

# A project that crashes, hangs or writes no result counts as one failed test.
run_project() {
  local name=$1 limit=$PROJECT_LIMIT program log xml code started
  [ "$name" = EndToEnd ] && limit=$END_TO_END_LIMIT
  program=$(echo tests/"$name".Tests/bin/Release/net*/Ambient."$name".Tests)
  log=$RESULTS/$name.log
  xml=$RESULTS/$name.xml
  started=$SECONDS
  env --default-signal=INT,QUIT timeout --kill-after=15 "$limit" "$program" -noLogo -noColor -diagnostics -longRunning 45 -xml "$xml" >"$log" 2>&1 </dev/null &
  running=$!
  wait "$running"
  code=$?
  running=
  report "$name" "$xml" "$log" "$code" $((SECONDS - started))
}

# attribute NAME FILE: the sum of that attribute over the assemblies of one result file.
attribute() { grep -o '<assembly [^>]*' "$2" | grep -o " $1=\"[0-9]*\"" | tr -dc '0-9\n' | awk '{ n += $1 } END { print n + 0 }'; }

report() {
  local name=$1 xml=$2 log=$3 code=$4 seconds=$5 p=0 f=0 s=0
  if [ -s "$xml" ] && grep -q '</assemblies>' "$xml"; then
    p=$(attribute passed "$xml")
    f=$(($(attribute failed "$xml") + $(attribute errors "$xml")))
    s=$(attribute skipped "$xml")
    [ "$code" = 0 ] || [ "$f" -gt 0 ] || f=1
    [ $((p + f + s)) -gt 0 ] || f=1
  else
    f=1
  fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf '%-14s %5d passed %3d failed %3d skipped  %4d s\n' "$name" "$p" "$f" "$s" "$seconds"
  [ "$f" = 0 ] || { [ "$code" = 124 ] && echo "  stopped after its time limit"; tail -n 120 "$log" | sed 's/^/  | /'; }
  [ "$s" = 0 ] || grep '\[SKIP\]' -A1 "$log" | sed 's/^/  | /'
}

if [ $# -gt 0 ]; then names=("$@"); else
  names=()
  for project in tests/*.Tests; do
    name=$(basename "$project" .Tests)
    [ "$name" = EndToEnd ] || names+=("$name")
  done
  names+=(EndToEnd)
fi
for name in "${names[@]}"; do run_project "$name"; done

summary="$passed passed, $failed failed"
[ "$skipped" = 0 ] || summary="$summary, $skipped skipped"
echo "$summary"
[ "$failed" = 0 ]
