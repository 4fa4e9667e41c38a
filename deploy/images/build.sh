#!/usr/bin/env bash
# deploy/images/build.sh [NAME...]: makes artifacts/images/NAME.tar, an OCI archive, for each image (all of them by default) of the
# programs that ./test.sh or ./demo.sh have built. No network, no container engine and no base image is needed: only buildah.
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/setup/prerequisites.sh

IMAGES=artifacts/images
VERSION=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)

# The path of a library that a program opens by name when it runs.
library() { ldconfig -p | awk -v name="$1" '$1 == name && /x86-64/ { print $NF; exit }' | grep . || die "$1 is not installed."; }

# with_libraries ROOT FILE...: what the files are linked with, at the same paths, and each package's licence.
with_libraries() {
  local root=$1 file package
  shift
  for file in $(ldd "$@" | awk '$2 == "=>" && $3 ~ "^/" { print $3 } $1 ~ "^/.*/ld-linux" { print $1 }' | sort -u); do
    [[ $file = /usr/share/dotnet/* || $file = "$PWD"/* ]] && continue # it has come with its program
    install -D "$file" "$root$file"
    package=$(dpkg -S "$file" "/usr$file" 2>/dev/null | sed 's/:.*//;q' || true)
    install -Dm 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
  done
}

# new_root NAME: an empty root directory with the users that images know.
new_root() {
  local root=$IMAGES/root/$1
  rm -rf "$root"
  mkdir -p "$root/etc" "$root/usr/share/doc/ambient"
  printf 'root:x:0:0::/:/sbin/nologin\nnonroot:x:65532:65532::/:/sbin/nologin\n' > "$root/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' > "$root/etc/group"
  printf 'hosts: files dns\n' > "$root/etc/nsswitch.conf"
  cp LICENSE "$root/usr/share/doc/ambient/"
  echo "$root"
}

# native NAME PROGRAMS LIBRARY...: native programs, and libraries that they open by name.
native() {
  local root programs=() program libraries=()
  root=$(new_root "$1")
  for program in $2; do
    [ -x "artifacts/native/$program" ] || die "artifacts/native/$program does not exist: ./test.sh and ./demo.sh publish it."
    install -D "artifacts/native/$program" "$root/usr/local/bin/$program"
    programs+=("artifacts/native/$program")
  done
  shift 2
  for program in "$@"; do libraries+=("$(library "$program")"); done
  for program in "${libraries[@]}"; do install -D "$program" "$root$program"; done
  with_libraries "$root" "${programs[@]}" "${libraries[@]}"
}

# with_authorities ROOT: whom this machine trusts, where libssl looks for it.
with_authorities() {
  install -Dm 644 /etc/ssl/certs/ca-certificates.crt "$1$(openssl version -d | cut -d '"' -f 2)/cert.pem"
  install -Dm 644 /usr/share/doc/ca-certificates/copyright "$1/usr/share/doc/ca-certificates/copyright"
}

control_plane() {
  local root built=control-plane/bin/Release/net10.0 dotnet version framework directory
  root=$(new_root control-plane)
  [ -x $built/Ambient.ControlPlane ] || die "$built/Ambient.ControlPlane does not exist: ./test.sh and ./demo.sh build it."
  dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
  mkdir -p "$root/usr/local/lib/control-plane" "$root/usr/share/dotnet/host"
  cp $built/*.dll $built/*.json $built/Ambient.ControlPlane "$root/usr/local/lib/control-plane/"
  cp -r "$dotnet/host/fxr" "$root/usr/share/dotnet/host/"
  cp "$dotnet/LICENSE.txt" "$dotnet/ThirdPartyNotices.txt" "$root/usr/share/dotnet/"
  for framework in Microsoft.NETCore.App Microsoft.AspNetCore.App; do
    version=$(dotnet --list-runtimes | awk -v name=$framework '$1 == name && $2 ~ /^10\./ { version = $2 } END { print version }')
    directory=$root/usr/share/dotnet/shared/$framework
    mkdir -p "$directory"
    cp -r "$dotnet/shared/$framework/$version" "$directory/"
  done
  # For debuggers and tracers.
  find "$root/usr/share/dotnet" \( -name 'libmscord*.so' -o -name 'libcoreclrtrace*.so' -o -name createdump \) -delete
  chmod -R a+rX "$root"
  install -D "$(library libssl.so.3)" "$root$(library libssl.so.3)"
  # shellcheck disable=SC2046 # a list of files without blanks
  with_libraries "$root" "$(library libssl.so.3)" $built/Ambient.ControlPlane $(find "$root/usr/share/dotnet" -name '*.so' -printf "$PWD/%p\n")
}

pack() {
  local name=$1 buildah=(buildah --root "$PWD/$IMAGES/storage" --runroot "$PWD/$IMAGES/run" --storage-driver vfs)
  "${buildah[@]}" build --quiet --isolation chroot --timestamp 0 --target "$name" --tag "ambient/$name:$VERSION" \
    --file deploy/images/Dockerfile "$IMAGES/root" >/dev/null
  rm -f "$IMAGES/$name.tar"
  "${buildah[@]}" push --quiet "ambient/$name:$VERSION" "oci-archive:$IMAGES/$name.tar:ambient/$name:$VERSION" >/dev/null
  "${buildah[@]}" rmi --force "ambient/$name:$VERSION" >/dev/null
  say "$IMAGES/$name.tar is ambient/$name:$VERSION, $(du -sm "$IMAGES/root/$name" | cut -f 1) MiB unpacked"
}

need_images
install_missing
[ $# -gt 0 ] || set -- ztunnel node-agent control-plane waypoint
trap 'rm -rf "$IMAGES/storage" "$IMAGES/run"' EXIT
for name in "$@"; do
  case $name in
    ztunnel) native ztunnel ztunnel libssl.so.3 libcrypto.so.3 ;;
    node-agent) native node-agent "ambient-agent ambient-cni" libssl.so.3 libcrypto.so.3 libnftables.so.1 ;;
    waypoint)
      native waypoint waypoint libssl.so.3 libcrypto.so.3
      with_authorities "$IMAGES/root/waypoint" # servers outside of the mesh
      ;;
    control-plane) control_plane ;;
    *) die "there is no image $name; known are ztunnel, node-agent, control-plane and waypoint." ;;
  esac
  pack "$name"
done
