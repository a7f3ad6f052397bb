/* What files of all kinds call the tensors that no family learns. */
#include "engine/models/importer.h"
#include <string.h>

gboolean
sg_import_is_buffer(const char *name)
{
  static const char *const ends[] = {"resample_filter", "noise_const", "w_avg",
                                     ".kernel",         "latent_avg",  "magnitude_ema"};
  for (gsize i = 0; i < G_N_ELEMENTS(ends); i++)
    if (g_str_has_suffix(name, ends[i]))
      return TRUE;
  return strstr(name, "noises.noise_") != NULL || strstr(name, ".synthesis.noise") != NULL;
}
