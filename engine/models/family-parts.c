/* What several families are told from and made of: numbered tensors, blocks that double, layers
 * with a weight and a bias. */
#include "engine/models/family.h"
#include <string.h>

int
sg_family_size(const SgModel *model, const char *prefix, int axis, const char *name)
{
  SgBlueprint b = {.model = model, .prefix = prefix};
  return sg_blueprint_size(&b, axis, -1, "%s", name);
}

static gboolean
has_numbered(const SgModel *model, const char *prefix, const char *before, int i, const char *after)
{
  g_autofree char *name = g_strdup_printf("%s%d%s", before, i, after);
  return sg_family_size(model, prefix, 0, name) >= 0;
}

int
sg_family_count(const SgModel *model, const char *prefix, const char *before, const char *after)
{
  int i = 0;

  while (has_numbered(model, prefix, before, i, after))
    i++;
  return i;
}

int
sg_family_largest_block(const SgModel *model, const char *prefix, const char *before,
                        const char *after, int most)
{
  int r = 4;

  while (r < most && has_numbered(model, prefix, before, 2 * r, after))
    r *= 2;
  return r;
}

SgLayer
sg_family_layer(SgLayerKind kind, SgSection section, const char *block, const char *format, ...)
{
  SgLayer l = sg_layer_new(kind, section);
  g_autofree char *name = NULL;
  va_list args;

  va_start(args, format);
  name = g_strdup_vprintf(format, args);
  va_end(args);
  g_strlcpy(l.block, block, sizeof l.block);
  g_snprintf(l.name, sizeof l.name, "%s.%s", block, name);
  const char *dot = section == SG_SECTION_SYNTHESIS ? strchr(l.name, '.') : NULL;
  g_strlcpy(l.label, dot ? dot + 1 : l.name, sizeof l.label);
  return l;
}

void
sg_family_declare(SgNetwork *n, int layer, guint free_axes, gboolean bias, int ndim,
                  const gint64 *shape)
{
  const char *name = sg_network_layer(n, layer)->name;

  sg_network_declare(n, layer, SG_ROLE_WEIGHT, ndim, shape, "%s.weight", name)->free_axes =
      free_axes;
  if (bias)
    sg_network_declare(n, layer, SG_ROLE_BIAS, SHAPE(shape[0]), "%s.bias", name);
}
