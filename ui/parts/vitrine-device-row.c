#include "ui/parts/vitrine-device-row.h"
#include <glib/gi18n.h>
#include "app/work/vitrine-devices.h"
#include "engine/backend/backend-device.h"

struct _VitrineDeviceRow {
  AdwComboRow parent_instance;
  char *choice;
  GPtrArray *ids;   /* of char*, as shown; none while the lines are exchanged */
  GPtrArray *found; /* of SgDeviceInfo*; NULL: not known yet */
};

G_DEFINE_FINAL_TYPE(VitrineDeviceRow, vitrine_device_row, ADW_TYPE_COMBO_ROW)

static guint chosen_signal, found_signal;

/* ---- what it offers -------------------------------------------------------------------------- */

static void
offer(GPtrArray *ids, GtkStringList *list, const char *id, const char *label)
{
  g_ptr_array_add(ids, g_strdup(id));
  gtk_string_list_append(list, label);
}

/* "cuda" is its first one. */
static const char *
full_name(const char *id)
{
  return g_strcmp0(id, "cuda") == 0 ? "cuda:0" : id;
}

static void
show(VitrineDeviceRow *self)
{
  g_autoptr(GtkStringList) list = gtk_string_list_new(NULL);
  GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
  const char *choice = full_name(self->choice);
  guint at = 0;

  offer(ids, list, "auto", _("Automatic"));
  offer(ids, list, "cpu", _("CPU"));
  for (guint i = 0; self->found && i < self->found->len; i++) {
    const SgDeviceInfo *info = self->found->pdata[i];
    g_autofree char *label = g_strdup_printf(_("%s (%s, %.1f GiB)"), info->name, info->id,
                                             (double)info->total / (1 << 30));
    offer(ids, list, info->id, label);
  }
  if (!g_ptr_array_find_with_equal_func(ids, choice, g_str_equal, NULL)) {
    g_autofree char *missing = g_strdup_printf(_("%s (not found)"), choice);
    offer(ids, list, choice, self->found ? missing : choice);
  }
  g_ptr_array_find_with_equal_func(ids, choice, g_str_equal, &at);
  g_ptr_array_set_size(self->ids, 0);
  adw_combo_row_set_model(ADW_COMBO_ROW(self), G_LIST_MODEL(list));
  adw_combo_row_set_selected(ADW_COMBO_ROW(self), at);
  g_ptr_array_unref(self->ids);
  self->ids = ids;
}

/* ---- looking for devices --------------------------------------------------------------------- */

static void
looked_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  VitrineDeviceRow *self = VITRINE_DEVICE_ROW(source);
  g_autofree char *why_none = NULL;
  g_autoptr(GPtrArray) devices = vitrine_devices_look_finish(result, &why_none);

  if (!self->choice)
    return;
  self->found = g_steal_pointer(&devices);
  if (why_none) {
    g_autofree char *text = g_strdup_printf(_("No CUDA device: %s"), why_none);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self), text);
  }
  show(self);
  g_signal_emit(self, found_signal, 0);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
selected_cb(VitrineDeviceRow *self)
{
  guint at = adw_combo_row_get_selected(ADW_COMBO_ROW(self));

  if (at >= self->ids->len || g_str_equal(self->ids->pdata[at], full_name(self->choice)))
    return;
  g_free(self->choice);
  self->choice = g_strdup(self->ids->pdata[at]);
  g_signal_emit(self, chosen_signal, 0, self->choice);
}

static void
vitrine_device_row_dispose(GObject *object)
{
  VitrineDeviceRow *self = VITRINE_DEVICE_ROW(object);

  g_ptr_array_set_size(self->ids, 0);
  g_clear_pointer(&self->choice, g_free);
  G_OBJECT_CLASS(vitrine_device_row_parent_class)->dispose(object);
}

static void
vitrine_device_row_finalize(GObject *object)
{
  VitrineDeviceRow *self = VITRINE_DEVICE_ROW(object);

  g_clear_pointer(&self->found, g_ptr_array_unref);
  g_ptr_array_unref(self->ids);
  G_OBJECT_CLASS(vitrine_device_row_parent_class)->finalize(object);
}

static void
vitrine_device_row_class_init(VitrineDeviceRowClass *class)
{
  GType type = G_TYPE_FROM_CLASS(class);

  G_OBJECT_CLASS(class)->dispose = vitrine_device_row_dispose;
  G_OBJECT_CLASS(class)->finalize = vitrine_device_row_finalize;
  chosen_signal = g_signal_new("chosen", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                               1, G_TYPE_STRING);
  found_signal =
      g_signal_new("found", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
vitrine_device_row_init(VitrineDeviceRow *self)
{
  self->ids = g_ptr_array_new_with_free_func(g_free);
  adw_preferences_row_set_title(ADW_PREFERENCES_ROW(self), _("Device"));
  adw_action_row_set_subtitle_lines(ADW_ACTION_ROW(self), 0);
  g_signal_connect(self, "notify::selected", G_CALLBACK(selected_cb), NULL);
}

GtkWidget *
vitrine_device_row_new(const char *choice)
{
  VitrineDeviceRow *self = g_object_new(VITRINE_TYPE_DEVICE_ROW, NULL);

  self->choice = g_strdup(choice);
  show(self);
  vitrine_devices_look(G_OBJECT(self), looked_cb);
  return GTK_WIDGET(self);
}

void
vitrine_device_row_set_choice(VitrineDeviceRow *self, const char *device)
{
  g_return_if_fail(VITRINE_IS_DEVICE_ROW(self));
  if (g_strcmp0(self->choice, device) == 0)
    return;
  g_free(self->choice);
  self->choice = g_strdup(device);
  show(self);
}

const char *
vitrine_device_row_get_choice(VitrineDeviceRow *self)
{
  g_return_val_if_fail(VITRINE_IS_DEVICE_ROW(self), NULL);
  return self->choice;
}
