#include "tests/support/random-model.h"
#include "engine/base/random.h"
#include <math.h>
#include <string.h>

#define D_MAPPING_LAYERS 8
#define SHAPE(...)                                                                                 \
  (int)(sizeof((gint64[]){__VA_ARGS__}) / sizeof(gint64)), (gint64[])                              \
  {                                                                                                \
    __VA_ARGS__                                                                                    \
  }

/* A tensor that is yet to be filled. */
typedef struct {
  SgEntry *entry; /* borrowed from the archive */
  double offset, scale;
  guint32 seed;
} Draw;

typedef struct {
  const RandomModelSpec *spec;
  SgArchive *archive;
  GArray *draws;
  const char *prefix;
  guint32 seed; /* of the network's next tensor */
} Build;

static void
entry_free(gpointer data)
{
  SgEntry *e = data;

  g_free(e->name);
  g_free(e->dtype);
  sg_tensor_unref(e->tensor);
  g_free(e);
}

static void
add(Build *b, const char *layer, const char *what, double offset, double scale, int ndim,
    const gint64 *shape)
{
  SgEntry *e = g_new0(SgEntry, 1);
  Draw draw = {e, offset, scale, b->seed++};

  e->name = g_strconcat(b->prefix, layer, what, NULL);
  e->dtype = g_strdup("float32");
  e->tensor = sg_tensor_new(ndim, shape);
  g_ptr_array_add(b->archive->entries, e);
  g_hash_table_insert(b->archive->by_name, e->name, e);
  g_array_append_val(b->draws, draw);
}

static int
colours(const RandomModelSpec *s)
{
  return s->img_channels ? s->img_channels : 3;
}

static int
width(const RandomModelSpec *s, int r)
{
  return MIN(s->channel_base / r, s->channel_max);
}

/* `r` 0: a layer without noise (toRGB). */
static void
add_styled(Build *b, const char *name, int out, int in, int kernel, int r)
{
  int w = b->spec->w_dim;

  add(b, name, ".weight", 0, kernel == 1 ? 0.25 : 1, SHAPE(out, in, kernel, kernel));
  add(b, name, ".bias", 0, 0.1, SHAPE(out));
  if (r) {
    add(b, name, ".noise_strength", 0, 0.1, 0, NULL);
    add(b, name, ".noise_const", 0, 1, SHAPE(r, r));
  }
  add(b, name, ".affine.weight", 0, 1, SHAPE(in, w));
  add(b, name, ".affine.bias", 1, 0.1, SHAPE(in));
}

/* Weights are stored divided by the learning rate multiplier of 0.01. */
static void
add_mapping(Build *b, int z_dim, int w_dim, int layers)
{
  int c = b->spec->c_dim;

  if (c) {
    add(b, "mapping.embed", ".weight", 0, 1, SHAPE(w_dim, c));
    add(b, "mapping.embed", ".bias", 0, 0.1, SHAPE(w_dim));
  }
  for (int i = 0; i < layers; i++) {
    g_autofree char *name = g_strdup_printf("mapping.fc%d", i);
    add(b, name, ".weight", 0, 100, SHAPE(w_dim, i ? w_dim : z_dim + (c ? w_dim : 0)));
    add(b, name, ".bias", 0, 10, SHAPE(w_dim));
  }
}

static void
add_g_block(Build *b, int r)
{
  const RandomModelSpec *s = b->spec;
  int c = width(s, r), in = width(s, r / 2);
  g_autofree char *block = g_strdup_printf("synthesis.b%d", r);
  g_autofree char *conv0 = g_strconcat(block, ".conv0", NULL);
  g_autofree char *conv1 = g_strconcat(block, ".conv1", NULL);
  g_autofree char *torgb = g_strconcat(block, ".torgb", NULL);

  if (r == 4)
    add(b, block, ".const", 0, 1, SHAPE(c, 4, 4));
  else
    add_styled(b, conv0, c, in, 3, r);
  add_styled(b, conv1, c, c, 3, r);
  if (s->g_arch == SG_ARCH_SKIP || r == s->resolution)
    add_styled(b, torgb, colours(s), c, 1, 0);
  if (s->g_arch == SG_ARCH_RESNET && r > 4)
    add(b, block, ".skip.weight", 0, 1, SHAPE(c, in, 1, 1));
}

