#!/usr/bin/env bash
# benchmarks/load.sh tunnel [--quick]: the tunnel against HAProxy, nginx and nghttpx, interleaved in one run. Prints a table and, last, the
# lines "ratio NAME OURS/HAPROXY"; writes benchmarks/RESULTS.md.
# benchmarks/load.sh waypoint [--quick]: the waypoint's HTTP engine against nginx and HAProxy; the lines are "ratio NAME_PEER OURS/PEER".
# benchmarks/load.sh floods [--quick]: what good clients of the same three feel while another one floods; the lines are "ratio FLOOD P99-BESIDE/P99-ALONE".
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/setup/prerequisites.sh
. deploy/setup/native.sh

need_root
need_lab
need_peers
install_missing
need_dotnet

case " $* " in " waypoint "* | *" floods "* | *" --only "*) ;; *) publish_node_programs ;; esac
publish_native benchmarks/Load Ambient.Load load
ulimit -n "$(ulimit -H -n)"
exec "$NATIVE_DIR/load" "$@" --results benchmarks/RESULTS.md
