#include "ui/vitrine-pruning-pane.h"
#include <glib/gi18n.h>
#include <math.h>
#include "ui/vitrine-number.h"
#include "ui/vitrine-pane-resources.h"
#include "ui/vitrine-pruning-layers.h"
#include "ui/vitrine-pruning-reals.h"
#include "ui/vitrine-pruning-save.h"
#include "ui/vitrine-pruning-sweep.h"

#define FACE_COLUMNS 8

struct _VitrinePruningPane {
  GtkBox parent_instance;
  VitrineSession *session;
  gboolean syncing;
  VitrinePruningWork *work; /* of the open model */
  SgPruneCounter *counter;  /* of the open model, NULL until it is counted */
  guint score_task, original_task;
  gboolean behind;       /* the session has newer weights than `work` and `counter` */
  gboolean renewing;     /* a worker makes both of them for newer weights */
  VitrineScore original; /* of the unpruned weights; without pictures */
  gboolean has_original;
  SgPrune asked; /* what score_task scores, or what is shown */
  int asked_label;
  gboolean has_asked;
  gboolean shown; /* numbers of `asked`, perhaps with earlier weights */

  GtkAdjustment *adjustment;
  GtkSpinButton *threshold_spin;
  GtkScale *dial;
  GtkWidget *reset;
  GtkLabel *remaining, *remaining_share, *removed, *removed_share;
  GtkStack *score_stack;
  GtkLabel *sigmoid, *sigmoid_original, *logit, *logit_original, *score_message;
  GtkGrid *faces;
  GtkPicture *pictures[VITRINE_SCORED_FACES];
  VitrinePruningSweep *sweep;
  VitrinePruningLayers *layers;
  VitrinePruningReals *reals;
};

G_DEFINE_FINAL_TYPE(VitrinePruningPane, vitrine_pruning_pane, GTK_TYPE_BOX)

/* ---- counts ------------------------------------------------------------------------------------
 */

static void
set_share(GtkLabel *count, GtkLabel *share, guint64 n, guint64 total)
{
  g_autofree char *text = g_strdup_printf("%'" G_GUINT64_FORMAT, n);
  g_autofree char *percent = g_strdup_printf("%.2f %%", 100.0 * (double)n / (double)MAX(total, 1));

  gtk_label_set_text(count, text);
  gtk_label_set_text(share, percent);
}

static void
show_counts(VitrinePruningPane *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  if (!self->counter || !r) {
    gtk_label_set_text(self->remaining, "…");
    gtk_label_set_text(self->removed, "…");
    gtk_label_set_text(self->remaining_share, NULL);
    gtk_label_set_text(self->removed_share, NULL);
    vitrine_pruning_layers_set_remaining(self->layers, 0, NULL);
    return;
  }
  guint n = sg_prune_counter_layers(self->counter);
  g_autofree guint64 *each = g_new(guint64, n);
  guint64 total = sg_prune_counter_total(self->counter);
  guint64 left = 0;

  for (guint i = 0; i < n; i++)
    left += each[i] = sg_prune_counter_layer(self->counter, i, &r->prune);
  set_share(self->remaining, self->remaining_share, left, total);
  set_share(self->removed, self->removed_share, total - left, total);
  vitrine_pruning_layers_set_remaining(self->layers, n, each);
}

/* What is made on a worker: a large model has some ten million weights to sort. */
typedef struct {
  SgModel *model;
  guint serial; /* vitrine_session_get_model_serial() */
  SgPruneCounter *counter;
  VitrinePruningWork *work; /* only for new weights of the open model */
} Renewal;

static void
renewal_free(gpointer data)
{
  Renewal *r = data;

  sg_model_unref(r->model);
  sg_prune_counter_free(r->counter);
  vitrine_pruning_work_unref(r->work);
  g_free(r);
}

static void
renewal_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Renewal *r = data;
  GError *error = NULL;

  r->counter = sg_prune_counter_new(r->model, &error);
  if (r->work && r->counter)
    vitrine_pruning_work_prepare(r->work);
  if (r->counter)
    g_task_return_boolean(task, TRUE);
  else
    g_task_return_error(task, error);
}

static void ask_score(VitrinePruningPane *self);
static void stop_scores(VitrinePruningPane *self);
static void renew(VitrinePruningPane *self);

