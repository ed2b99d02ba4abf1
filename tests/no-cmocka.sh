#!/bin/sh
# no-cmocka.sh: stands for all unit tests where their library is not installed.
echo '1..0 # SKIP unit tests: cmocka was not found by configure (Debian: libcmocka-dev)'
