#include "engine/models/tensorflow-names.h"
#include "engine/models/import-tensors.h"
#include "engine/models/importer.h"

SgTensor *
sg_tf_lookup(const SgArchive *a, const char *network, const char *name)
{
  g_autofree char *full = g_strconcat(network, name, NULL);
  return sg_archive_tensor(a, full);
}

const char *
sg_tf_argument(const SgArchive *a, const char *network, const char *name)
{
  g_autofree char *full = g_strconcat(network, "static_kwargs.", name, NULL);
  return sg_archive_attribute(a, full);
}

/* ---- layouts --------------------------------------------------------------------------------- */

static SgTensor *
transpose(const SgTensor *t)
{
  SgTensor *out = sg_tensor_new(2, (gint64[]){t->shape[1], t->shape[0]});
  for (gint64 i = 0; out && i < t->shape[0]; i++)
    for (gint64 k = 0; k < t->shape[1]; k++)
      out->data[k * t->shape[0] + i] = t->data[i * t->shape[1] + k];
  return out;
}

/* [kh, kw, in, out] -> [out, in, kh, kw] */
static SgTensor *
hwio_to_oihw(const SgTensor *t, gboolean flip)
{
  gint64 h = t->shape[0], w = t->shape[1], in = t->shape[2], out = t->shape[3];
  SgTensor *r = sg_tensor_new(4, (gint64[]){out, in, h, w});
  for (gint64 y = 0; r && y < h; y++)
    for (gint64 x = 0; x < w; x++)
      for (gint64 i = 0; i < in; i++)
        for (gint64 o = 0; o < out; o++) {
          gint64 ty = flip ? h - 1 - y : y, tx = flip ? w - 1 - x : x;
          r->data[((o * in + i) * h + ty) * w + tx] = t->data[((y * w + x) * in + i) * out + o];
        }
  return r;
}

/* A tensor whose dimensions do not fit is kept as it is, and refused later under its name. */
static SgTensor *
arranged(SgTensor *t, SgTfLayout layout)
{
  if (layout == SG_TF_TRANSPOSE && t->ndim == 2)
    return transpose(t);
  if ((layout == SG_TF_HWIO || layout == SG_TF_HWIO_FLIPPED) && t->ndim == 4)
    return hwio_to_oihw(t, layout == SG_TF_HWIO_FLIPPED);
  if (layout == SG_TF_PLUS_ONE)
    return sg_tensor_plus(t, t->numel, 1);
  if (layout == SG_TF_DROP_ONES)
    return sg_tensor_drop_ones(t);
  return sg_tensor_ref(t);
}

/* ---- names ----------------------------------------------------------------------------------- */

void
sg_tf_copy(const SgTfMapping *m, SgTfLayout layout, const char *from, const char *to)
{
  SgTensor *t = sg_tf_lookup(m->archive, m->from, from);
  if (t)
    sg_model_add(m->model, m->to, to, arranged(t, layout));
}

/* `from` and `to` are layers; copies the variable `what` as `as`. */
void
sg_tf_copy_part(const SgTfMapping *m, SgTfLayout layout, const char *from, const char *what,
                const char *to, const char *as)
{
  g_autofree char *source = g_strconcat(from, "/", what, NULL);
  g_autofree char *target = g_strconcat(to, ".", as, NULL);
  sg_tf_copy(m, layout, source, target);
}

void
sg_tf_copy_dense(const SgTfMapping *m, const char *from, const char *to)
{
  sg_tf_copy_part(m, SG_TF_TRANSPOSE, from, "weight", to, "weight");
  sg_tf_copy_part(m, SG_TF_AS_IS, from, "bias", to, "bias");
}

void
sg_tf_copy_conv(const SgTfMapping *m, const char *from, const char *to)
{
  sg_tf_copy_part(m, SG_TF_HWIO, from, "weight", to, "weight");
  sg_tf_copy_part(m, SG_TF_AS_IS, from, "bias", to, "bias");
}
