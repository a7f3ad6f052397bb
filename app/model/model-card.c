#include "app/model/model-card.h"
#include <glib/gi18n.h>
#include "engine/base/visible.h"

static void
row_free(gpointer data)
{
  VitrineCardRow *row = data;
  g_free(row->value);
  g_free(row);
}

/* Takes the value; of none there is no row. */
static void
add(GPtrArray *rows, const char *title, char *value)
{
  if (!value || !*value) {
    g_free(value);
    return;
  }
  VitrineCardRow *row = g_new(VitrineCardRow, 1);
  row->title = title;
  row->value = sg_visible(value);
  g_free(value);
  g_ptr_array_add(rows, row);
}

/* What the file says under one of these names. */
static char *
stated(const SgModel *m, const char *const *keys)
{
  for (; *keys; keys++) {
    const char *text = g_hash_table_lookup(m->metadata, *keys);
    if (text)
      return g_strdup(text);
  }
  return NULL;
}

/* "2,127,480", with the locale's sign between groups. */
static char *
count_text(const SgModel *m, const char *prefix)
{
  guint64 n = 0;

  for (guint i = 0; i < m->names->len; i++) {
    const SgTensor *t = g_hash_table_lookup(m->tensors, m->names->pdata[i]);
    if (g_str_has_prefix(m->names->pdata[i], prefix))
      n += t->numel;
  }
  return n ? g_strdup_printf("%'" G_GUINT64_FORMAT, n) : NULL;
}

static char *
trained_text(const SgModel *m)
{
  const char *kimg = g_hash_table_lookup(m->metadata, "kimg");
  double n = kimg ? g_ascii_strtod(kimg, NULL) : 0;

  return n > 0 ? g_strdup_printf(_("%.4g thousand pictures"), n) : NULL;
}

GPtrArray *
vitrine_model_card(const SgModel *m)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func(row_free);

  add(rows, N_("Model"), sg_model_summary(m));
  add(rows, N_("Description"), stated(m, (const char *const[]){"description", NULL}));
  add(rows, N_("File"), g_filename_display_name(m->path));
  add(rows, N_("Kind of file"), g_strdup(m->kind));
  add(rows, N_("Data set"), stated(m, (const char *const[]){"dataset", "data", NULL}));
  add(rows, N_("Trained on"), trained_text(m));
  add(rows, N_("Metric"), stated(m, (const char *const[]){"metric", NULL}));
  add(rows, N_("Licence"), stated(m, (const char *const[]){"licence", "license", NULL}));
  add(rows, N_("Pruned"), stated(m, (const char *const[]){"pruned", NULL}));
  add(rows, N_("Between"), stated(m, (const char *const[]){"blend", NULL}));
  add(rows, N_("Weights of the generator"), count_text(m, sg_model_generator_prefix(m)));
  add(rows, N_("Weights of the discriminator"), count_text(m, "D."));
  add(rows, N_("SHA-256 of the weights"), g_strdup(m->hash));
  return rows;
}
