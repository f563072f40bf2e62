#include "wire/excerpt.h"

#include <string.h>

size_t excerpt_byte(char byte, char ret_text[EXCERPT_BYTE_MAX])
{
    static const char digits[] = "0123456789abcdef";

    if (byte >= ' ' && byte <= '~') {
        ret_text[0] = byte;
        return 1;
    }
    memcpy(ret_text, "\\x", 2);
    ret_text[2] = digits[(unsigned char)byte >> 4];
    ret_text[3] = digits[byte & 15];
    return EXCERPT_BYTE_MAX;
}
