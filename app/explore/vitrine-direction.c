#include "app/explore/vitrine-direction.h"
#include "app/explore/vitrine-direction-title.h"
#include "engine/directions/few-labels.h"
#include <glib/gi18n.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the squared length: what the locked coordinates of a dense direction hold. */
#define CARRIES 0.9
/* Directions whose cosine is this near to 1 are one and the same: files hold floats. */
#define SAME (1 - 1e-6)

struct _VitrineDirection {
  GObject parent_instance;
  VitrineEditor *editor;
  VitrineDirectionGroup group;
  SgNamedDirection *facts;
  int w_dim;
  gboolean foreign, pinned, locked;
  double heard;
  double strength;    /* as last told */
  int stage, channel; /* stage < 0: a direction of w */
  char *note;
};

enum {
  PROP_0,
  PROP_STRENGTH,
  PROP_NAME,
  PROP_TITLE,
  PROP_DETAILS,
  PROP_PINNED,
  PROP_LOCKED,
  N_PROPS
};

static GParamSpec *props[N_PROPS];
static guint changed_signal;

G_DEFINE_FINAL_TYPE(VitrineDirection, vitrine_direction, G_TYPE_OBJECT)

/* ---- in a recipe ------------------------------------------------------------------------- */

/* cos of the angle between this and a recipe's direction; 0 where they cannot be compared. */
static double
cosine(const VitrineDirection *self, const double *vector)
{
  double ab = 0, aa = 0, bb = 0;

  for (int i = 0; i < self->w_dim; i++) {
    ab += self->facts->vector[i] * vector[i];
    aa += self->facts->vector[i] * self->facts->vector[i];
    bb += vector[i] * vector[i];
  }
  return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

static double
length(const double *v, int n)
{
  double squares = 0;

  for (int i = 0; i < n; i++)
    squares += v[i] * v[i];
  return sqrt(squares);
}

/* Which of the recipe's directions this is, -1: none. */
static int
find_in(const VitrineDirection *self, const SgRecipe *recipe)
{
  if (!recipe || self->stage >= 0 || recipe->w_dim != self->w_dim)
    return -1;
  for (guint i = 0; recipe->directions && i < recipe->directions->len; i++) {
    const SgDirection *d = recipe->directions->pdata[i];
    if (fabs(cosine(self, d->vector)) > SAME)
      return (int)i;
  }
  return -1;
}

/* What a strength of 1 of the recipe's direction is in σ of this. */
static double
unit_of(const VitrineDirection *self, const SgDirection *d)
{
  double own = self->facts->sigma * length(self->facts->vector, self->w_dim);
  double sign = cosine(self, d->vector) < 0 ? -1 : 1;

  return sign * d->sigma * length(d->vector, self->w_dim) / own;
}

static double
strength_in(const VitrineDirection *self, const SgRecipe *recipe)
{
  if (self->stage >= 0)
    return recipe ? sg_layer_offset_get(recipe->s_offset, self->stage, self->channel) /
                        self->facts->sigma
                  : 0;
  int i = find_in(self, recipe);
  const SgDirection *d = i < 0 ? NULL : recipe->directions->pdata[i];

  return d ? d->strength * unit_of(self, d) : 0;
}

static guint64
mask_of(const SgNamedDirection *d)
{
  guint64 layers = 0;

  if (d->last < 0)
    return SG_ALL_LAYERS;
  for (int k = MAX(d->first, 0); k <= MIN(d->last, SG_RECIPE_MAX_LAYERS - 1); k++)
    layers |= (guint64)1 << k;
  return layers;
}

SgRecipe *
vitrine_direction_apply(VitrineDirection *self, const SgRecipe *recipe, double strength)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION(self), NULL);
  g_autoptr(SgRecipe) r = sg_recipe_copy(recipe);
  int i = find_in(self, r);
  const SgNamedDirection *d = self->facts;

  if (self->stage >= 0)
    return sg_recipe_set_s_offset(r, self->stage, self->channel, strength * d->sigma)
               ? g_steal_pointer(&r)
               : NULL;
  if (r->w_dim != self->w_dim)
    return NULL;
  if (i >= 0 && strength == 0)
    sg_recipe_remove_direction(r, (guint)i);
  else if (i >= 0) {
    SgDirection *had = r->directions->pdata[i];
    had->strength = strength / unit_of(self, had);
  } else if (strength != 0 &&
             !sg_recipe_add_direction(r, d->name, d->vector, d->sigma, strength, mask_of(d)))
    return NULL;
  return g_steal_pointer(&r);
}

/* ---- edits ------------------------------------------------------------------------------- */