static void
add_generator(Build *b)
{
  const RandomModelSpec *s = b->spec;

  b->prefix = "G_ema.";
  b->seed = s->seed;
  for (int r = 4; r <= s->resolution; r *= 2)
    add_g_block(b, r);
  add_mapping(b, s->z_dim, s->w_dim, s->mapping_layers);
  add(b, "mapping", ".w_avg", 0, 0.1, SHAPE(s->w_dim));
}

static void
add_plain(Build *b, const char *block, const char *layer, int out, int in, int kernel,
          gboolean bias)
{
  g_autofree char *name = g_strconcat(block, layer, NULL);

  add(b, name, ".weight", 0, 1, SHAPE(out, in, kernel, kernel));
  if (bias)
    add(b, name, ".bias", 0, 0.1, SHAPE(out));
}

static void
add_discriminator(Build *b)
{
  const RandomModelSpec *s = b->spec;
  int c = width(s, 4), outputs = s->c_dim ? c : 1;

  b->prefix = "D.";
  b->seed = s->seed + RANDOM_MODEL_D_SEED;
  for (int r = s->resolution; r > 4; r /= 2) {
    int in = width(s, r), out = width(s, r / 2);
    g_autofree char *block = g_strdup_printf("b%d", r);
    if (s->d_arch == SG_ARCH_SKIP || r == s->resolution)
      add_plain(b, block, ".fromrgb", in, colours(s), 1, TRUE);
    add_plain(b, block, ".conv0", in, in, 3, TRUE);
    add_plain(b, block, ".conv1", out, in, 3, TRUE);
    if (s->d_arch == SG_ARCH_RESNET)
      add_plain(b, block, ".skip", out, in, 1, FALSE);
  }
  if (s->d_arch == SG_ARCH_SKIP)
    add_plain(b, "b4", ".fromrgb", c, colours(s), 1, TRUE);
  add_plain(b, "b4", ".conv", c, c + 1, 3, TRUE);
  add(b, "b4.fc", ".weight", 0, 1, SHAPE(c, 16 * c));
  add(b, "b4.fc", ".bias", 0, 0.1, SHAPE(c));
  add(b, "b4.out", ".weight", 0, 1, SHAPE(outputs, c));
  add(b, "b4.out", ".bias", 0, 0.1, SHAPE(outputs));
  if (s->c_dim)
    add_mapping(b, 0, c, D_MAPPING_LAYERS);
}

/* Each tensor has a generator of its own, so they can be filled in any order at once. */
static void
fill(GArray *draws)
{
#pragma omp parallel for schedule(dynamic)
  for (guint k = 0; k < draws->len; k++) {
    const Draw *d = &g_array_index(draws, Draw, k);
    SgTensor *t = d->entry->tensor;
    SgRandomState state;
    sg_random_state_seed(&state, d->seed);
    for (gsize i = 0; i < t->numel; i++)
      t->data[i] = (float)(d->offset + d->scale * sg_random_state_gauss(&state));
  }
}

static void
put_clamp(Build *b, const char *key)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_hash_table_insert(b->archive->attributes, g_strdup(key),
                      g_strdup(g_ascii_dtostr(text, sizeof text, b->spec->clamp)));
}

SgModel *
random_model_new(const RandomModelSpec *spec, GError **error)
{
  g_autoptr(SgArchive) a = g_new0(SgArchive, 1);
  g_autoptr(GArray) draws = g_array_new(FALSE, FALSE, sizeof(Draw));
  Build b = {.spec = spec, .archive = a, .draws = draws};

  g_atomic_ref_count_init(&a->ref);
  a->path = g_strdup("random");
  a->kind = g_strdup("StyleGAN2 with random weights");
  a->entries = g_ptr_array_new_with_free_func(entry_free);
  a->by_name = g_hash_table_new(g_str_hash, g_str_equal);
  a->attributes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  add_generator(&b);
  add_discriminator(&b);
  fill(draws);
  if (spec->clamp >= 0) {
    put_clamp(&b, "__metadata__.g_conv_clamp");
    put_clamp(&b, "__metadata__.d_conv_clamp");
  }
  return sg_model_from_archive(a, error);
}

gboolean
random_model_parse_arch(const char *text, SgArch *arch)
{
  static const char *const names[] = {"skip", "orig", "resnet"}; /* as SgArch */

  for (gsize i = 0; text && i < G_N_ELEMENTS(names); i++)
    if (strcmp(text, names[i]) == 0) {
      *arch = (SgArch)i;
      return TRUE;
    }
  return FALSE;
}
