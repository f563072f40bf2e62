#ifndef SUPPORT_SANITIZED_H
#define SUPPORT_SANITIZED_H

/* Is this built with the address sanitizer? gcc and clang say so in ways of their own. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

#endif
