#include "engine/base/debug.h"
#include <stdio.h>

static const GDebugKey keys[] = {
    {"render", SG_DEBUG_RENDER},
    {"train", SG_DEBUG_TRAIN},
    {"tasks", SG_DEBUG_TASKS},
    {"cache", SG_DEBUG_CACHE},
};

/* GLib shows debug messages only to whoever names their domain in G_MESSAGES_DEBUG, too. */
static void
print_cb(const char *domain, GLogLevelFlags level, const char *text, gpointer data)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local();
  g_autofree char *time = g_date_time_format(now, "%H:%M:%S");

  fprintf(stderr, "%s.%06d %s: %s\n", time, g_date_time_get_microsecond(now), domain, text);
}

gboolean
sg_debug_is_on(SgDebug what)
{
  static gsize wanted = 0; /* one bit more than the categories: it was asked for */

  if (g_once_init_enter(&wanted)) {
    gsize flags = g_parse_debug_string(g_getenv("VITRINE_DEBUG"), keys, G_N_ELEMENTS(keys));
    if (flags)
      g_log_set_handler(G_LOG_DOMAIN, G_LOG_LEVEL_DEBUG, print_cb, NULL);
    g_once_init_leave(&wanted, flags | ((gsize)1 << 16));
  }
  return (wanted & what) != 0;
}
