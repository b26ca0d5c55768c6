#!/bin/sh
# Install the Debian packages that the tests talk to. Where that is not possible, say what is
# missing and go on: the tests that need it skip with the reason.
set -u

packages="systemd mosquitto mosquitto-clients iproute2 util-linux openssl python3-gi
gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
gstreamer1.0-plugins-bad prometheus tesseract-ocr nodejs
chromium postgresql curl jq zsh fish
caddy wireguard-tools nftables sqlite3"

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
# Tests start what they need by themselves: no service shall begin to run here for their sake.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '$as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -qq -o DPkg::Lock::Timeout=120 update
# shellcheck disable=SC2086  (a list of words)
$as_root apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $missing
result=$?
# Nor at the next start of this machine.
for service in mosquitto prometheus postgresql caddy; do
    case " $missing " in
        *" $service "*) $as_root systemctl --quiet disable "$service" 2>/dev/null ;;
    esac
done
exit $result
