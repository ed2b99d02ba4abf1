/* sanitized.h: SANITIZED, whether this was compiled for a sanitizer that makes frames several times as large.
 */
#ifndef AQ_TESTS_SANITIZED_H
#define AQ_TESTS_SANITIZED_H

#if defined __has_feature /* how clang tells of its sanitizers */
#define HAS_FEATURE(feature) __has_feature(feature)
#else
#define HAS_FEATURE(feature) 0
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ || HAS_FEATURE(address_sanitizer)            \
    || HAS_FEATURE(thread_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#endif
