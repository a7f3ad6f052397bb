#include "app/session/vitrine-editor.h"
#include <glib/gi18n.h>
#include <string.h>
#include "app/session/vitrine-history.h"
#include "engine/explore/recipe-table.h"

struct _VitrineEditor {
  GObject parent_instance;
  VitrineHistory *history; /* holds the current recipe; NULL without a model */
  GQueue parked;           /* of Parked, newest first */
  SgSpace space;
  gboolean gesture;
  double *z_base; /* [z_dim], of the current recipe; NULL: to be computed */
};

/* The history of a model that is not open. */
typedef struct {
  char *hash;
  VitrineHistory *history;
} Parked;

enum {
  PROP_0,
  PROP_HAS_RECIPE,
  PROP_MODIFIED,
  PROP_CAN_UNDO,
  PROP_CAN_REDO,
  PROP_UNDO_LABEL,
  PROP_REDO_LABEL,
  PROP_GESTURE,
  PROP_SPACE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];
static guint changed_signal;

G_DEFINE_FINAL_TYPE(VitrineEditor, vitrine_editor, G_TYPE_OBJECT)

/* ---- the recipe's scalars as properties --------------------------------------------------------
 *
 * Those of the recipe's field table that undo has a word for, under their own names, and three of
 * what prunes the weights. */

typedef struct {
  const char *name;
  GType type;
  double min, max, fallback;
  const char *undo; /* untranslated */
  double (*get)(const SgRecipe *recipe);
  void (*set)(SgRecipe *recipe, double value);
} Extra;

static double
get_threshold(const SgRecipe *recipe)
{
  return recipe->prune.threshold;
}

static void
set_threshold(SgRecipe *recipe, double value)
{
  recipe->prune.threshold = value;
}

static double
get_unequalised(const SgRecipe *recipe)
{
  return recipe->prune.unequalised;
}

static void
set_unequalised(SgRecipe *recipe, double value)
{
  recipe->prune.unequalised = value != 0;
}

static double
get_magnitude(const SgRecipe *recipe)
{
  return recipe->prune.magnitude;
}

static void
set_magnitude(SgRecipe *recipe, double value)
{
  recipe->prune.magnitude = (SgMagnitude)value;
}

static const Extra extras[] = {
    {"threshold", G_TYPE_DOUBLE, 0, 1, 0, N_("Pruning"), get_threshold, set_threshold},
    {"unequalised", G_TYPE_BOOLEAN, 0, 1, 0, N_("Equalised learning rate"), get_unequalised,
     set_unequalised},
    {"magnitude", G_TYPE_INT, SG_MAGNITUDE_STORED, SG_MAGNITUDE_EFFECTIVE, SG_MAGNITUDE_STORED,
     N_("Magnitude of weights"), get_magnitude, set_magnitude},
};

/* A property that stands for one number of the recipe. */
typedef struct {
  const SgRecipeField *field; /* or */
  const Extra *extra;
  GParamSpec *pspec;
} Scalar;

static GArray *scalars; /* of Scalar, in the order of their properties from N_PROPS on */

static double
scalar_get(const Scalar *scalar, const SgRecipe *recipe)
{
  return scalar->field ? sg_recipe_field_get(scalar->field, recipe) : scalar->extra->get(recipe);
}

static void
to_value(double number, const GParamSpec *pspec, GValue *value)
{
  if (G_VALUE_HOLDS_DOUBLE(value))
    g_value_set_double(value, number);
  else if (G_VALUE_HOLDS_UINT(value))
    g_value_set_uint(value, (guint)number);
  else if (G_VALUE_HOLDS_BOOLEAN(value))
    g_value_set_boolean(value, number != 0);
  else
    g_value_set_int(value, MAX((int)number, G_PARAM_SPEC_INT(pspec)->minimum));
}

static double
number_of(const GValue *value)
{
  if (G_VALUE_HOLDS_DOUBLE(value))
    return g_value_get_double(value);
  if (G_VALUE_HOLDS_UINT(value))
    return g_value_get_uint(value);
  if (G_VALUE_HOLDS_BOOLEAN(value))
    return g_value_get_boolean(value);
  return g_value_get_int(value);
}

static void
get_scalar(VitrineEditor *self, const Scalar *scalar, GValue *value)
{
  const SgRecipe *recipe = vitrine_editor_get_recipe(self);

  if (recipe)
    to_value(scalar_get(scalar, recipe), scalar->pspec, value);
  else
    g_param_value_set_default(scalar->pspec, value);
}

