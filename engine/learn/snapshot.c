#include "engine/learn/snapshot.h"
#include "engine/formats/format-error.h"
#include "engine/formats/archive.h"
#include "engine/formats/source.h"
#include "engine/models/class-names.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- saving ---------------------------------------------------------------------------------- */

static void
put(SgModel *m, const char *key, char *value)
{
  g_hash_table_replace(m->metadata, g_strdup(key), value);
}

static void
put_real(SgModel *m, const char *key, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  put(m, key, g_strdup(g_ascii_dtostr(text, sizeof text, value)));
}

static void
put_count(SgModel *m, const char *key, guint64 value)
{
  put(m, key, g_strdup_printf("%" G_GUINT64_FORMAT, value));
}

static gboolean
put_flat(SgModel *m, const char *name, SgBuf *flat, GError **error)
{
  SgTensor *t = sg_tensor_try_new(1, (gint64[]){flat->w}, error);

  if (!t)
    return FALSE;
  flat->backend->download(flat, t->data);
  sg_model_take(m, "train.", name, t);
  return TRUE;
}

gboolean
sg_snapshot_save(SgLearn *l, const char *path, const char *dataset, guint images,
                 char *const *class_names, const char *note, GError **error)
{
  g_autoptr(SgModel) m = sg_model_new(path, &l->shape.info);
  g_autofree char *options = sg_train_options_to_json(l->o);

  if (!sg_weights_store(l->ema, "G_ema.", m, error) || !sg_weights_store(l->g, "G.", m, error) ||
      !sg_weights_store(l->d, "D.", m, error) || !put_flat(m, "G.m", l->opt_g.m, error) ||
      !put_flat(m, "G.v", l->opt_g.v, error) || !put_flat(m, "D.m", l->opt_d.m, error) ||
      !put_flat(m, "D.v", l->opt_d.v, error))
    return FALSE;
  if (!sg_backend_check(l->backend, error)) /* what was downloaded may be nothing */
    return FALSE;
  put_real(m, "kimg", (double)l->nimg / 1000);
  put(m, "dataset", g_strdup(dataset));
  if (l->o->licence)
    put(m, "licence", g_strdup(l->o->licence));
  if (class_names)
    put(m, SG_CLASS_NAMES, sg_class_names_to_metadata(class_names));
  put(m, "train.options", g_steal_pointer(&options));
  put_count(m, "train.images", images);
  put_count(m, "train.iteration", l->iteration);
  put_count(m, "train.nimg", l->nimg);
  if (l->phases_done > 0) /* a phase had no memory: those before it are not done again */
    put_count(m, "train.phases_done", (guint64)l->phases_done);
  put_count(m, "train.G.step", l->opt_g.adam.step);
  put_count(m, "train.D.step", l->opt_d.adam.step);
  put_real(m, "train.pl_mean", l->pl_mean);
  put_real(m, "train.ada_p", l->ada_p);
  put_real(m, "train.ada_sum", l->ada_sum);
  put_count(m, "train.ada_count", l->ada_count);
  put_real(m, "train.ema_rampup", l->ema_rampup);
  if (note)
    put(m, "train.note", g_strdup(note));
  return sg_model_save(m, path, error);
}

/* ---- loading --------------------------------------------------------------------------------- */

typedef struct {
  const SgArchive *a;
  gboolean ok;
  GError **error;
} Reader;

static const char *
get(Reader *r, const char *key)
{
  g_autofree char *full = g_strconcat("__metadata__.", key, NULL);
  const char *text = r->ok ? sg_archive_attribute(r->a, full) : NULL;
  if (r->ok && !text)
    r->ok = sg_broken(r->error, "%s: the training state lacks “%s”", r->a->path, key);
  return text;
}

/* Of an iteration that is half done, which few snapshots have; 0 else. */
static int
get_phases_done(Reader *r)
{
  guint64 v = 0;
  const char *text = r->ok ? sg_archive_attribute(r->a, "__metadata__.train.phases_done") : NULL;

  if (text && !g_ascii_string_to_unsigned(text, 10, 0, SG_PHASES - 1, &v, NULL))
    r->ok = sg_broken(r->error, "%s: “train.phases_done” should be a number below %d, but is “%s”",
                      r->a->path, SG_PHASES, text);
  return (int)v;
}

static double
get_real(Reader *r, const char *key)
{
  const char *text = get(r, key);
  return text ? g_ascii_strtod(text, NULL) : 0;
}

