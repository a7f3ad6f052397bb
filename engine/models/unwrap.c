#include "engine/models/unwrap.h"
#include <string.h>

/* A kind of generator and of the discriminator beside it: tensors that each of them has, whatever
 * its size, and the prefixes under which the importer of the kind looks for them. */
typedef struct {
  const char *generator[2], *discriminator[2];
  const char *averaged, *plain, *d;
} Kind;

static const Kind kinds[] = {
    /* NVlabs' StyleGAN2 in PyTorch, our own files */
    {{"synthesis.b4.const", NULL}, {"b4.conv.weight", "b4.out.weight"}, "G_ema.", "G.", "D."},
    /* NVlabs' StyleGAN3, whose discriminator is StyleGAN2's */
    {{"synthesis.input.freqs", NULL}, {"b4.conv.weight", "b4.out.weight"}, "G_ema.", "G.", "D."},
    /* rosinality's and its many children */
    {{"input.input", "conv1.conv.modulation.weight"},
     {"final_conv.0.weight", "final_linear.1.weight"},
     "g_ema.",
     "g.",
     "d."},
    /* the same by mmgeneration and BasicSR, whose discriminators are not read */
    {{"constant_input.input", "conv1.conv.style_modulation.bias"},
     {"final_conv.0.weight", "final_linear.1.weight"},
     "g_ema.",
     "g.",
     "d."},
    {{"constant_input.weight", "style_conv1.modulated_conv.weight"},
     {"final_conv.0.weight", "final_linear.1.weight"},
     "g_ema.",
     "g.",
     "d."},
    /* mystylegan, after and before its weights were equalised */
    {{"const", "0.upconv.weight_orig"}, {"from_channels.weight_orig", NULL}, "G_ema.", "G.", "D."},
    {{"const", "0.upconv.weight"}, {"from_channels.weight", NULL}, "G_ema.", "G.", "D."},
    /* genforce's, whose discriminator nobody here reads */
    {{"synthesis.early_layer.const", NULL},
     {"layer0.weight", "input0.weight"},
     "G_ema.",
     "G.",
     "D."},
    /* StyleGAN of 2018 as others wrote it in PyTorch: genforce, huangzh13, lernapparat, rosinality;
     * their discriminators are not read */
    {{"synthesis.layer0.const", NULL}, {"layer0.weight", "input0.weight"}, "G_ema.", "G.", "D."},
    {{"g_synthesis.init_block.const", NULL}, {"from_rgb.0.weight", NULL}, "G_ema.", "G.", "D."},
    {{"g_synthesis.blocks.4x4.const", NULL}, {"fromrgb.weight", NULL}, "G_ema.", "G.", "D."},
    {{"generator.progression.0.conv1.input", NULL},
     {"from_rgb.0.conv.weight_orig", NULL},
     "G_ema.",
     "G.",
     "D."},
    /* NVlabs' TensorFlow */
    {{"synthesis.4x4/Const/const", NULL}, {"4x4/Dense0/weight", NULL}, "Gs.", "G.", "D."},
};

/* Where a network was found. */
typedef struct {
  char *prefix; /* of its tensors, "" or ending in '.' */
  const Kind *kind;
  gboolean averaged;
} Place;

static void
free_place(gpointer data)
{
  Place *p = data;
  g_free(p->prefix);
  g_free(p);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* "state_dict.module.G.synthesis._orig_mod.b4.const" without what PyTorch's own wrappers put in;
 * to be freed. */
static char *
without_torch_wrappers(const char *name)
{
  g_auto(GStrv) parts = g_strsplit(name, ".", -1);
  GString *s = g_string_new(NULL);

  for (char **p = parts; *p; p++)
    if (strcmp(*p, "module") != 0 && strcmp(*p, "_orig_mod") != 0)
      g_string_append_printf(s, "%s%s", s->len ? "." : "", *p);
  return g_string_free(s, FALSE);
}

/* The archive with such names; a reference on it if it has no others. */
static SgArchive *
strip_torch_wrappers(const SgArchive *a)
{
  SgArchive *out = sg_archive_new(a->path, a->container, a->kind);
  GHashTableIter iter;
  gpointer key, value;

  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    g_autofree char *name = without_torch_wrappers(e->name);
    if (!sg_archive_add(out, name, e->dtype, e->tensor))
      sg_archive_add(out, e->name, e->dtype, e->tensor);
  }
  g_hash_table_iter_init(&iter, a->attributes);
  while (g_hash_table_iter_next(&iter, &key, &value))
    g_hash_table_replace(out->attributes, without_torch_wrappers(key), g_strdup(value));
  return out;
}