static void
renewed_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrinePruningPane *self = VITRINE_PRUNING_PANE(source);
  Renewal *r = g_task_get_task_data(G_TASK(result));
  g_autoptr(GError) error = NULL;
  gboolean good = g_task_propagate_boolean(G_TASK(result), &error);

  /* The pane is gone, or another model is open. */
  if (!self->session || r->serial != vitrine_session_get_model_serial(self->session))
    return;
  self->renewing = FALSE;
  if (!good) {
    gtk_label_set_text(self->remaining, error->message);
    return;
  }
  vitrine_free_elsewhere(self->counter, (GDestroyNotify)sg_prune_counter_free);
  self->counter = g_steal_pointer(&r->counter);
  vitrine_pruning_sweep_set_counter(self->sweep, self->counter);
  show_counts(self);
  if (r->work) {
    stop_scores(self);
    vitrine_free_elsewhere(self->work, (GDestroyNotify)vitrine_pruning_work_unref);
    self->work = g_steal_pointer(&r->work);
    self->has_asked = self->has_original = FALSE;
    ask_score(self);
  }
  renew(self);
}

static void
start_renewal(VitrinePruningPane *self, gboolean with_work)
{
  g_autoptr(GTask) task = g_task_new(self, NULL, renewed_cb, NULL);
  Renewal *r = g_new0(Renewal, 1);

  r->model = sg_model_ref(vitrine_session_get_model(self->session));
  r->serial = vitrine_session_get_model_serial(self->session);
  r->work = with_work ? vitrine_pruning_work_new(r->model) : NULL;
  self->renewing = TRUE;
  self->behind = FALSE;
  g_task_set_task_data(task, r, renewal_free);
  g_task_run_in_thread(task, renewal_thread);
}

/* One set of weights after the other, however often new ones come, and only while it is seen. */
static void
renew(VitrinePruningPane *self)
{
  if (self->behind && !self->renewing && !self->score_task && !self->original_task &&
      gtk_widget_get_mapped(GTK_WIDGET(self)))
    start_renewal(self, TRUE);
}

static void
weights_changed_cb(VitrinePruningPane *self)
{
  self->behind = TRUE;
  renew(self);
}

/* ---- scores ------------------------------------------------------------------------------------
 */

static gboolean
has_discriminator(VitrinePruningPane *self)
{
  SgModel *model = vitrine_session_get_model(self->session);
  return model && model->info.has_d;
}

static void
set_spread(GtkLabel *label, double mean, double std)
{
  g_autofree char *text = !isfinite(mean)    ? g_strdup(_("not finite"))
                          : fabs(mean) < 1e5 ? g_strdup_printf("%.3f ± %.3f", mean, std)
                                             : g_strdup_printf("%.2g ± %.2g", mean, std);
  gtk_label_set_text(label, text);
}

static void
show_original(VitrinePruningPane *self)
{
  if (self->has_original) {
    set_spread(self->sigmoid_original, self->original.score, self->original.score_std);
    set_spread(self->logit_original, self->original.logit, self->original.logit_std);
  } else {
    gtk_label_set_text(self->sigmoid_original, "…");
    gtk_label_set_text(self->logit_original, "…");
  }
}

/* Numbers and faces of other weights than the dial's are never shown: a number gives way to "…",
 * the faces pale until theirs come. */
static void
blank_score(VitrinePruningPane *self)
{
  gtk_label_set_text(self->sigmoid, "…");
  gtk_label_set_text(self->logit, "…");
  self->shown = FALSE;
  gtk_widget_add_css_class(GTK_WIDGET(self->faces), "stale");
}

static gboolean
is_wanted(VitrinePruningPane *self, const VitrineScore *score)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);
  return r && sg_prune_equal(&r->prune, &score->prune) && r->label == score->label;
}

static void
show_score(VitrinePruningPane *self, const VitrineScore *score)
{
  gboolean good = !score->error;

  if (!good)
    gtk_label_set_text(self->score_message, score->error);
  gtk_stack_set_visible_child_name(self->score_stack,
                                   good && has_discriminator(self) ? "score" : "message");
  if (!good)
    return;
  set_spread(self->sigmoid, score->score, score->score_std);
  set_spread(self->logit, score->logit, score->logit_std);
  for (int i = 0; i < VITRINE_SCORED_FACES; i++)
    gtk_picture_set_paintable(self->pictures[i], GDK_PAINTABLE(score->faces[i]));
  gtk_widget_remove_css_class(GTK_WIDGET(self->faces), "stale");
  self->shown = TRUE;
}