double
vitrine_direction_get_strength(VitrineDirection *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION(self), 0);
  return self->strength;
}

void
vitrine_direction_set_strength(VitrineDirection *self, double strength)
{
  g_return_if_fail(VITRINE_IS_DIRECTION(self));
  const SgRecipe *recipe = vitrine_editor_get_recipe(self->editor);

  if (!recipe || !isfinite(strength) || strength == strength_in(self, recipe))
    return;
  SgRecipe *changed = vitrine_direction_apply(self, recipe, strength);
  if (!changed) /* the slider goes back to what is */
    g_object_notify_by_pspec(G_OBJECT(self), props[PROP_STRENGTH]);
  else {
    g_autofree char *label =
        g_strdup_printf(_("Direction “%s”"), vitrine_direction_get_title(self));
    g_autofree char *key = g_strdup_printf("direction-%p", (gpointer)self);
    vitrine_editor_apply(self->editor, changed, label, key);
  }
}

static void
told(VitrineDirection *self)
{
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_NAME]);
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_TITLE]);
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_DETAILS]);
  g_signal_emit(self, changed_signal, 0);
}

/* Brings the face's own copy up to date. */
static void
edit_copy(VitrineDirection *self, void (*change)(VitrineDirection *self, SgDirection *d),
          const char *label)
{
  const SgRecipe *recipe = vitrine_editor_get_recipe(self->editor);
  int i = find_in(self, recipe);

  if (i < 0)
    return;
  SgRecipe *copy = sg_recipe_copy(recipe);
  change(self, copy->directions->pdata[i]);
  vitrine_editor_apply(self->editor, copy, label, NULL);
}

static void
copy_name(VitrineDirection *self, SgDirection *d)
{
  g_free(d->name);
  d->name = g_strdup(self->facts->name);
}

void
vitrine_direction_rename(VitrineDirection *self, const char *name)
{
  g_return_if_fail(VITRINE_IS_DIRECTION(self));
  char *copy = g_strndup(name, SG_RECIPE_MAX_NAME - 1);

  g_free(self->facts->name);
  self->facts->name = g_utf8_make_valid(copy, -1);
  g_free(copy);
  edit_copy(self, copy_name, _("Rename a direction"));
  told(self);
}

static void
copy_layers(VitrineDirection *self, SgDirection *d)
{
  d->layers = mask_of(self->facts);
}

void
vitrine_direction_set_layers(VitrineDirection *self, int first, int last)
{
  g_return_if_fail(VITRINE_IS_DIRECTION(self));
  if (self->facts->first == first && self->facts->last == last)
    return;
  self->facts->first = first;
  self->facts->last = last;
  edit_copy(self, copy_layers, _("Layers of a direction"));
  told(self);
}

static void
editor_cb(VitrineDirection *self)
{
  const SgRecipe *recipe = vitrine_editor_get_recipe(self->editor);
  double strength = strength_in(self, recipe);
  gboolean locked = vitrine_direction_is_locked(self);

  if (strength != self->strength) {
    self->strength = strength;
    g_object_notify_by_pspec(G_OBJECT(self), props[PROP_STRENGTH]);
  }
  if (locked != self->locked) {
    self->locked = locked;
    g_object_notify_by_pspec(G_OBJECT(self), props[PROP_LOCKED]);
  }
}

/* The face stays as it is: only what is called forward changes. */
void
vitrine_direction_flip(VitrineDirection *self)
{
  g_return_if_fail(VITRINE_IS_DIRECTION(self));
  for (int i = 0; i < self->w_dim; i++)
    self->facts->vector[i] = -self->facts->vector[i];
  editor_cb(self);
  told(self);
}

/* ---- locks ------------------------------------------------------------------------------- */

typedef struct {
  double share;
  int index;
} Part;

static int
larger(gconstpointer a, gconstpointer b)
{
  double x = ((const Part *)a)->share, y = ((const Part *)b)->share;
  return (x < y) - (x > y);
}

/* The coordinates that carry it, [w_dim] flags to be freed. */
static gboolean *
carriers(const VitrineDirection *self)
{
  g_autofree Part *parts = g_new(Part, self->w_dim);
  gboolean *carries = g_new0(gboolean, self->w_dim);
  double all = 0, sum = 0;
  int zeros = 0;

  for (int i = 0; i < self->w_dim; i++) {
    double v = self->facts->vector[i];
    parts[i] = (Part){v * v, i};
    all += v * v;
    zeros += v == 0;
  }
  qsort(parts, (gsize)self->w_dim, sizeof *parts, larger);
  for (int i = 0; i < self->w_dim && parts[i].share > 0; i++) {
    if (zeros == 0 && sum >= CARRIES * all)
      break;
    sum += parts[i].share;
    carries[parts[i].index] = TRUE;
  }
  return carries;
}