/* A row of edits of one number is one step of the history; what is chosen from a few is not
 * dragged. */
static void
set_scalar(VitrineEditor *self, const Scalar *scalar, double number)
{
  const SgRecipe *current = vitrine_editor_get_recipe(self);
  gboolean dragged = G_IS_PARAM_SPEC_DOUBLE(scalar->pspec) || G_IS_PARAM_SPEC_UINT(scalar->pspec) ||
                     g_str_equal(scalar->pspec->name, "label");

  if (!current || scalar_get(scalar, current) == number)
    return;
  SgRecipe *recipe = sg_recipe_copy(current);
  if (scalar->field)
    sg_recipe_field_set(scalar->field, recipe, number);
  else
    scalar->extra->set(recipe, number);
  vitrine_editor_apply(self, recipe, _(scalar->field ? scalar->field->undo : scalar->extra->undo),
                       dragged ? scalar->pspec->name : NULL);
}

/* ---- the recipe -------------------------------------------------------------------------- */

/* `before` (NULL: none) is what the recipe was. */
static void
changed(VitrineEditor *self, const SgRecipe *before)
{
  GObject *object = G_OBJECT(self);
  const SgRecipe *now = vitrine_editor_get_recipe(self);

  g_clear_pointer(&self->z_base, g_free);
  g_object_freeze_notify(object);
  for (int prop = PROP_HAS_RECIPE; prop <= PROP_REDO_LABEL; prop++)
    g_object_notify_by_pspec(object, props[prop]);
  for (guint i = 0; i < scalars->len; i++) {
    const Scalar *scalar = &g_array_index(scalars, Scalar, i);
    if (!before || !now || scalar_get(scalar, before) != scalar_get(scalar, now))
      g_object_notify_by_pspec(object, scalar->pspec);
  }
  g_object_thaw_notify(object);
  g_signal_emit(self, changed_signal, 0);
}

static void
parked_free(gpointer data)
{
  Parked *parked = data;

  vitrine_history_free(parked->history);
  g_free(parked->hash);
  g_free(parked);
}

/* The history that waits for that model, NULL: none. */
static VitrineHistory *
take_parked(VitrineEditor *self, const char *hash)
{
  for (GList *l = self->parked.head; l; l = l->next) {
    Parked *parked = l->data;
    if (strcmp(parked->hash, hash) != 0)
      continue;
    VitrineHistory *history = g_steal_pointer(&parked->history);
    g_queue_delete_link(&self->parked, l);
    parked_free(parked);
    return history;
  }
  return NULL;
}

void
vitrine_editor_park(VitrineEditor *self, const char *hash)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  g_return_if_fail(hash != NULL);
  if (!self->history)
    return;
  vitrine_history_free(take_parked(self, hash));
  vitrine_history_break_merge(self->history);
  Parked *parked = g_new0(Parked, 1);
  parked->hash = g_strdup(hash);
  parked->history = g_steal_pointer(&self->history);
  g_queue_push_head(&self->parked, parked);
  while (self->parked.length > VITRINE_EDITOR_PARKED)
    parked_free(g_queue_pop_tail(&self->parked));
}

void
vitrine_editor_begin(VitrineEditor *self, const char *hash, SgRecipe *first, SgRecipe *then,
                     const char *label)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  g_return_if_fail(hash != NULL && first != NULL);
  g_autoptr(SgRecipe) next = then;

  g_clear_pointer(&self->history, vitrine_history_free);
  g_clear_pointer(&self->z_base, g_free); /* of another length, perhaps */
  self->history = take_parked(self, hash);
  if (self->history)
    sg_recipe_free(first);
  else
    self->history = vitrine_history_new(first);
  if (next && !sg_recipe_equal(next, vitrine_history_current(self->history)))
    vitrine_history_push(self->history, g_steal_pointer(&next), label, NULL, FALSE,
                         g_get_monotonic_time());
}

void
vitrine_editor_tell(VitrineEditor *self)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  changed(self, NULL);
}

const SgRecipe *
vitrine_editor_get_recipe(VitrineEditor *self)
{
  g_return_val_if_fail(VITRINE_IS_EDITOR(self), NULL);
  return self->history ? vitrine_history_current(self->history) : NULL;
}

