#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock Chromium on a screen of its own (Xvfb), with the module in the user's NSS
# database. Its dialogs for the certificate and the PIN are answered by keys.
. "${srcdir:-.}/tests/clients/lib.sh"
. "$srcdir/tests/clients/browser.sh"
need chromium chromium
need Xvfb xvfb
need xdotool xdotool
need python3 python3
need_nss
on_cards "hpki --name ICHIRO" "jpki --name ICHIRO" "jpki --name ICHIRO after other-kind" \
	"hpki --name ICHIRO after other-person" "hpki --name ICHIRO after foreign"

start_screen
guide_run chromium module
try "certutil -A" certutil -A -d "sql:$HOME/.pki/nssdb" -n server -t C,, -i "$server_ca"

[ "$neighbour" != other-person ] || only_this_card chromium
start_pages TLSv1.3
start_chromium "$work/profile-1.3"
case $neighbour in
other-kind) list_certificates '^2 certificates$' ;;
*) list_certificates '^1 certificate$' ;;
esac
wrong_pin
log_in
cell Chromium 'TLS 1.3'
[ -z "$neighbour" ] || { no_signature_pin; stop_chromium; exit; }
# Chromium remembers for each server that there was no certificate, until it ends.
pull_card "$later"
stop_chromium
stop_nginx

start_pages TLSv1.2
start_chromium "$work/profile-1.2"
log_in
cell Chromium 'TLS 1.2'
no_signature_pin
other_card 1
stop_chromium
