#include "app/explore/vitrine-direction-title.h"
#include <glib/gi18n.h>

/* As data/directions has them. */
const char *const vitrine_direction_titles[] = {
    N_("glasses"),   N_("beard"),          N_("flowers"),        N_("skin tone"),
    N_("hair tone"), N_("hair lightness"), N_("background hue"), NULL};

const char *
vitrine_direction_title(const char *name)
{
  return g_strv_contains(vitrine_direction_titles, name) ? _(name) : name;
}