void
vitrine_editor_apply(VitrineEditor *self, SgRecipe *recipe, const char *label,
                     const char *merge_key)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  g_return_if_fail(recipe != NULL);
  const SgRecipe *current = vitrine_editor_get_recipe(self);

  if (!current || sg_recipe_equal(current, recipe) || recipe->z_dim != current->z_dim ||
      recipe->w_dim != current->w_dim) {
    sg_recipe_free(recipe);
    return;
  }
  g_autoptr(SgRecipe) before = sg_recipe_copy(current);
  if (!label)
    label = _(sg_recipe_change_label(current, recipe));
  vitrine_history_push(self->history, recipe, label, merge_key, self->gesture,
                       g_get_monotonic_time());
  changed(self, before);
}

void
vitrine_editor_apply_deed(VitrineEditor *self, SgRecipe *recipe, const char *label,
                          VitrineTurn turn, gpointer data, GDestroyNotify free_data)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  g_return_if_fail(recipe != NULL && vitrine_editor_get_recipe(self) != NULL);
  g_autoptr(SgRecipe) before = sg_recipe_copy(vitrine_editor_get_recipe(self));

  vitrine_history_push_deed(self->history, recipe, label, turn, data, free_data);
  changed(self, before);
}

void
vitrine_editor_begin_gesture(VitrineEditor *self)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  if (self->gesture)
    return;
  self->gesture = TRUE;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_GESTURE]);
}

void
vitrine_editor_end_gesture(VitrineEditor *self)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  if (!self->gesture)
    return;
  self->gesture = FALSE;
  if (self->history)
    vitrine_history_break_merge(self->history);
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_GESTURE]);
}

gboolean
vitrine_editor_in_gesture(VitrineEditor *self)
{
  g_return_val_if_fail(VITRINE_IS_EDITOR(self), FALSE);
  return self->gesture;
}

static void
walk(VitrineEditor *self, gboolean (*step)(VitrineHistory *history))
{
  const SgRecipe *current = vitrine_editor_get_recipe(self);
  g_autoptr(SgRecipe) before = current ? sg_recipe_copy(current) : NULL;

  if (self->history && step(self->history))
    changed(self, before);
}

void
vitrine_editor_undo(VitrineEditor *self)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  walk(self, vitrine_history_undo);
}

void
vitrine_editor_redo(VitrineEditor *self)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  walk(self, vitrine_history_redo);
}

/* ---- edits with a name of their own ------------------------------------------------------ */

static SgRecipe *
copy_current(VitrineEditor *self)
{
  const SgRecipe *recipe = vitrine_editor_get_recipe(self);
  return recipe ? sg_recipe_copy(recipe) : NULL;
}

static void
apply_seed(VitrineEditor *self, guint32 seed, const char *merge_key)
{
  SgRecipe *recipe = copy_current(self);

  if (!recipe)
    return;
  recipe->seed = seed;
  sg_recipe_drop_vectors(recipe);
  g_autofree char *label = g_strdup_printf(_("Seed %u"), seed);
  vitrine_editor_apply(self, recipe, label, merge_key);
}

void
vitrine_editor_set_seed(VitrineEditor *self, guint32 seed)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  apply_seed(self, seed, NULL);
}

void
vitrine_editor_step_seed(VitrineEditor *self, int by)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  const SgRecipe *recipe = vitrine_editor_get_recipe(self);

  if (recipe)
    apply_seed(self, recipe->seed + (guint32)by, "seed");
}

/* Each throw is a step of its own: the one before it may have been the better face. */
void
vitrine_editor_random_seed(VitrineEditor *self)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  apply_seed(self, (guint32)g_random_int_range(0, 100000), NULL);
}

void
vitrine_editor_set_faces(VitrineEditor *self, int faces)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  SgRecipe *recipe = copy_current(self);

  if (!recipe)
    return;
  recipe->faces = CLAMP(faces, 1, SG_RECIPE_MAX_FACES);
  g_autofree char *label =
      g_strdup_printf(ngettext("%d face", "%d faces", (gulong)recipe->faces), recipe->faces);
  vitrine_editor_apply(self, recipe, label, NULL);
}

void
vitrine_editor_reset(VitrineEditor *self)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  const SgRecipe *current = vitrine_editor_get_recipe(self);

  if (!current)
    return;
  SgRecipe *recipe = sg_recipe_unmodified(current);
  sg_recipe_drop_vectors(recipe);
  vitrine_editor_apply(self, recipe, _("Reset all"), NULL);
}

