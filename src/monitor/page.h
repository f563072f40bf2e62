#ifndef MONITOR_PAGE_H
#define MONITOR_PAGE_H

#include <stddef.h>

/*
 * The page at "/": one HTML document in UTF-8 with style, scripts and Chart.js inside, which loads
 * nothing but what the daemon says. Made of the files in page/ at build time. Not ended by a zero.
 */
extern const unsigned char page_html[];
extern const size_t page_html_length;

/*
 * The Content-Security-Policy to serve it with: a line that lets run what is written in the
 * document, by its SHA-256, and nothing else.
 */
extern const char page_policy[];

#endif
