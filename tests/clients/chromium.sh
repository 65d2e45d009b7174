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
on_cards "hpki --name ICHIRO" "jpki --name ICHIRO"

start_screen
guide_run chromium module
try "certutil -A" certutil -A -d "sql:$HOME/.pki/nssdb" -n server -t C,, -i "$server_ca"

start_pages TLSv1.3
start_chromium "$work/profile-1.3"
list_certificates '^1 certificate$'
wrong_pin
log_in
cell Chromium 'TLS 1.3'
# Chromium remembers for each server that there was no certificate, until it ends.
pull_card "$later"
stop_chromium
stop_nginx

start_pages TLSv1.2
start_chromium "$work/profile-1.2"
log_in
cell Chromium 'TLS 1.2'
no_signature_pin
other_card 2
stop_chromium
