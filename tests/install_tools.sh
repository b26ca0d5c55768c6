#!/bin/sh
# Install the Debian packages that the tests talk to. Where that is not possible, say what is
# missing and go on: the tests that need it skip with the reason.
set -u

packages="systemd mosquitto mosquitto-clients iproute2 util-linux openssl python3-gi
gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
gstreamer1.0-plugins-bad prometheus tesseract-ocr nodejs"

missing=""
for package in $packages; do
    status=$(dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "no apt-get here; tests that need these will be skipped:$missing" >&2
    exit 0
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        echo "not root and no sudo; tests that need these will be skipped:$missing" >&2
        exit 0
    fi
    as_root="sudo"
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -qq -o DPkg::Lock::Timeout=120 update
# shellcheck disable=SC2086  (a list of words)
$as_root apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $missing