static gboolean
has(const SgArchive *a, const char *prefix, const char *name)
{
  char full[1024];
  if (!name)
    return TRUE;
  return g_snprintf(full, sizeof full, "%s%s", prefix, name) < (int)sizeof full &&
         sg_archive_tensor(a, full);
}

/* The last word of a prefix: "G_ema" of "state_dict.G_ema."; to be freed. */
static char *
last_word(const char *prefix)
{
  gsize length = strlen(prefix);
  g_autofree char *bare = g_strndup(prefix, length ? length - 1 : 0);
  const char *dot = strrchr(bare, '.');
  return g_strdup(dot ? dot + 1 : bare);
}

static gboolean
is_number(const char *word)
{
  return word[0] && strspn(word, "0123456789") == strlen(word);
}

/* TRUE if the words before a network say that it is the one averaged over the training: "g_ema",
 * "params_ema", "generator_smooth", "Gs", "GAN_GEN_SHADOW", "g_running". */
static gboolean
says_averaged(const char *prefix)
{
  static const char *const marks[] = {"ema", "smooth", "shadow", "running", "averag", "avg"};
  g_autofree char *lower = g_ascii_strdown(prefix, -1);

  for (gsize i = 0; i < G_N_ELEMENTS(marks); i++)
    if (strstr(lower, marks[i]))
      return TRUE;
  return g_str_has_prefix(lower, "gs.") || strstr(lower, ".gs.");
}

/* ---- finding --------------------------------------------------------------------------------- */

static gboolean
is_known(const GPtrArray *places, const char *prefix)
{
  for (guint i = 0; i < places->len; i++)
    if (strcmp(((Place *)places->pdata[i])->prefix, prefix) == 0)
      return TRUE;
  return FALSE;
}

/* Every prefix under which the two tensors are, in the order of the file. */
static void
find_places(const SgArchive *a, const Kind *kind, const char *const tensors[2], GPtrArray *places)
{
  for (guint i = 0; i < a->entries->len; i++) {
    const char *name = ((SgEntry *)a->entries->pdata[i])->name;
    gsize length = strlen(name), tail = strlen(tensors[0]);
    if (length < tail || strcmp(name + length - tail, tensors[0]) != 0 ||
        (length > tail && name[length - tail - 1] != '.'))
      continue;
    g_autofree char *prefix = g_strndup(name, length - tail);
    /* mystylegan's averaged copy lies inside the network that is trained. */
    if (!has(a, prefix, tensors[1]) || g_str_has_suffix(prefix, "Src_Net.") ||
        is_known(places, prefix))
      continue;
    Place *p = g_new0(Place, 1);
    p->prefix = g_steal_pointer(&prefix);
    p->kind = kind;
    p->averaged = says_averaged(p->prefix);
    g_ptr_array_add(places, p);
  }
}

/* The place to take where there are several: the one with the fewest words before it. */
static const Place *
choose(const GPtrArray *places, gboolean averaged, const Kind *kind, GPtrArray *notes)
{
  const Place *best = NULL;
  guint n = 0;

  for (guint i = 0; i < places->len; i++) {
    const Place *p = places->pdata[i];
    if (p->averaged != averaged || (kind && p->kind != kind))
      continue;
    n++;
    if (!best || strlen(p->prefix) < strlen(best->prefix))
      best = p;
  }
  if (n > 1)
    g_ptr_array_add(notes, g_strdup_printf("the file holds %u networks of one kind; the one called "
                                           "“%s” is taken",
                                           n, best->prefix));
  return best;
}

/* A tuple or list has no names. NVlabs' order is (G, D, averaged G), and whoever stores one
 * generator after the other stores the averaged one last: of several the last is taken for it. */