static void
keep_original(VitrinePruningPane *self, const VitrineScore *score)
{
  if (score->error || sg_prune_is_active(&score->prune))
    return;
  self->original = (VitrineScore){.score = score->score,
                                  .score_std = score->score_std,
                                  .logit = score->logit,
                                  .logit_std = score->logit_std};
  self->has_original = TRUE;
  show_original(self);
}

static void original_cb(gpointer news, gboolean finished, gpointer user_data);

static void
score_cb(gpointer news, gboolean finished, gpointer user_data)
{
  VitrinePruningPane *self = user_data;
  const VitrineScore *score = news;

  if (score && is_wanted(self, score)) {
    keep_original(self, score);
    show_score(self, score);
  }
  if (!finished)
    return;
  self->score_task = 0;
  if (!self->has_original && !self->original_task && has_discriminator(self))
    self->original_task = vitrine_pruning_start_score(self->session, self->work, &(SgPrune){0},
                                                      self->asked_label, original_cb, self);
  renew(self);
}

static void
original_cb(gpointer news, gboolean finished, gpointer user_data)
{
  VitrinePruningPane *self = user_data;
  const VitrineScore *score = news;

  if (score && score->label == self->asked_label)
    keep_original(self, score);
  if (!finished)
    return;
  self->original_task = 0;
  renew(self);
}

static void
stop_scores(VitrinePruningPane *self)
{
  vitrine_session_stop_task(self->session, self->score_task);
  vitrine_session_stop_task(self->session, self->original_task);
  self->score_task = self->original_task = 0;
}

/* Asks for the score of the current weights, unless it is shown or asked for already. */
static void
ask_score(VitrinePruningPane *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  if (!r || !self->work || !gtk_widget_get_mapped(GTK_WIDGET(self)))
    return;
  if (self->has_asked && sg_prune_equal(&r->prune, &self->asked) && r->label == self->asked_label)
    return;
  /* Those of the weights before stay until the new ones come: a training sends some every second.
   */
  gboolean same =
      r->label == self->asked_label && sg_prune_equal(&r->prune, &self->asked) && self->shown;
  stop_scores(self);
  if (r->label != self->asked_label)
    self->has_original = FALSE;
  self->asked_label = r->label;
  sg_prune_clear(&self->asked);
  sg_prune_copy(&self->asked, &r->prune);
  self->has_asked = TRUE;
  if (!same) {
    blank_score(self);
    show_original(self);
  }
  self->score_task = vitrine_pruning_start_score(self->session, self->work, &self->asked,
                                                 self->asked_label, score_cb, self);
}

static void
unmap_cb(VitrinePruningPane *self)
{
  if (!self->score_task && !self->original_task)
    return;
  stop_scores(self);
  self->has_asked = FALSE; /* what was asked for has not come */
}

static void
map_cb(VitrinePruningPane *self)
{
  renew(self);
  if (!self->renewing || !self->has_asked)
    ask_score(self);
}

/* ---- the dial ----------------------------------------------------------------------------------
 */

static void
set_threshold(VitrinePruningPane *self, double threshold)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  threshold = CLAMP(round(threshold * 1000) / 1000, 0, 1);
  if (!r || r->prune.threshold == threshold)
    return;
  SgRecipe *recipe = sg_recipe_copy(r);
  recipe->prune.threshold = threshold;
  vitrine_session_apply(self->session, recipe, _("Pruning"), "prune");
}

static void
threshold_changed_cb(GtkAdjustment *adjustment, VitrinePruningPane *self)
{
  if (!self->syncing)
    set_threshold(self, gtk_adjustment_get_value(adjustment));
}

static gboolean
dial_key_cb(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
            VitrinePruningPane *self)
{
  double by = state & GDK_CONTROL_MASK ? 0.01 : 0.001;

  switch (key) {
  case GDK_KEY_Left:
  case GDK_KEY_KP_Left:
  case GDK_KEY_Down:
  case GDK_KEY_KP_Down:
    by = -by;
    break;
  case GDK_KEY_Right:
  case GDK_KEY_KP_Right:
  case GDK_KEY_Up:
  case GDK_KEY_KP_Up:
    break;
  case GDK_KEY_Page_Up:
  case GDK_KEY_KP_Page_Up:
    by = 0.1;
    break;
  case GDK_KEY_Page_Down:
  case GDK_KEY_KP_Page_Down:
    by = -0.1;
    break;
  case GDK_KEY_Delete:
  case GDK_KEY_KP_Delete:
    set_threshold(self, 0);
    return GDK_EVENT_STOP;
  default:
    return GDK_EVENT_PROPAGATE;
  }
  set_threshold(self, gtk_adjustment_get_value(self->adjustment) + by);
  return GDK_EVENT_STOP;
}