gboolean
vitrine_direction_is_locked(VitrineDirection *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION(self), FALSE);
  const SgRecipe *recipe = vitrine_editor_get_recipe(self->editor);

  if (!recipe || self->stage >= 0 || !recipe->locks || recipe->w_dim != self->w_dim)
    return FALSE;
  g_autofree gboolean *carries = carriers(self);
  g_autofree gboolean *locked = g_new0(gboolean, self->w_dim);
  for (guint i = 0; i < recipe->locks->len; i++) {
    const SgLock *l = &g_array_index(recipe->locks, SgLock, i);
    if (l->space == SG_SPACE_W && l->layer < 0 && l->index < self->w_dim)
      locked[l->index] = TRUE;
  }
  for (int i = 0; i < self->w_dim; i++)
    if (carries[i] && !locked[i])
      return FALSE;
  return TRUE;
}

void
vitrine_direction_lock(VitrineDirection *self, const double *w)
{
  g_return_if_fail(VITRINE_IS_DIRECTION(self));
  const SgRecipe *recipe = vitrine_editor_get_recipe(self->editor);
  g_autofree gboolean *carries = carriers(self);
  SgRecipe *copy = recipe ? sg_recipe_copy(recipe) : NULL;

  for (int i = 0; copy && i < self->w_dim; i++)
    if (carries[i])
      sg_recipe_lock(copy, SG_SPACE_W, -1, i, w[i]);
  if (copy)
    vitrine_editor_apply(self->editor, copy, _("Keep what carries a direction"), NULL);
}

void
vitrine_direction_unlock(VitrineDirection *self)
{
  g_return_if_fail(VITRINE_IS_DIRECTION(self));
  const SgRecipe *recipe = vitrine_editor_get_recipe(self->editor);
  g_autofree gboolean *carries = carriers(self);
  SgRecipe *copy = recipe ? sg_recipe_copy(recipe) : NULL;

  for (int i = 0; copy && i < self->w_dim; i++)
    if (carries[i])
      sg_recipe_unlock(copy, SG_SPACE_W, -1, i);
  if (copy)
    vitrine_editor_apply(self->editor, copy, _("Let go what carries a direction"), NULL);
}

/* ---- facts ------------------------------------------------------------------------------- */

const SgNamedDirection *
vitrine_direction_get_facts(VitrineDirection *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION(self), NULL);
  return self->facts;
}

VitrineDirectionGroup
vitrine_direction_get_group(VitrineDirection *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION(self), VITRINE_DIRECTION_YOURS);
  return self->group;
}

gboolean
vitrine_direction_is_foreign(VitrineDirection *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION(self), FALSE);
  return self->foreign;
}

const char *
vitrine_direction_get_name(VitrineDirection *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION(self), NULL);
  return self->facts->name;
}

const char *
vitrine_direction_get_title(VitrineDirection *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION(self), NULL);
  return self->group == VITRINE_DIRECTION_ATTRIBUTE ? vitrine_direction_title(self->facts->name)
                                                    : self->facts->name;
}

int
vitrine_direction_get_w_dim(VitrineDirection *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION(self), 0);
  return self->w_dim;
}

double
vitrine_direction_get_heard(VitrineDirection *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION(self), NAN);
  return self->heard;
}

void
vitrine_direction_set_heard(VitrineDirection *self, double heard)
{
  g_return_if_fail(VITRINE_IS_DIRECTION(self));
  self->heard = heard;
}

gboolean
vitrine_direction_get_pinned(VitrineDirection *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION(self), FALSE);
  return self->pinned;
}

void
vitrine_direction_set_pinned(VitrineDirection *self, gboolean pinned)
{
  g_return_if_fail(VITRINE_IS_DIRECTION(self));
  if (self->pinned == pinned)
    return;
  self->pinned = pinned;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_PINNED]);
}

void
vitrine_direction_set_note(VitrineDirection *self, const char *note)
{
  g_return_if_fail(VITRINE_IS_DIRECTION(self));
  if (g_strcmp0(self->note, note) == 0)
    return;
  g_free(self->note);
  self->note = g_strdup(note);
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_DETAILS]);
}

gboolean
vitrine_direction_is_channel(VitrineDirection *self)
{
  g_return_val_if_fail(VITRINE_IS_DIRECTION(self), FALSE);
  return self->stage >= 0;
}

