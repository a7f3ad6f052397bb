#include "engine/explore/coordinate.h"
#include "engine/formats/format-error.h"

static gboolean
take_number(const char **p, int *n)
{
  char *end;

  if (!g_ascii_isdigit(**p))
    return FALSE;
  guint64 v = g_ascii_strtoull(*p, &end, 10);
  *p = end;
  *n = (int)MIN(v, G_MAXINT);
  return v <= G_MAXINT;
}

/* "0" or "0-3" */
static gboolean
take_layers(const char **p, SgCoordinate *c)
{
  if (!take_number(p, &c->first))
    return FALSE;
  c->last = c->first;
  if (**p != '-')
    return TRUE;
  ++*p;
  return take_number(p, &c->last) && c->last >= c->first;
}

static gboolean
parse_w(const char *p, SgCoordinate *c)
{
  int first;
  const char *start = p;

  if (!take_number(&p, &first))
    return FALSE;
  c->index = first;
  if (*p == '\0')
    return TRUE;
  p = start;
  if (!take_layers(&p, c) || *p != ':')
    return FALSE;
  p++;
  return take_number(&p, &c->index) && *p == '\0';
}

static gboolean
parse_style(const char *p, SgCoordinate *c)
{
  if (!take_number(&p, &c->stage) || *p != '.')
    return FALSE;
  p++;
  return take_number(&p, &c->index) && *p == '\0';
}

static gboolean
parse_direction(const char *p, SgCoordinate *c)
{
  if (!take_number(&p, &c->index) || c->index < 1)
    return FALSE;
  c->index--;
  if (*p == ':') {
    p++;
    if (!take_layers(&p, c))
      return FALSE;
  }
  return *p == '\0';
}

gboolean
sg_coordinate_parse(const char *text, SgCoordinate *c)
{
  const char *p = text + 1;

  *c = (SgCoordinate){.first = -1, .last = -1};
  switch (g_ascii_tolower(*text)) {
  case 'z':
    c->kind = SG_AT_Z;
    return take_number(&p, &c->index) && *p == '\0';
  case 'w':
    c->kind = SG_AT_W;
    return parse_w(p, c);
  case 's':
    c->kind = SG_AT_STYLE;
    return parse_style(p, c);
  case 'd':
    c->kind = SG_AT_DIRECTION;
    return parse_direction(p, c);
  default:
    return FALSE;
  }
}

static char *
layers_name(const SgCoordinate *c)
{
  return c->first == c->last ? g_strdup_printf("%d", c->first)
                             : g_strdup_printf("%d-%d", c->first, c->last);
}

char *
sg_coordinate_name(const SgCoordinate *c)
{
  g_autofree char *layers = layers_name(c);

  switch (c->kind) {
  case SG_AT_Z:
    return g_strdup_printf("z%d", c->index);
  case SG_AT_W:
    return c->first < 0 ? g_strdup_printf("w%d", c->index)
                        : g_strdup_printf("w%s:%d", layers, c->index);
  case SG_AT_STYLE:
    return g_strdup_printf("s%d.%d", c->stage, c->index);
  case SG_AT_DIRECTION:
    return c->first < 0 ? g_strdup_printf("d%d", c->index + 1)
                        : g_strdup_printf("d%d:%s", c->index + 1, layers);
  }
  g_return_val_if_reached(NULL);
}

gboolean
sg_coordinate_check(const SgCoordinate *c, const SgRecipe *r, int num_ws, GError **error)
{
  g_autofree char *name = sg_coordinate_name(c);
  int directions = r->directions ? (int)r->directions->len : 0;

  if (c->kind == SG_AT_Z && c->index >= r->z_dim)
    return sg_unsupported(error, "%s: this model's z has dimensions 0 to %d", name, r->z_dim - 1);
  if (c->kind == SG_AT_W && c->index >= r->w_dim)
    return sg_unsupported(error, "%s: this model's w has dimensions 0 to %d", name, r->w_dim - 1);
  if (c->first >= 0 && c->last >= num_ws)
    return sg_unsupported(error, "%s: this model has layers 0 to %d", name, num_ws - 1);
  if (c->kind == SG_AT_DIRECTION && c->index >= directions)
    return sg_unsupported(error, "%s: this face has %d directions", name, directions);
  if (c->kind == SG_AT_STYLE && (c->stage >= SG_RECIPE_MAX_CONVS || c->index >= SG_RECIPE_MAX_DIM))
    return sg_unsupported(error, "%s: no model has such a style", name);
  return TRUE;
}

gboolean
sg_coordinate_set(const SgCoordinate *c, SgRecipe *r, double value)
{
  SgDirection *d;

  switch (c->kind) {
  case SG_AT_Z:
    r->z_offset[c->index] = value;
    return TRUE;
  case SG_AT_STYLE:
    return sg_recipe_set_s_offset(r, c->stage, c->index, value);
  case SG_AT_DIRECTION:
    d = r->directions->pdata[c->index];
    d->strength = value;
    if (c->first >= 0)
      d->layers = 0;
    for (int k = c->first; k >= 0 && k <= MIN(c->last, SG_RECIPE_MAX_LAYERS - 1); k++)
      d->layers |= (guint64)1 << k;
    return TRUE;
  case SG_AT_W:
    if (c->first < 0)
      r->w_offset[c->index] = value;
    for (int k = c->first; k >= 0 && k <= c->last; k++)
      if (!sg_recipe_set_w_layer_offset(r, k, c->index, value))
        return FALSE;
    return TRUE;
  }
  g_return_val_if_reached(FALSE);
}

gboolean
sg_coordinate_lock(const SgCoordinate *c, SgRecipe *r, double value)
{
  SgSpace space = c->kind == SG_AT_Z ? SG_SPACE_Z : SG_SPACE_W;

  if (c->first < 0)
    return sg_recipe_lock(r, space, -1, c->index, value);
  for (int k = c->first; k <= c->last; k++)
    if (!sg_recipe_lock(r, space, k, c->index, value))
      return FALSE;
  return TRUE;
}