static void
name_numbered(GPtrArray *places, GPtrArray *notes)
{
  Place *last = NULL;
  guint n = 0;

  for (guint i = 0; i < places->len; i++) {
    Place *p = places->pdata[i];
    g_autofree char *word = last_word(p->prefix);
    if (p->averaged || !is_number(word))
      return;
    last = p;
    n++;
  }
  if (n < 2)
    return;
  last->averaged = TRUE;
  g_ptr_array_add(notes, g_strdup_printf("the file does not name its %u generators; the last, "
                                         "“%s”, is taken for the averaged one",
                                         n, last->prefix));
}

/* ---- moving ---------------------------------------------------------------------------------- */

/* What `from` can hold when it is "": only what belongs to that network. */
static gboolean
belongs(const Place *p, const char *name, gboolean generator)
{
  if (p->prefix[0])
    return g_str_has_prefix(name, p->prefix);
  if (strcmp(p->kind->d, "D.") != 0 ||
      !g_str_has_suffix(p->kind->generator[0], "synthesis.b4.const"))
    return TRUE;
  if (generator)
    return g_str_has_prefix(name, "synthesis.") || g_str_has_prefix(name, "mapping.");
  return (name[0] == 'b' && g_ascii_isdigit(name[1])) || g_str_has_prefix(name, "mapping.");
}

/* TRUE if an attribute outside of any dict belongs to the network that is the whole file. */
static gboolean
attribute_belongs(const SgArchive *a, const char *key)
{
  if (g_str_has_prefix(key, "__metadata__."))
    return FALSE;
  /* A module that was pickled whole states its class; a dict's own entries are somebody's notes. */
  return strchr(key, '.') || sg_archive_attribute(a, "class_name");
}

static void
move_attributes(const SgArchive *a, SgArchive *out, const Place *p, const char *to)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init(&iter, a->attributes);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    gboolean ours = p->prefix[0] ? g_str_has_prefix(key, p->prefix) : attribute_belongs(a, key);
    if (ours)
      g_hash_table_replace(out->attributes, g_strconcat(to, (char *)key + strlen(p->prefix), NULL),
                           g_strdup(value));
  }
}

static void
move(const SgArchive *a, SgArchive *out, const Place *p, const char *to, gboolean generator)
{
  if (!p)
    return;
  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    if (!belongs(p, e->name, generator))
      continue;
    g_autofree char *name = g_strconcat(to, e->name + strlen(p->prefix), NULL);
    sg_archive_add(out, name, e->dtype, e->tensor);
  }
  move_attributes(a, out, p, to);
}

/* rosinality's mean of w lies beside its network or further out: "latent_avg" of
 * "state_dict.decoder.". */
static void
move_latent_average(const SgArchive *a, SgArchive *out, const char *prefix)
{
  g_autofree char *outer = g_strdup(prefix);

  for (;;) {
    g_autofree char *name = g_strconcat(outer, "latent_avg", NULL);
    const SgEntry *e = g_hash_table_lookup(a->by_name, name);
    if (e) {
      sg_archive_add(out, "latent_avg", e->dtype, e->tensor);
      return;
    }
    if (!outer[0])
      return;
    outer[strlen(outer) - 1] = '\0';
    char *dot = strrchr(outer, '.');
    outer[dot ? dot + 1 - outer : 0] = '\0';
  }
}

/* What the file says about itself, outside of any network. */
static void
copy_other_attributes(const SgArchive *a, SgArchive *out, const Place *const *places, gsize n)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init(&iter, a->attributes);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    gboolean inside = FALSE;
    for (gsize i = 0; i < n; i++)
      inside |= places[i] && places[i]->prefix[0] && g_str_has_prefix(key, places[i]->prefix);
    if (!inside && !g_hash_table_contains(out->attributes, key))
      g_hash_table_insert(out->attributes, g_strdup(key), g_strdup(value));
  }
}

/* A lone generator keeps the role that its name gives it. Behind no name at all, or as somebody's
 * decoder, it is one that was made to be used: the averaged one. */
static gboolean
is_made_for_use(const Place *p)
{
  g_autofree char *word = last_word(p->prefix);
  static const char *const words[] = {"", "decoder", "state_dict", "model", "params", "stylegan"};
  for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
    if (strcmp(word, words[i]) == 0)
      return TRUE;
  return is_number(word);
}

/* ---- all of it ------------------------------------------------------------------------------- */

