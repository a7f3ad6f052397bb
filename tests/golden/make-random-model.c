/* make-random-model [OPTION…] OUT: a model of random weights as native safetensors, for benchmarks
 * and for trying out sizes that no file at hand has. */
#include "tests/support/random-model.h"
#include <stdio.h>

static gboolean
check(const RandomModelSpec *s, GError **error)
{
  gboolean power =
      s->resolution >= 8 && s->resolution <= 1024 && (s->resolution & (s->resolution - 1)) == 0;

  if (power && s->channel_base >= s->resolution && s->channel_max > 0 && s->z_dim > 0 &&
      s->w_dim > 0 && s->c_dim >= 0 && s->mapping_layers > 0)
    return TRUE;
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
              "expected a resolution of 8, 16, … 1024, a channel base not below it, and sizes "
              "above 0");
  return FALSE;
}

static gboolean
parse(int *argc, char ***argv, RandomModelSpec *s, GError **error)
{
  g_autofree char *arch = NULL, *d_arch = NULL;
  int seed = 0;
  const GOptionEntry entries[] = {
      {"arch", 0, 0, G_OPTION_ARG_STRING, &arch, "of the generator: skip, orig, resnet", "ARCH"},
      {"d-arch", 0, 0, G_OPTION_ARG_STRING, &d_arch, "of the discriminator (resnet)", "ARCH"},
      {"resolution", 0, 0, G_OPTION_ARG_INT, &s->resolution, "128", "N"},
      {"channel-base", 0, 0, G_OPTION_ARG_INT, &s->channel_base, "16384", "N"},
      {"channel-max", 0, 0, G_OPTION_ARG_INT, &s->channel_max, "512", "N"},
      {"z-dim", 0, 0, G_OPTION_ARG_INT, &s->z_dim, "512", "N"},
      {"w-dim", 0, 0, G_OPTION_ARG_INT, &s->w_dim, "512", "N"},
      {"channels", 0, 0, G_OPTION_ARG_INT, &s->img_channels, "of pictures (3)", "N"},
      {"c-dim", 0, 0, G_OPTION_ARG_INT, &s->c_dim, "classes (0)", "N"},
      {"mapping-layers", 0, 0, G_OPTION_ARG_INT, &s->mapping_layers, "2", "N"},
      {"clamp", 0, 0, G_OPTION_ARG_DOUBLE, &s->clamp, "conv_clamp (none)", "X"},
      {"seed", 0, 0, G_OPTION_ARG_INT, &seed, "0", "N"},
      {NULL}};
  g_autoptr(GOptionContext) context = g_option_context_new("OUT");

  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, argc, argv, error))
    return FALSE;
  s->seed = (guint32)seed;
  if (*argc == 2 && (!arch || random_model_parse_arch(arch, &s->g_arch)) &&
      (!d_arch || random_model_parse_arch(d_arch, &s->d_arch)))
    return check(s, error);
  g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
              "expected one file to write, and skip, orig or resnet as architectures");
  return FALSE;
}

int
main(int argc, char **argv)
{
  RandomModelSpec spec = RANDOM_MODEL_SPEC_INIT;
  g_autoptr(GError) error = NULL;
  g_autoptr(SgModel) model = NULL;

  if (!parse(&argc, &argv, &spec, &error)) {
    fprintf(stderr, "make-random-model: %s\n", error->message);
    return 2;
  }
  model = random_model_new(&spec, &error);
  if (!model || !sg_model_save(model, argv[1], &error)) {
    fprintf(stderr, "make-random-model: %s\n", error->message);
    return 1;
  }
  return 0;
}
