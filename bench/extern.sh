#!/bin/sh
# extern.sh: what a call of a native function costs, beside a built-in that is applied element by element.
# In microseconds, on one thread: a call of 16 numbers is nearly all overhead. Needs a C compiler.
#
#     bench/extern.sh [AQC]
set -eu
aqc=${1:-aqc} top=$(cd "$(dirname "$0")/.." && pwd) work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > times.c << 'END'
#include <aq_extern.h>
#include <math.h>
static const char *each(int64_t count, const float *x, float *y) {
  for (int64_t k = 0; k < count; k++) y[k] = 1.0001f * x[k];
  return 0;
}
static const char *whole(const float *x, double by, float *y, int64_t N) {
  for (int64_t k = 0; k < N; k++) y[k] = (float)by * x[k];
  return 0;
}
static const char *erf_of(int64_t count, const float *x, float *y) {
  for (int64_t k = 0; k < count; k++) y[k] = erff(x[k]);
  return 0;
}
AQ_EXTERN(each, AQ_FUNCTION, "(x: number) -> number", each, 0)
AQ_EXTERN(whole, AQ_FUNCTION, "(x: [N], by: number) -> [N]", whole, 0)
AQ_EXTERN(libm_erf, AQ_FUNCTION, "(x: number) -> number", erf_of, 0)
END
${CC:-cc} -O2 -shared -fPIC -I"$top/vm" -o libtimes.so times.c -lm
cat > times.aq << 'END'
dim N = 16
extern fn each(x: number) -> number from "libtimes.so"
extern fn whole(x: [M], by: number) -> [M] from "libtimes.so"
extern fn libm_erf(x: number) -> number from "libtimes.so"
fn by_whole(x: [M]) -> [M] = whole(x, 1.0001)
fn chain(f) -> [N] {
  x = range(N) / N
  for l in 0..100 { x = f(x) }
  return x
}
fn hundred_each() -> [N] = chain(each)
fn hundred_whole() -> [N] = chain(by_whole)
fn builtin_erf() -> [N] = erf(range(N) / N)
fn native_erf() -> [N] = libm_erf(range(N) / N)
END
# micros FUNCTION N REPEAT
micros() {
  "$aqc" run times.aq --fn "$1" -D N="$2" --repeat "$3" --threads 1 --allow-ffi . |
    awk '/per run/ { t = $1; if ($2 == "ns") t /= 1000; if ($2 == "ms") t *= 1000; printf "%.3f\n", t }'
}
for n in 16 4096; do
  echo "$n numbers: a call element by element $(micros hundred_each $n 3000 | awk '{ print $1 / 100 }')," \
    "of a tensor $(micros hundred_whole $n 3000 | awk '{ print $1 / 100 }')," \
    "erf built in $(micros builtin_erf $n 20000), erf of libm $(micros native_erf $n 20000) µs"
done
