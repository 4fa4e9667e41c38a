# Sourced by demo.sh, test.sh and benchmarks/load.sh: installs what is missing, quietly, and says what it did.

say() { printf '\033[1m%s\033[0m\n' "$*"; }

die() { printf 'error: %s\n' "$*" >&2; exit 1; }

need_root() {
  [ "$(id -u)" = 0 ] || die "network namespaces need root: run 'sudo $0'."
  [ "$(uname -s)" = Linux ] || die "network namespaces need Linux."
}

# need PACKAGE PROGRAM...: the package is installed unless every program is there already.
need() {
  local package=$1 program
  shift
  for program in "$@"; do
    command -v "$program" >/dev/null 2>&1 || PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null 2>&1 || {
      MISSING_PACKAGES="${MISSING_PACKAGES:-} $package"
      return
    }
  done
}

install_missing() {
  [ -n "${MISSING_PACKAGES:-}" ] || return 0
  command -v apt-get >/dev/null || die "please install:$MISSING_PACKAGES"
  say "installing:$MISSING_PACKAGES"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null
  # shellcheck disable=SC2086 # a list of words
  apt-get install -y -qq --no-install-recommends $MISSING_PACKAGES >/dev/null 2>&1 || die "apt-get install$MISSING_PACKAGES failed."
  MISSING_PACKAGES=
}

# What the native build, the lab and the demo use.
need_lab() {
  need iproute2 ip
  need nftables nft
  need tcpdump tcpdump
  need curl curl
  need bind9-dnsutils dig
  need openssl openssl
  need clang clang
  need procps sysctl
  [ -x /usr/lib/cni/bridge ] || MISSING_PACKAGES="${MISSING_PACKAGES:-} containernetworking-plugins"
  ldconfig -p | grep -q libssl.so.3 || MISSING_PACKAGES="${MISSING_PACKAGES:-} libssl3"
  [ -e /usr/include/zlib.h ] || MISSING_PACKAGES="${MISSING_PACKAGES:-} zlib1g-dev"
}

# The independent programs that tests and benchmarks speak to.
need_peers() {
  need nghttp2-client nghttp h2load
  need nghttp2-proxy nghttpx
  need nghttp2-server nghttpd
  need wrk wrk
  need gnutls-bin gnutls-cli gnutls-serv
  need socat socat
  need haproxy haproxy
  need nginx nginx
  need kubernetes-client kubectl
  need iperf3 iperf3
  [ -e /usr/lib/python3/dist-packages/grpc/__init__.py ] || MISSING_PACKAGES="${MISSING_PACKAGES:-} python3-grpcio"
  [ -e /usr/lib/nginx/modules/ngx_stream_module.so ] || MISSING_PACKAGES="${MISSING_PACKAGES:-} libnginx-mod-stream"
}

# What the chart's renderer is compared with: the template engine and functions that Helm is made of.
need_chart_oracle() {
  need golang-go go
  [ -e /usr/share/gocode/src/github.com/Masterminds/sprig ] || MISSING_PACKAGES="${MISSING_PACKAGES:-} golang-github-masterminds-sprig-dev"
  [ -e /usr/share/gocode/src/github.com/ghodss/yaml ] || MISSING_PACKAGES="${MISSING_PACKAGES:-} golang-github-ghodss-yaml-dev"
}

# A real container runtime with the standard CNI plugins, and something that can run in a container of one file.
need_runtime() {
  need containerd containerd ctr
  need runc runc
  need busybox-static busybox
  [ -e /usr/lib/cni/bridge ] || MISSING_PACKAGES="${MISSING_PACKAGES:-} containernetworking-plugins"
}

# What makes container images.
need_images() {
  need buildah buildah
  need openssl openssl
  [ -e /etc/ssl/certs/ca-certificates.crt ] || MISSING_PACKAGES="${MISSING_PACKAGES:-} ca-certificates"
}

need_dotnet() {
  command -v dotnet >/dev/null || die "the .NET 10 SDK is missing: https://dotnet.microsoft.com/download/dotnet/10.0"
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
  PATH="$PATH:/usr/sbin:/sbin"
}