static void
reset_cb(GtkButton *button, VitrinePruningPane *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  if (!r)
    return;
  SgRecipe *recipe = sg_recipe_copy(r);
  gboolean unequalised = recipe->prune.unequalised; /* the weights pane's */
  sg_prune_clear(&recipe->prune);
  recipe->prune = (SgPrune){.unequalised = unequalised};
  vitrine_session_apply(self->session, recipe, _("Reset pruning"), NULL);
}

static void
update(VitrinePruningPane *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);

  gtk_widget_set_sensitive(GTK_WIDGET(self), r != NULL);
  if (!r)
    return;
  self->syncing = TRUE;
  gtk_adjustment_set_value(self->adjustment, r->prune.threshold);
  self->syncing = FALSE;
  gtk_widget_set_sensitive(self->reset, r->prune.threshold > 0 || r->prune.layers ||
                                            r->prune.magnitude != SG_MAGNITUDE_STORED);
  show_counts(self);
  ask_score(self);
}

static void
update_model(VitrinePruningPane *self)
{
  /* The session has ended the old model's tasks. */
  self->score_task = self->original_task = 0;
  self->has_asked = self->has_original = self->shown = FALSE;
  self->behind = self->renewing = FALSE;
  vitrine_pruning_sweep_set_counter(self->sweep, NULL);
  g_clear_pointer(&self->counter, sg_prune_counter_free);
  g_clear_pointer(&self->work, vitrine_pruning_work_unref);
  for (int i = 0; i < VITRINE_SCORED_FACES; i++)
    gtk_picture_set_paintable(self->pictures[i], NULL);
  gboolean scored = has_discriminator(self);
  gtk_label_set_text(self->score_message,
                     _("This file holds no discriminator, so there is no score."));
  gtk_stack_set_visible_child_name(self->score_stack, scored ? "score" : "message");
  if (vitrine_session_get_model(self->session)) {
    self->work = vitrine_pruning_work_new(vitrine_session_get_model(self->session));
    start_renewal(self, FALSE);
  }
  update(self);
}

static void
save_cb(GtkButton *button, VitrinePruningPane *self)
{
  vitrine_pruning_save(self->session, GTK_WIDGET(button));
}

/* ---- faces -------------------------------------------------------------------------------------
 */

static void
face_clicked_cb(GtkButton *button, VitrinePruningPane *self)
{
  const SgRecipe *r = vitrine_session_get_recipe(self->session);
  guint seed = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(button), "seed"));

  if (!r)
    return;
  SgRecipe *recipe = sg_recipe_copy(r);
  g_clear_pointer(&recipe->z_base, g_free);
  g_clear_pointer(&recipe->w_base, g_free);
  recipe->seed = seed;
  recipe->faces = 1;
  if (vitrine_session_get_model(self->session)->info.c_dim > 0)
    recipe->label = MAX(recipe->label, 0); /* as it was scored */
  g_autofree char *label = g_strdup_printf(_("Seed %u"), seed);
  vitrine_session_apply(self->session, recipe, label, NULL);
}

static void
make_faces(VitrinePruningPane *self)
{
  for (guint i = 0; i < VITRINE_SCORED_FACES; i++) {
    GtkWidget *button = gtk_button_new(), *picture = gtk_picture_new();
    g_autofree char *name = g_strdup_printf("prune-face-%u", i);
    g_autofree char *tooltip = g_strdup_printf(_("Show seed %u"), i);
    gtk_widget_set_size_request(picture, 36, 36);
    gtk_widget_set_hexpand(picture, TRUE);
    gtk_button_set_child(GTK_BUTTON(button), picture);
    gtk_widget_set_name(button, name);
    gtk_widget_set_tooltip_text(button, tooltip);
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, tooltip,
                                   -1);
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_add_css_class(button, "pruning-face");
    g_object_set_data(G_OBJECT(button), "seed", GUINT_TO_POINTER(i));
    g_signal_connect(button, "clicked", G_CALLBACK(face_clicked_cb), self);
    gtk_grid_attach(self->faces, button, (int)i % FACE_COLUMNS, (int)i / FACE_COLUMNS, 1, 1);
    self->pictures[i] = GTK_PICTURE(picture);
  }
}

