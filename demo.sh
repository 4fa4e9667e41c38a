#!/usr/bin/env bash
# Sets up what it needs, builds the mesh and runs it on this machine: two nodes, several pods, everything real except
# the wires. Ends by itself in a few minutes; with --keep the lab stays up until Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")"
. deploy/setup/prerequisites.sh
. deploy/setup/native.sh

need_root
need_lab
install_missing
need_dotnet

publish_node_programs
dotnet build control-plane -c Release -v q -clp:NoSummary
dotnet build deploy/playground -c Release -v q -clp:NoSummary
exec deploy/playground/bin/Release/net10.0/Ambient.Playground demo "$@"
