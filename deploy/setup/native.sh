# Sourced after prerequisites.sh: publishes the node programs as native code into artifacts/native.

NATIVE_DIR=artifacts/native

# The .NET 10 NativeAOT runtime pack is not on every package feed. Where it cannot be restored, .NET 9 compiles the same sources.
native_framework() {
  [ -n "${NATIVE_FRAMEWORK:-}" ] && return
  NATIVE_FRAMEWORK=net10.0
  local log
  log=$(mktemp)
  if ! dotnet restore ztunnel/Ambient.Ztunnel.csproj -r linux-x64 -p:PublishAot=true -p:AmbientFramework=net10.0 >"$log" 2>&1; then
    grep -q 'NativeAOT\|ILCompiler' "$log" || { cat "$log" >&2; rm -f "$log"; die "restoring ztunnel failed."; }
    NATIVE_FRAMEWORK=net9.0
    say "native code is built with net9.0: this package feed does not have the .NET 10 NativeAOT runtime pack"
  fi
  rm -f "$log"
}

# publish_native PROJECT ASSEMBLY NAME: artifacts/native/NAME is the program.
publish_native() {
  local project=$1 assembly=$2 name=$3 log
  native_framework
  log=$(mktemp)
  if ! dotnet publish "$project" -c Release -r linux-x64 -p:PublishAot=true -p:AmbientFramework="$NATIVE_FRAMEWORK" \
      -o "artifacts/publish/$name" -v q -clp:NoSummary >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "publishing $project failed."
  fi
  rm -f "$log"
  mkdir -p "$NATIVE_DIR"
  # A running program's file cannot be overwritten; a new file under the old name can replace it.
  cp "artifacts/publish/$name/$assembly" "$NATIVE_DIR/.$name.new"
  mv -f "$NATIVE_DIR/.$name.new" "$NATIVE_DIR/$name"
}

publish_node_programs() {
  say "publishing the node programs as native code"
  publish_native ztunnel Ambient.Ztunnel ztunnel
  publish_native waypoint Ambient.Waypoint waypoint
  publish_native cni-plugin/Agent Ambient.CniAgent ambient-agent
  publish_native cni-plugin/Plugin Ambient.CniPlugin ambient-cni
}