/* ---- life --------------------------------------------------------------------------------------
 */

static void
load_css(void)
{
  static gsize once = 0;

  if (!g_once_init_enter(&once))
    return;
  g_autoptr(GtkCssProvider) provider = gtk_css_provider_new();
  gtk_css_provider_load_from_resource(provider,
                                      "/io/github/vitrine/Vitrine/pane/vitrine-pruning-pane.css");
  gtk_style_context_add_provider_for_display(gdk_display_get_default(),
                                             GTK_STYLE_PROVIDER(provider),
                                             GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  g_once_init_leave(&once, 1);
}

static void
vitrine_pruning_pane_init(VitrinePruningPane *self)
{
  GtkEventController *keys = gtk_event_controller_key_new();

  load_css();
  gtk_widget_init_template(GTK_WIDGET(self));
  make_faces(self);
  vitrine_range_ignore_wheel(GTK_WIDGET(self->dial));
  vitrine_range_ignore_wheel(GTK_WIDGET(self->threshold_spin));
  gtk_event_controller_set_propagation_phase(keys, GTK_PHASE_CAPTURE);
  g_signal_connect(keys, "key-pressed", G_CALLBACK(dial_key_cb), self);
  gtk_widget_add_controller(GTK_WIDGET(self->dial), keys);
  g_signal_connect(self, "map", G_CALLBACK(map_cb), NULL);
  g_signal_connect(self, "unmap", G_CALLBACK(unmap_cb), NULL);
}

static void
vitrine_pruning_pane_dispose(GObject *object)
{
  VitrinePruningPane *self = VITRINE_PRUNING_PANE(object);

  if (self->session)
    stop_scores(self);
  if (self->sweep)
    vitrine_pruning_sweep_set_counter(self->sweep, NULL);
  gtk_widget_dispose_template(GTK_WIDGET(self), VITRINE_TYPE_PRUNING_PANE);
  g_clear_pointer(&self->counter, sg_prune_counter_free);
  g_clear_pointer(&self->work, vitrine_pruning_work_unref);
  sg_prune_clear(&self->asked);
  g_clear_object(&self->session);
  G_OBJECT_CLASS(vitrine_pruning_pane_parent_class)->dispose(object);
}

#define BIND(child) gtk_widget_class_bind_template_child(widget_class, VitrinePruningPane, child)

static void
vitrine_pruning_pane_class_init(VitrinePruningPaneClass *class)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_pruning_pane_dispose;
  vitrine_pane_register_resource();
  g_type_ensure(VITRINE_TYPE_PRUNING_SWEEP);
  g_type_ensure(VITRINE_TYPE_PRUNING_LAYERS);
  g_type_ensure(VITRINE_TYPE_PRUNING_REALS);
  gtk_widget_class_set_template_from_resource(
      widget_class, "/io/github/vitrine/Vitrine/pane/vitrine-pruning-pane.ui");
  BIND(adjustment);
  BIND(threshold_spin);
  BIND(dial);
  BIND(reset);
  BIND(remaining);
  BIND(remaining_share);
  BIND(removed);
  BIND(removed_share);
  BIND(score_stack);
  BIND(sigmoid);
  BIND(sigmoid_original);
  BIND(logit);
  BIND(logit_original);
  BIND(score_message);
  BIND(faces);
  BIND(sweep);
  BIND(layers);
  BIND(reals);
  gtk_widget_class_bind_template_callback(widget_class, threshold_changed_cb);
  gtk_widget_class_bind_template_callback(widget_class, reset_cb);
  gtk_widget_class_bind_template_callback(widget_class, save_cb);
}

GtkWidget *
vitrine_pruning_pane_new(VitrineSession *session)
{
  VitrinePruningPane *self = g_object_new(VITRINE_TYPE_PRUNING_PANE, NULL);

  self->session = g_object_ref(session);
  vitrine_pruning_layers_set_session(self->layers, session);
  vitrine_pruning_sweep_set_session(self->sweep, session);
  vitrine_pruning_reals_set_session(self->reals, session, self->sweep);
  g_signal_connect_object(session, "model-changed", G_CALLBACK(update_model), self,
                          G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "recipe-changed", G_CALLBACK(update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object(session, "weights-changed", G_CALLBACK(weights_changed_cb), self,
                          G_CONNECT_SWAPPED);
  update_model(self);
  return GTK_WIDGET(self);
}
