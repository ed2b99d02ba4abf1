/* shown_html.h: what the files that write pages share. */
#ifndef AQ_LIBAQ_SHOWN_HTML_H
#define AQ_LIBAQ_SHOWN_HTML_H

#include "runtime/base.h"

/* Text as text, whatever it holds; newlines and tabs stay. */
void html_text(struct rt_text *out, const char *text);

#endif
