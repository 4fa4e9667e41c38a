#!/usr/bin/env bash
# deploy/charts/render.sh: makes deploy/manifests/ambient.yaml of the chart's defaults. A test compares the two.
set -euo pipefail
cd "$(dirname "$0")/../.."
dotnet run -c Release --project deploy/rendering -v q -- deploy/charts/ambient --set createNamespace=true > deploy/manifests/ambient.yaml.new
mv deploy/manifests/ambient.yaml.new deploy/manifests/ambient.yaml