static guint64
get_count(Reader *r, const char *key)
{
  const char *text = get(r, key);
  guint64 v = 0;
  if (text && !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &v, NULL))
    r->ok = sg_broken(r->error, "%s: “%s” should be a number, but is “%s”", r->a->path, key, text);
  return v;
}

static void
get_flat(Reader *r, const char *name, SgBuf *to)
{
  const SgTensor *t = r->ok ? sg_archive_tensor(r->a, name) : NULL;
  if (!r->ok)
    return;
  if (!t || t->numel != sg_buf_count(to)) {
    r->ok = sg_broken(r->error, "%s: the training state's %s %s", r->a->path, name,
                      t ? "has another size than these options need" : "is missing");
    return;
  }
  to->backend->upload(to, t->data);
}

static gboolean
load_state(SgLearn *l, const SgArchive *a, guint images, GError **error)
{
  Reader r = {a, TRUE, error};
  guint64 had = get_count(&r, "train.images");

  if (r.ok && had != images)
    return sg_broken(error,
                     "%s was trained on a set of %" G_GUINT64_FORMAT
                     " images, but this one has %u: it cannot go on exactly",
                     a->path, had, images);
  get_flat(&r, "train.G.m", l->opt_g.m);
  get_flat(&r, "train.G.v", l->opt_g.v);
  get_flat(&r, "train.D.m", l->opt_d.m);
  get_flat(&r, "train.D.v", l->opt_d.v);
  l->iteration = get_count(&r, "train.iteration");
  l->nimg = get_count(&r, "train.nimg");
  l->phases_done = get_phases_done(&r);
  l->opt_g.adam.step = get_count(&r, "train.G.step");
  l->opt_d.adam.step = get_count(&r, "train.D.step");
  l->pl_mean = get_real(&r, "train.pl_mean");
  l->ada_p = get_real(&r, "train.ada_p");
  l->ada_sum = get_real(&r, "train.ada_sum");
  l->ada_count = get_count(&r, "train.ada_count");
  l->ema_rampup = get_real(&r, "train.ema_rampup");
  return r.ok;
}

/* Every tensor has its place and every place its tensor. */
static gboolean
load_weights(SgLearn *l, const SgModel *m, GError **error)
{
  if (!sg_weights_load(l->g, m, "G.", error) || !sg_weights_load(l->ema, m, "G_ema.", error) ||
      !sg_weights_load(l->d, m, "D.", error))
    return FALSE;
  for (guint i = 0; i < m->names->len; i++) {
    const char *name = m->names->pdata[i], *dot = strchr(name, '.');
    const SgWeights *net = g_str_has_prefix(name, "D.") ? l->d : l->g;
    if (dot && !g_str_has_prefix(name, "train.") && !sg_network_find(net->network, dot + 1))
      return sg_broken(error, "%s: these training options have no place for its tensor %s", m->path,
                       name);
  }
  return TRUE;
}

gboolean
sg_snapshot_load(SgLearn *l, const char *path, guint images, char **note, GError **error)
{
  g_autoptr(SgArchive) a = sg_archive_open(path, error);
  g_autoptr(SgModel) m = a ? sg_model_from_archive(a, error) : NULL;

  if (!m || !load_weights(l, m, error) || !load_state(l, a, images, error))
    return FALSE;
  *note = g_strdup(sg_archive_attribute(a, "__metadata__.train.note"));
  return TRUE;
}

/* Any snapshot has a shorter one. */
#define MAX_HEADER (64 * 1024 * 1024)

guint64
sg_snapshot_nimg(const char *path)
{
  g_autoptr(SgSource) source = sg_source_open(path, NULL);
  guint64 length = 0, nimg = 0;

  if (!source || !sg_source_read(source, 0, &length, sizeof length, NULL))
    return 0;
  length = GUINT64_FROM_LE(length);
  g_autofree char *text = length <= MAX_HEADER ? g_try_malloc(length) : NULL;
  if (!text || !sg_source_read(source, sizeof length, text, length, NULL))
    return 0;
  json_t *header = json_loadb(text, length, 0, NULL);
  const json_t *meta = json_object_get(header, "__metadata__");
  const char *said = json_string_value(json_object_get(meta, "train.nimg"));
  if (said && !g_ascii_string_to_unsigned(said, 10, 0, G_MAXUINT64, &nimg, NULL))
    nimg = 0;
  json_decref(header);
  return nimg;
}
