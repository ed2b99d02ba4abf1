/* fuzz.h: what every fuzz target is: one function of bytes, which must return whatever the bytes are. */
#ifndef AQ_TESTS_FUZZ_H
#define AQ_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The name is libFuzzer's. 0: the input is worth keeping; -1: it is not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From now on the library gets no more than this much memory at a time, and no more in all. */
void fuzz_limit_memory(size_t block, size_t total);

/* The bytes as a file that any path can be given for; valid until the next call. */
const char *fuzz_file(const uint8_t *data, size_t size);
/* Likewise another one. */
const char *fuzz_second_file(const uint8_t *data, size_t size);

#endif
