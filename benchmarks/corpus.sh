#!/usr/bin/env bash
# benchmarks/corpus.sh: the corpus of malformed and ambiguous messages against our engine and Debian's nginx, HAProxy, h2o, Varnish and Apache as plain
# reverse proxies. Prints how often each passed on what is in doubt and writes it to benchmarks/RESULTS.md; what each made of every case stands in
# artifacts/corpus.md. A proxy that cannot be installed is left out, and the table says so. Fails if our engine passes on anything that is in doubt.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/setup/prerequisites.sh

need_root
need curl curl
install_missing
for peer in nginx/nginx haproxy/haproxy h2o/h2o varnish/varnishd apache2-bin/apache2; do
  need "${peer%/*}" "${peer#*/}"
  (install_missing) || say "${peer%/*} cannot be had here: it is left out."
  MISSING_PACKAGES=
done
need_dotnet

mkdir -p artifacts
exec dotnet run -c Release --project benchmarks/Corpus -- benchmarks/RESULTS.md artifacts/corpus.md
