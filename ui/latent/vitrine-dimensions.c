#include "ui/latent/vitrine-dimensions.h"

#include <math.h>
#include <string.h>

static gboolean
shown(gpointer object, gpointer data)
{
  const VitrineDimension *item = object;
  const VitrineDimensions *self = data;
  return (!self->only_changed || item->changed) && (!self->only_favourites || item->name != NULL);
}

/* A total order: ties fall back to the number, so that a list never shuffles by itself. */
static int
order(gconstpointer pa, gconstpointer pb, gpointer data)
{
  const VitrineDimension *a = pa, *b = pb;
  const VitrineDimensions *self = data;
  if (self->favourites_first && (a->name != NULL) != (b->name != NULL))
    return a->name != NULL ? GTK_ORDERING_SMALLER : GTK_ORDERING_LARGER;
  if (self->by_influence) {
    double fa = isnan(a->influence) ? -1 : a->influence;
    double fb = isnan(b->influence) ? -1 : b->influence;
    if (fa != fb)
      return fa > fb ? GTK_ORDERING_SMALLER : GTK_ORDERING_LARGER;
  }
  return gtk_ordering_from_cmpfunc(a->index - b->index);
}

VitrineDimensions *
vitrine_dimensions_new(void)
{
  VitrineDimensions *self = g_new0(VitrineDimensions, 1);
  self->store = g_list_store_new(VITRINE_TYPE_DIMENSION);
  self->filter = gtk_custom_filter_new(shown, self, NULL);
  self->sorter = gtk_custom_sorter_new(order, self, NULL);
  self->shown = gtk_filter_list_model_new(g_object_ref(G_LIST_MODEL(self->store)), NULL);
  self->ordered = gtk_sort_list_model_new(g_object_ref(G_LIST_MODEL(self->shown)), NULL);
  return self;
}

void
vitrine_dimensions_free(VitrineDimensions *self)
{
  /* The list view may outlive this: leave it models that no longer call back. */
  gtk_filter_list_model_set_filter(self->shown, NULL);
  gtk_sort_list_model_set_sorter(self->ordered, NULL);
  g_object_unref(self->ordered);
  g_object_unref(self->shown);
  g_object_unref(self->sorter);
  g_object_unref(self->filter);
  g_object_unref(self->store);
  g_free(self);
}

int
vitrine_dimensions_get_n(VitrineDimensions *self)
{
  return (int)g_list_model_get_n_items(G_LIST_MODEL(self->store));
}

VitrineDimension *
vitrine_dimensions_get(VitrineDimensions *self, int index)
{
  g_autoptr(VitrineDimension) item = g_list_model_get_item(G_LIST_MODEL(self->store), index);
  return item; /* the store keeps it */
}

void
vitrine_dimensions_resize(VitrineDimensions *self, int n)
{
  int have = vitrine_dimensions_get_n(self);
  if (n == have)
    return;
  g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_object_unref);
  for (int i = 0; i < n; i++)
    g_ptr_array_add(items, vitrine_dimension_new(i));
  g_list_store_splice(self->store, 0, have, items->pdata, n);
  self->n_changed = 0;
}

void
vitrine_dimensions_set_values(VitrineDimensions *self, const double *base, const double *offset)
{
  int n = vitrine_dimensions_get_n(self);
  self->n_changed = 0;
  for (int i = 0; i < n; i++) {
    VitrineDimension *item = vitrine_dimensions_get(self, i);
    gboolean known = base != NULL, changed = offset[i] != 0;
    double b = known ? base[i] : 0, value = b + offset[i];
    self->n_changed += changed;
    if (item->known == known && item->changed == changed && item->base == b && item->value == value)
      continue;
    if (item->changed != changed)
      self->membership_changed = TRUE;
    item->known = known;
    item->changed = changed;
    item->base = b;
    item->value = value;
    item->dirty = TRUE;
  }
}

gboolean
vitrine_dimensions_set_influence(VitrineDimensions *self, const double *influence)
{
  int n = vitrine_dimensions_get_n(self);
  gboolean differs = FALSE;
  self->max_influence = 0;
  self->n_measured = 0;
  for (int i = 0; i < n; i++) {
    VitrineDimension *item = vitrine_dimensions_get(self, i);
    double value = influence != NULL ? influence[i] : NAN;
    if (!isnan(value)) {
      self->n_measured++;
      self->max_influence = fmax(self->max_influence, value);
    }
    if (isnan(value) && isnan(item->influence))
      continue;
    differs |= item->influence != value;
    item->influence = value;
  }
  return differs;
}

gboolean
vitrine_dimensions_set_heard(VitrineDimensions *self, const double *heard)
{
  int n = vitrine_dimensions_get_n(self);
  gboolean differs = FALSE;
  self->max_heard = 0;
  for (int i = 0; i < n; i++) {
    VitrineDimension *item = vitrine_dimensions_get(self, i);
    double value = heard != NULL ? heard[i] : NAN;
    self->max_heard = fmax(self->max_heard, value);
    differs |= isnan(value) != isnan(item->heard) || (!isnan(value) && value != item->heard);
    item->heard = value;
  }
  return differs;
}

void
vitrine_dimensions_refilter(VitrineDimensions *self)
{
  gboolean filtered = self->only_changed || self->only_favourites;
  gboolean sorted = self->favourites_first || self->by_influence;
  GtkFilter *filter = filtered ? GTK_FILTER(self->filter) : NULL;
  GtkSorter *sorter = sorted ? GTK_SORTER(self->sorter) : NULL;
  self->membership_changed = FALSE;
  if (gtk_filter_list_model_get_filter(self->shown) != filter)
    gtk_filter_list_model_set_filter(self->shown, filter);
  else if (filtered)
    gtk_filter_changed(filter, GTK_FILTER_CHANGE_DIFFERENT);
  if (gtk_sort_list_model_get_sorter(self->ordered) != sorter)
    gtk_sort_list_model_set_sorter(self->ordered, sorter);
  else if (sorted)
    gtk_sorter_changed(sorter, GTK_SORTER_CHANGE_DIFFERENT);
}

int
vitrine_dimensions_position(VitrineDimensions *self, int index)
{
  GListModel *list = G_LIST_MODEL(self->ordered);
  for (guint i = 0; i < g_list_model_get_n_items(list); i++) {
    g_autoptr(VitrineDimension) item = g_list_model_get_item(list, i);
    if (item->index == index)
      return (int)i;
  }
  return -1;
}

int
vitrine_dimensions_find(VitrineDimensions *self, const char *text)
{
  g_autofree char *wanted = g_strstrip(g_strdup(text));
  int n = vitrine_dimensions_get_n(self);
  guint64 number;
  if (g_ascii_string_to_unsigned(wanted, 10, 0, G_MAXINT, &number, NULL))
    return (int)number < n ? (int)number : -1;
  g_autofree char *folded = g_utf8_casefold(wanted, -1);
  if (folded[0] == '\0')
    return -1;
  for (int i = 0; i < n; i++) {
    const char *name = vitrine_dimensions_get(self, i)->name;
    g_autofree char *have = name != NULL ? g_utf8_casefold(name, -1) : NULL;
    if (have != NULL && g_str_has_prefix(have, folded))
      return i;
  }
  return -1;
}
