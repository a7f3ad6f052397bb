#include "engine/export/onnx.h"
#include "engine/export/onnx-layers.h"
#include "engine/formats/format-error.h"
#include "engine/formats/writer.h"

static void
describe(SgOnnxGraph *g, const SgModel *m)
{
  g_autofree char *summary = sg_model_summary(m);

  sg_onnx_describe(g, "vitrine.model", summary);
  if (m->hash)
    sg_onnx_describe(g, "vitrine.weights", m->hash);
  const char *keys[] = {"licence", "license", "dataset", "kimg", "metric", "description"};
  for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
    const char *text = g_hash_table_lookup(m->metadata, keys[i]);
    if (text)
      sg_onnx_describe(g, keys[i], text);
  }
}

/* z and label, as far as the network takes them. */
static void
add_latent_inputs(SgOnnxBuild *b)
{
  const SgNetwork *n = b->n;

  if (n->z_dim > 0)
    b->z = sg_onnx_input(b->g, "z", 2, (gint64[]){-1, n->z_dim});
  if (n->c_dim > 0)
    b->label = sg_onnx_input(b->g, "label", 2, (gint64[]){-1, n->c_dim});
}

/* psi moves w from their mean: mean + psi (w - mean) (Karras et al. 2019, appendix B). */
static const char *
truncated(SgOnnxBuild *b, const char *w)
{
  const SgParam *p = sg_network_average(b->n);
  SgTensor *mean = p ? sg_model_tensor(b->model, b->prefix, p->name) : NULL;

  if (!mean)
    return w;
  const char *psi = sg_onnx_option(b->g, "psi", 1);
  const char *centre = sg_onnx_tensor(b->g, sg_tensor_ref(mean), 2, (gint64[]){1, b->n->w_dim});
  const char *away = sg_onnx_node2(b->g, "Mul", sg_onnx_node2(b->g, "Sub", w, centre), psi);
  return sg_onnx_node2(b->g, "Add", centre, away);
}

static gboolean
add_mapping(SgOnnxBuild *b)
{
  add_latent_inputs(b);
  if (!sg_onnx_add_section(b, SG_SECTION_MAPPING))
    return FALSE;
  b->w = b->values[b->n->mapped];
  return TRUE;
}

/* A generator's last layer may be larger than the picture, which is its middle. */
static const char *
middle(SgOnnxBuild *b, const char *x)
{
  const SgLayer *l = sg_network_layer(b->n, b->n->output);
  int h = b->n->height, w = b->n->width, y = (l->out_h - h + 1) / 2, left = (l->out_w - w + 1) / 2;

  return l->out_h == h && l->out_w == w ? x : sg_onnx_crop(b->g, x, y, left, h, w);
}

static gboolean
build_generator(SgOnnxBuild *b, SgExportPart part)
{
  const SgNetwork *n = b->n;

  if (part == SG_EXPORT_SYNTHESIS)
    b->ws = sg_onnx_input(b->g, "ws", 3, (gint64[]){-1, n->num_ws, n->w_dim});
  else if (!add_mapping(b))
    return FALSE;
  if (part == SG_EXPORT_MAPPING) {
    sg_onnx_output(b->g, "w", b->w, 2, (gint64[]){-1, n->w_dim});
    return TRUE;
  }
  if (part == SG_EXPORT_PICTURE)
    b->w = truncated(b, b->w);
  if (!sg_onnx_add_section(b, SG_SECTION_SYNTHESIS))
    return FALSE;
  sg_onnx_graph_set_scope(b->g, "picture");
  sg_onnx_output(b->g, "picture", middle(b, b->values[n->output]), 4,
                 (gint64[]){-1, n->channels, n->height, n->width});
  return TRUE;
}

static gboolean
build_discriminator(SgOnnxBuild *b)
{
  const SgNetwork *n = b->n;

  b->picture = sg_onnx_input(b->g, "picture", 4, (gint64[]){-1, n->channels, n->height, n->width});
  if (n->c_dim > 0)
    b->label = sg_onnx_input(b->g, "label", 2, (gint64[]){-1, n->c_dim});
  if (!sg_onnx_add_section(b, SG_SECTION_MAPPING) ||
      !sg_onnx_add_section(b, SG_SECTION_DISCRIMINATOR))
    return FALSE;
  sg_onnx_output(b->g, "logit", b->values[n->output], 2, (gint64[]){-1, 1});
  return TRUE;
}

gboolean
sg_model_export_onnx(SgModel *model, SgExportPart part, SgExportNoise noise, SgDtype dtype,
                     const char *path, GError **error)
{
  static const char *const titles[] = {"generator", "synthesis", "mapping", "discriminator"};
  gboolean scores = part == SG_EXPORT_DISCRIMINATOR;

  if (scores && !model->info.has_d)
    return sg_unsupported(error, "%s has no discriminator", model->path);
  if (!sg_check_ending(path, (const char *const[]){".onnx", NULL}, error))
    return FALSE;
  const SgNetwork *n = scores ? sg_model_discriminator(model) : sg_model_generator(model);
  g_autofree const char **values = g_new0(const char *, n->layers->len);
  g_autoptr(SgOnnxGraph) g = sg_onnx_graph_new(titles[part], dtype);
  SgOnnxBuild b = {.g = g,
                   .model = model,
                   .n = n,
                   .prefix = scores ? "D." : sg_model_generator_prefix(model),
                   .noise = noise,
                   .values = values,
                   .error = error};

  describe(g, model);
  return (scores ? build_discriminator(&b) : build_generator(&b, part)) &&
         sg_onnx_write(g, path, error);
}
