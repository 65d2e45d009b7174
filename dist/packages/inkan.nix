# SPDX-License-Identifier: BSD-2-Clause
# Not built here. nix-build -E 'with import <nixpkgs> {}; callPackage ./inkan.nix {}'
{ lib, stdenv, pkg-config, gettext, openssl, pcsclite, inih, jansson, curl, libmicrohttpd, libxml2, xmlsec }:

stdenv.mkDerivation rec {
  pname = "inkan";
  version = "0.2.0";
  # no address is known: the tarball lies beside this file
  src = ./. + "/inkan-${version}.tar.xz";

  nativeBuildInputs = [ pkg-config gettext ];
  buildInputs = [ openssl pcsclite inih jansson curl libmicrohttpd libxml2 xmlsec ];
  configureFlags = [
    "--disable-tests"
    "--sysconfdir=/etc"
    "--localstatedir=/var"
    "--with-p11-kit-module-dir=${placeholder "out"}/share/p11-kit/modules"
    "--with-systemdsystemunitdir=${placeholder "out"}/lib/systemd/system"
    "--with-systemduserunitdir=${placeholder "out"}/lib/systemd/user"
  ];
  enableParallelBuilding = true;

  meta = {
    description = "Sign in and sign with HPKI cards and the My Number Card";
    license = lib.licenses.bsd2;
    platforms = lib.platforms.linux;
  };
}
