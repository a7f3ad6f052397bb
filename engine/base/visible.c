#include "engine/base/visible.h"
#include <string.h>

static char *
escape(const char *text, const char *keep, gboolean controls)
{
  GString *out = g_string_new(NULL);

  for (const char *p = text; *p;) {
    gunichar c = g_utf8_get_char_validated(p, -1);
    if (c == (gunichar)-1 || c == (gunichar)-2) { /* no character, or the begin of one */
      g_string_append_printf(out, "\\x%02x", (guint8)*p++);
      continue;
    }
    const char *next = g_utf8_next_char(p);
    if (controls && g_unichar_iscntrl(c) && !strchr(keep, *p))
      g_string_append_printf(out, "\\x%02x", c);
    else
      g_string_append_len(out, p, next - p);
    p = next;
  }
  return g_string_free(out, FALSE);
}

char *
sg_visible(const char *text)
{
  return escape(text, "", TRUE);
}

char *
sg_visible_lines(const char *text)
{
  return escape(text, "\n\t", TRUE);
}

char *
sg_valid(const char *text)
{
  return escape(text, "", FALSE);
}