typedef struct {
  const Place *averaged, *plain, *d;
} Chosen;

static void
choose_generators(GPtrArray *places, Chosen *c, GPtrArray *notes)
{
  name_numbered(places, notes);
  if (places->len == 1 && is_made_for_use(places->pdata[0]))
    ((Place *)places->pdata[0])->averaged = TRUE;
  c->averaged = choose(places, TRUE, NULL, notes);
  c->plain = choose(places, FALSE, c->averaged ? c->averaged->kind : NULL, notes);
  /* Without a name before it, it can only be the network that is meant. */
  if (!c->averaged && c->plain && !c->plain->prefix[0]) {
    ((Place *)c->plain)->averaged = TRUE;
    c->averaged = c->plain;
    c->plain = NULL;
  }
}

static const Place *
choose_discriminator(GPtrArray *places, const Place *generator, GPtrArray *notes)
{
  for (guint i = places->len; i-- > 0;) {
    const Place *p = places->pdata[i];
    /* A bare generator's mapping network must not be taken for a discriminator's. */
    if (generator && strcmp(p->prefix, generator->prefix) == 0)
      g_ptr_array_remove_index(places, i);
  }
  const Kind *kind = generator ? generator->kind : NULL;
  const Place *p = choose(places, FALSE, kind, notes);
  return p ? p : choose(places, TRUE, kind, notes);
}

SgUnwrapped *
sg_unwrap(const SgArchive *archive)
{
  g_autoptr(SgArchive) a = strip_torch_wrappers(archive);
  g_autoptr(GPtrArray) generators = g_ptr_array_new_with_free_func(free_place);
  g_autoptr(GPtrArray) discriminators = g_ptr_array_new_with_free_func(free_place);
  SgUnwrapped *u = g_new0(SgUnwrapped, 1);
  Chosen c = {0};

  u->notes = g_ptr_array_new_with_free_func(g_free);
  u->archive = sg_archive_new(a->path, a->container, a->kind);
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
    find_places(a, &kinds[i], kinds[i].generator, generators);
  choose_generators(generators, &c, u->notes);
  const Place *run = c.averaged ? c.averaged : c.plain;
  for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (!run || run->kind == &kinds[i])
      find_places(a, &kinds[i], kinds[i].discriminator, discriminators);
  c.d = choose_discriminator(discriminators, run, u->notes);
  if (c.averaged)
    move(a, u->archive, c.averaged, c.averaged->kind->averaged, TRUE);
  if (c.plain)
    move(a, u->archive, c.plain, c.plain->kind->plain, TRUE);
  if (c.d)
    move(a, u->archive, c.d, c.d->kind->d, FALSE);
  if (run)
    move_latent_average(a, u->archive, run->prefix);
  const Place *const places[] = {c.averaged, c.plain, c.d};
  copy_other_attributes(a, u->archive, places, G_N_ELEMENTS(places));
  u->generator = run ? g_strdup(run->prefix) : NULL;
  u->discriminator = c.d ? g_strdup(c.d->prefix) : NULL;
  return u;
}

SgArchive *
sg_unwrapped_generators(const SgUnwrapped *u)
{
  const SgArchive *a = u->archive;
  SgArchive *out = sg_archive_new(a->path, a->container, a->kind);
  GHashTableIter iter;
  gpointer key, value;

  for (guint i = 0; i < a->entries->len; i++) {
    const SgEntry *e = a->entries->pdata[i];
    if (!g_str_has_prefix(e->name, "D.") && !g_str_has_prefix(e->name, "d."))
      sg_archive_add(out, e->name, e->dtype, e->tensor);
  }
  g_hash_table_iter_init(&iter, a->attributes);
  while (g_hash_table_iter_next(&iter, &key, &value))
    if (!g_str_has_prefix(key, "D.") && !g_str_has_prefix(key, "d."))
      g_hash_table_insert(out->attributes, g_strdup(key), g_strdup(value));
  return out;
}

void
sg_unwrapped_free(SgUnwrapped *u)
{
  if (!u)
    return;
  sg_archive_unref(u->archive);
  g_ptr_array_unref(u->notes);
  g_free(u->generator);
  g_free(u->discriminator);
  g_free(u);
}
