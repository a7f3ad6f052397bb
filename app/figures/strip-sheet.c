#include "app/figures/strip-sheet.h"
#include <math.h>
#include <string.h>
#include "app/figures/figure.h"
#include "engine/explore/picture-model.h"
#include "engine/formats/writer.h"

/* A single row is broken beyond this many tiles, into lines of about the same length. */
#define LONG_ROW 13

char *
vitrine_strip_value_text(const SgStripParameter *p, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd(number, sizeof number, "%.6g", fabs(value));
  return g_strconcat(p->kind == SG_STRIP_SCALE ? "×" : "", value < 0 ? "−" : "", number, NULL);
}

static char *
coordinate_title(const SgStripParameter *p, const SgRecipe *base)
{
  const SgCoordinate *at = &p->at;

  if (p->kind == SG_STRIP_FIELD)
    return sg_strip_parameter_name(p);
  if (at->kind == SG_AT_STYLE)
    return g_strdup_printf("Style %d.%d", at->stage, at->index);
  if (at->kind == SG_AT_DIRECTION)
    return g_strdup_printf("Direction %s, σ",
                           ((SgDirection *)base->directions->pdata[at->index])->name);
  return at->first == at->last
             ? g_strdup_printf("Dimension %d of w in layer %d", at->index, at->first)
             : g_strdup_printf("Dimension %d of w in layers %d to %d", at->index, at->first,
                               at->last);
}

char *
vitrine_strip_title(const SgStripParameter *p, const SgRecipe *base)
{
  switch (p->kind) {
  case SG_STRIP_SCALE:
    return g_strdup_printf("Scale of %c", base->scale_space == SG_SPACE_Z ? 'z' : 'w');
  case SG_STRIP_PRUNE:
    return g_strdup("Pruning threshold");
  case SG_STRIP_DIMENSION:
    return g_strdup_printf("Dimension %d of %c", p->dim, p->space == SG_SPACE_Z ? 'z' : 'w');
  case SG_STRIP_PSI:
    return g_strdup("Truncation psi");
  case SG_STRIP_BLEND:
    return g_strdup("Blend");
  case SG_STRIP_NOISE:
    return g_strdup("Strength of the noise");
  case SG_STRIP_FIELD:
  case SG_STRIP_AT:
    return coordinate_title(p, base);
  }
  g_return_val_if_reached(NULL);
}

static char *
face_name(const SgRecipe *base, int row)
{
  if (row == 0 && (base->z_base || base->w_base))
    return g_strdup("vector");
  return g_strdup_printf("seed %u", base->seed + (guint32)row);
}

static char *
tile_label(const SgStripParameter *p, const SgStripTile *t)
{
  g_autofree char *value = vitrine_strip_value_text(p, t->value);

  if (!isfinite(t->logit))
    return g_steal_pointer(&value);
  return g_strdup_printf("%s\nscore %s%.2f", value, t->logit < 0 ? "−" : "", fabs(t->logit));
}

gboolean
vitrine_strip_write_png(const char *path, const SgModel *model, const SgRecipe *base,
                        const SgStripParameter *p, int n, SgStripTile *const *tiles, GError **error)
{
  gsize count = (gsize)n * (gsize)base->faces;
  g_autofree VitrineTile *drawn = g_new0(VitrineTile, count);
  g_autofree char *what = vitrine_strip_title(p, base), *first = face_name(base, 0);
  g_autofree char *name = g_path_get_basename(model->path);
  g_autofree char *title = base->faces > 1 ? g_strdup_printf("%s — %s", what, name)
                                           : g_strdup_printf("%s — %s, %s", what, name, first);
  g_auto(GStrv) rows = g_new0(char *, base->faces + 1);
  int lines = (n + LONG_ROW - 1) / LONG_ROW;
  int columns = base->faces > 1 ? n : (n + lines - 1) / lines;

  for (int i = 0; i < base->faces; i++)
    rows[i] = face_name(base, i);
  for (gsize i = 0; i < count; i++)
    drawn[i] = (VitrineTile){tiles[i]->rgb, tile_label(p, tiles[i]), tiles[i]->bytes == 4};
  g_autofree char *json = sg_picture_recipe(base, model);
  gboolean ok = vitrine_figure_tiles_with_recipe(
      path, title, tiles[0]->width, tiles[0]->height, count, drawn, columns,
      base->faces > 1 ? (const char *const *)rows : NULL, json, error);
  for (gsize i = 0; i < count; i++)
    g_free((char *)drawn[i].label);
  return ok;
}

gboolean
vitrine_strip_write_csv(const char *path, const SgRecipe *base, int n, SgStripTile *const *tiles,
                        GError **error)
{
  g_autofree char *csv = sg_strip_csv(base, n, tiles);

  return sg_write_file(path, csv, strlen(csv), error);
}