/* The vectors are a saved result: edits of their space are in them already. */
void
vitrine_editor_adopt_vectors(VitrineEditor *self, const SgVectors *vectors)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  SgRecipe *recipe = copy_current(self);

  g_return_if_fail(recipe != NULL);
  sg_vectors_apply(vectors, 0, recipe);
  sg_recipe_clear_edits(recipe, vectors->space);
  vitrine_editor_apply(self, recipe, vectors->space == SG_SPACE_Z ? _("Load z") : _("Load w"),
                       NULL);
}

char *
vitrine_editor_other_edits(VitrineEditor *self, SgSpace space)
{
  g_return_val_if_fail(VITRINE_IS_EDITOR(self), NULL);
  const SgRecipe *recipe = vitrine_editor_get_recipe(self);
  const char *own = space == SG_SPACE_Z ? "z_offset" : "w_offset";
  g_autoptr(GPtrArray) names = g_ptr_array_new();

  for (guint i = 0; recipe && i < sg_recipe_field_count; i++) {
    const SgRecipeField *f = &sg_recipe_fields[i];
    gboolean counts = f->role == SG_FIELD_EDIT || strcmp(f->name, "z") == 0 ||
                      strcmp(f->name, "w") == 0; /* loaded vectors */
    if (counts && f->undo && strcmp(f->name, own) != 0 && sg_recipe_field_is_set(f, recipe))
      g_ptr_array_add(names, (gpointer)_(f->undo));
  }
  if (names->len == 0)
    return NULL;
  g_ptr_array_add(names, NULL);
  return g_strjoinv(", ", (char **)names->pdata);
}

const double *
vitrine_editor_get_base_z(VitrineEditor *self)
{
  g_return_val_if_fail(VITRINE_IS_EDITOR(self), NULL);
  const SgRecipe *recipe = vitrine_editor_get_recipe(self);

  if (recipe && !self->z_base) {
    self->z_base = g_new(double, recipe->z_dim);
    sg_recipe_base_z(recipe, 0, self->z_base);
  }
  return self->z_base;
}

SgSpace
vitrine_editor_get_space(VitrineEditor *self)
{
  g_return_val_if_fail(VITRINE_IS_EDITOR(self), SG_SPACE_Z);
  return self->space;
}

void
vitrine_editor_set_space(VitrineEditor *self, SgSpace space)
{
  g_return_if_fail(VITRINE_IS_EDITOR(self));
  if (self->space == space)
    return;
  self->space = space;
  g_object_notify_by_pspec(G_OBJECT(self), props[PROP_SPACE]);
}

/* ---- the object -------------------------------------------------------------------------- */

static gboolean
is_modified(VitrineEditor *self)
{
  const SgRecipe *recipe = vitrine_editor_get_recipe(self);
  return recipe && (recipe->z_base || recipe->w_base || sg_recipe_is_modified(recipe));
}

