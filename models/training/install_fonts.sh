#!/bin/sh
# Install the Debian packages of free typefaces that the reader's training letters plates in
# (models/training/typefaces.py). Where that is not possible, say what is missing and go on:
# the training takes the typefaces that are here.
set -u

packages="fonts-roadgeek fonts-opendin fonts-osifont fonts-routed-gothic fonts-bebas-neue
fonts-urw-base35 fonts-liberation fonts-roboto-unhinted fonts-dejavu-core fonts-open-sans
fonts-ocr-b fonts-tiresias fonts-allerta fonts-national-park fonts-oxygen fonts-play fonts-b612
fonts-yanone-kaffeesatz fonts-inter fonts-tuffy fonts-freefont-ttf fonts-dosis fonts-jura
fonts-lato fonts-cantarell fonts-hack fonts-go fonts-cabin fonts-clear-sans fonts-adf-universalis
fonts-adf-gillius fonts-jetbrains-mono"

missing=""
for package in $packages; do
    status=$(dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "no apt-get here; plates will not be lettered in these:$missing" >&2
    exit 0
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        echo "not root and no sudo; plates will not be lettered in these:$missing" >&2
        exit 0
    fi
    as_root="sudo"
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -qq -o DPkg::Lock::Timeout=120 update
# One by one: a release that lacks one of them, or has it in a part that is not enabled, has others.
for package in $missing; do
    $as_root apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$package" ||
        echo "$package is not to be had here; plates will not be lettered in it" >&2
done