/* "AUC 0.98 · layers 2–5 · of another model" */
static char *
details(const VitrineDirection *self)
{
  const SgNamedDirection *d = self->facts;
  GString *s = g_string_new(NULL);

  if (self->note)
    return g_string_free(g_string_append(s, self->note), FALSE);
  if (isfinite(d->auc))
    g_string_append_printf(s, _("AUC %.2f"), d->auc);
  if (g_strcmp0(d->method, SG_FEW_LABELS_METHOD) == 0)
    g_string_append_printf(s, _("%sn = %d labels"), s->len ? " · " : "", (int)d->samples);
  if (isfinite(d->share))
    g_string_append_printf(s, _("%s%.1f %% of the variance"), s->len ? " · " : "", 100 * d->share);
  if (d->last >= 0)
    g_string_append_printf(s, d->first == d->last ? _("%slayer %d") : _("%slayers %d–%d"),
                           s->len ? " · " : "", d->first, d->last);
  if (self->foreign)
    g_string_append_printf(s, "%s%s", s->len ? " · " : "", _("of another model"));
  return g_string_free(s, FALSE);
}

/* ---- the object -------------------------------------------------------------------------- */

static void
vitrine_direction_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VitrineDirection *self = VITRINE_DIRECTION(object);

  switch (id) {
  case PROP_STRENGTH:
    g_value_set_double(value, self->strength);
    break;
  case PROP_NAME:
    g_value_set_string(value, self->facts->name);
    break;
  case PROP_TITLE:
    g_value_set_string(value, vitrine_direction_get_title(self));
    break;
  case PROP_DETAILS:
    g_value_take_string(value, details(self));
    break;
  case PROP_PINNED:
    g_value_set_boolean(value, self->pinned);
    break;
  case PROP_LOCKED:
    g_value_set_boolean(value, self->locked);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void
vitrine_direction_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_STRENGTH)
    vitrine_direction_set_strength(VITRINE_DIRECTION(object), g_value_get_double(value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
vitrine_direction_finalize(GObject *object)
{
  VitrineDirection *self = VITRINE_DIRECTION(object);

  sg_named_direction_free(self->facts);
  g_free(self->note);
  g_clear_object(&self->editor);
  G_OBJECT_CLASS(vitrine_direction_parent_class)->finalize(object);
}

static void
vitrine_direction_class_init(VitrineDirectionClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);
  GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = vitrine_direction_get_property;
  object_class->set_property = vitrine_direction_set_property;
  object_class->finalize = vitrine_direction_finalize;
  props[PROP_STRENGTH] = g_param_spec_double("strength", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0,
                                             read | G_PARAM_WRITABLE);
  props[PROP_NAME] = g_param_spec_string("name", NULL, NULL, "", read);
  props[PROP_TITLE] = g_param_spec_string("title", NULL, NULL, "", read);
  props[PROP_DETAILS] = g_param_spec_string("details", NULL, NULL, "", read);
  props[PROP_PINNED] = g_param_spec_boolean("pinned", NULL, NULL, FALSE, read);
  props[PROP_LOCKED] = g_param_spec_boolean("locked", NULL, NULL, FALSE, read);
  g_object_class_install_properties(object_class, N_PROPS, props);
  changed_signal = g_signal_new("changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_direction_init(VitrineDirection *self)
{
  self->heard = NAN;
  self->stage = -1;
}

VitrineDirection *
vitrine_direction_new(VitrineEditor *editor, VitrineDirectionGroup group, int w_dim,
                      SgNamedDirection *facts, gboolean foreign)
{
  VitrineDirection *self = g_object_new(VITRINE_TYPE_DIRECTION, NULL);

  self->editor = g_object_ref(editor);
  self->group = group;
  self->w_dim = w_dim;
  self->facts = facts;
  self->foreign = foreign;
  editor_cb(self);
  g_signal_connect_object(editor, "changed", G_CALLBACK(editor_cb), self, G_CONNECT_SWAPPED);
  return self;
}

VitrineDirection *
vitrine_direction_new_channel(VitrineEditor *editor, const char *name, int stage, int channel,
                              double sigma)
{
  VitrineDirection *self = g_object_new(VITRINE_TYPE_DIRECTION, NULL);
  SgNamedDirection *facts = g_new0(SgNamedDirection, 1);

  facts->name = g_strdup(name);
  facts->sigma = sigma;
  facts->last = -1;
  facts->share = facts->auc = facts->c = NAN;
  self->editor = g_object_ref(editor);
  self->group = VITRINE_DIRECTION_COMPONENT;
  self->facts = facts;
  self->stage = stage;
  self->channel = channel;
  editor_cb(self);
  g_signal_connect_object(editor, "changed", G_CALLBACK(editor_cb), self, G_CONNECT_SWAPPED);
  return self;
}