static void
vitrine_editor_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  VitrineEditor *self = VITRINE_EDITOR(object);
  const char *undo = self->history ? vitrine_history_undo_label(self->history) : NULL;
  const char *redo = self->history ? vitrine_history_redo_label(self->history) : NULL;

  if (id >= N_PROPS) {
    get_scalar(self, &g_array_index(scalars, Scalar, id - N_PROPS), value);
    return;
  }
  switch (id) {
  case PROP_HAS_RECIPE:
    g_value_set_boolean(value, self->history != NULL);
    break;
  case PROP_MODIFIED:
    g_value_set_boolean(value, is_modified(self));
    break;
  case PROP_CAN_UNDO:
    g_value_set_boolean(value, undo != NULL);
    break;
  case PROP_CAN_REDO:
    g_value_set_boolean(value, redo != NULL);
    break;
  case PROP_UNDO_LABEL:
    g_value_set_string(value, undo);
    break;
  case PROP_REDO_LABEL:
    g_value_set_string(value, redo);
    break;
  case PROP_GESTURE:
    g_value_set_boolean(value, self->gesture);
    break;
  case PROP_SPACE:
    g_value_set_int(value, (int)self->space);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void
vitrine_editor_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  VitrineEditor *self = VITRINE_EDITOR(object);

  if (id >= N_PROPS)
    set_scalar(self, &g_array_index(scalars, Scalar, id - N_PROPS), number_of(value));
  else if (id == PROP_SPACE)
    vitrine_editor_set_space(self, (SgSpace)g_value_get_int(value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void
vitrine_editor_finalize(GObject *object)
{
  VitrineEditor *self = VITRINE_EDITOR(object);

  g_clear_pointer(&self->history, vitrine_history_free);
  g_queue_clear_full(&self->parked, parked_free);
  g_free(self->z_base);
  G_OBJECT_CLASS(vitrine_editor_parent_class)->finalize(object);
}

/* The names of the table are JSON keys; GObject writes "noise-mode" for "noise_mode". */
static GParamSpec *
scalar_spec(const Scalar *s, GParamFlags flags)
{
  const SgRecipeField *f = s->field;

  if (!f && s->extra->type == G_TYPE_BOOLEAN)
    return g_param_spec_boolean(s->extra->name, NULL, NULL, s->extra->fallback != 0, flags);
  if (!f && s->extra->type == G_TYPE_INT)
    return g_param_spec_int(s->extra->name, NULL, NULL, (int)s->extra->min, (int)s->extra->max,
                            (int)s->extra->fallback, flags);
  if (!f)
    return g_param_spec_double(s->extra->name, NULL, NULL, s->extra->min, s->extra->max,
                               s->extra->fallback, flags);
  if (f->type == SG_FIELD_REAL)
    return g_param_spec_double(f->name, NULL, NULL, f->min, f->max, f->fallback, flags);
  if (f->type == SG_FIELD_SEED)
    return g_param_spec_uint(f->name, NULL, NULL, 0, G_MAXUINT32, (guint)f->fallback, flags);
  int max = f->words ? (int)g_strv_length((char **)f->words) - 1 : (int)f->max;
  return g_param_spec_int(f->name, NULL, NULL, (int)f->min, max, (int)f->fallback, flags);
}

static void
add_scalar(GObjectClass *class, const SgRecipeField *field, const Extra *extra)
{
  Scalar scalar = {.field = field, .extra = extra};

  scalar.pspec = scalar_spec(&scalar, G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_property(class, N_PROPS + scalars->len, scalar.pspec);
  g_array_append_val(scalars, scalar);
}

static void
install_properties(GObjectClass *class)
{
  GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  props[PROP_HAS_RECIPE] = g_param_spec_boolean("has-recipe", NULL, NULL, FALSE, read);
  props[PROP_MODIFIED] = g_param_spec_boolean("modified", NULL, NULL, FALSE, read);
  props[PROP_CAN_UNDO] = g_param_spec_boolean("can-undo", NULL, NULL, FALSE, read);
  props[PROP_CAN_REDO] = g_param_spec_boolean("can-redo", NULL, NULL, FALSE, read);
  props[PROP_UNDO_LABEL] = g_param_spec_string("undo-label", NULL, NULL, NULL, read);
  props[PROP_REDO_LABEL] = g_param_spec_string("redo-label", NULL, NULL, NULL, read);
  props[PROP_GESTURE] = g_param_spec_boolean("gesture", NULL, NULL, FALSE, read);
  props[PROP_SPACE] = g_param_spec_int("space", NULL, NULL, SG_SPACE_Z, SG_SPACE_W, SG_SPACE_Z,
                                       read | G_PARAM_WRITABLE);
  g_object_class_install_properties(class, N_PROPS, props);
  scalars = g_array_new(FALSE, FALSE, sizeof(Scalar));
  for (guint i = 0; i < sg_recipe_field_count; i++)
    if (sg_recipe_fields[i].type != SG_FIELD_PART && sg_recipe_fields[i].undo)
      add_scalar(class, &sg_recipe_fields[i], NULL);
  for (guint i = 0; i < G_N_ELEMENTS(extras); i++)
    add_scalar(class, NULL, &extras[i]);
}

static void
vitrine_editor_class_init(VitrineEditorClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS(class);

  object_class->get_property = vitrine_editor_get_property;
  object_class->set_property = vitrine_editor_set_property;
  object_class->finalize = vitrine_editor_finalize;
  install_properties(object_class);
  changed_signal = g_signal_new("changed", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_editor_init(VitrineEditor *self)
{
  self->space = SG_SPACE_Z;
}

VitrineEditor *
vitrine_editor_new(void)
{
  return g_object_new(VITRINE_TYPE_EDITOR, NULL);
}
