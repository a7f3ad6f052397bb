#include "ui/parts/vitrine-dialogs.h"
#include <adwaita.h>
#include <glib/gi18n.h>
#include "app/config.h"
#include "ui/parts/vitrine-accessible.h"

#define COMMENTS _("Open a StyleGAN, drag what is inside it, and see at once what each part does.")

/* The dialogs' own body breaks lines between words only, and a path may be one long word. */
static GtkWidget *
body_new(const char *text)
{
  GtkWidget *label = gtk_label_new(text);

  gtk_label_set_wrap(GTK_LABEL(label), TRUE);
  gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_max_width_chars(GTK_LABEL(label), 44);
  gtk_label_set_selectable(GTK_LABEL(label), TRUE);
  gtk_label_set_justify(GTK_LABEL(label), GTK_JUSTIFY_CENTER);
  return label;
}

static void
parent_gone_cb(GtkWindow *parent, GtkWindow *window)
{
  if (gtk_window_get_transient_for(window) == parent)
    gtk_window_set_transient_for(window, NULL);
}

void
vitrine_dialogs_attach(GtkWindow *window, GtkWindow *parent)
{
  gtk_window_set_transient_for(window, parent);
  g_signal_connect_object(parent, "destroy", G_CALLBACK(parent_gone_cb), window, 0);
}

typedef struct {
  VitrineAnswerFunc done; /* NULL: answered */
  gpointer data;
} Question;

/* Text and what stands around it. */
static GtkWidget *
question_body_new(GtkWidget *heading, const char *body, GtkWidget *extra)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);

  if (heading)
    gtk_box_append(GTK_BOX(box), heading);
  gtk_box_append(GTK_BOX(box), body_new(body));
  if (extra)
    gtk_box_append(GTK_BOX(box), extra);
  return box;
}

static void
answer_cb(GObject *dialog, const char *response, gpointer data)
{
  Question *question = data;
  VitrineAnswerFunc done = g_steal_pointer(&question->done);

  /* Newer dialogs answer once more when they are closed. */
  if (done)
    done(response, question->data);
}

static void
connect_answer(gpointer dialog, VitrineAnswerFunc done, gpointer data)
{
  Question *question = g_new(Question, 1);

  *question = (Question){done, data};
  g_signal_connect_data(dialog, "response", G_CALLBACK(answer_cb), question,
                        (GClosureNotify)(void (*)(void))g_free, 0);
}

#if ADW_CHECK_VERSION(1, 5, 0)

/* The dialog's own heading (libadwaita 1.7) measures itself wrongly where it has to wrap. */
static AdwAlertDialog *
alert_new(const char *heading, const char *body, GtkWidget *extra)
{
  AdwDialog *dialog = adw_alert_dialog_new(NULL, NULL);
  GtkWidget *title = body_new(heading);

  gtk_widget_add_css_class(title, "title-2");
  adw_alert_dialog_set_extra_child(ADW_ALERT_DIALOG(dialog), question_body_new(title, body, extra));
  gtk_accessible_update_property(GTK_ACCESSIBLE(dialog), GTK_ACCESSIBLE_PROPERTY_LABEL, heading,
                                 -1);
  return ADW_ALERT_DIALOG(dialog);
}

GtkWidget *
vitrine_dialogs_message(GtkWindow *parent, const char *heading, const char *body)
{
  AdwAlertDialog *dialog = alert_new(heading, body, NULL);

  adw_alert_dialog_add_response(dialog, "close", _("_Close"));
  adw_dialog_present(ADW_DIALOG(dialog), GTK_WIDGET(parent));
  return GTK_WIDGET(dialog);
}

GtkWidget *
vitrine_dialogs_ask(GtkWindow *parent, const char *heading, const char *body,
                    const VitrineChoice *choices, GtkWidget *extra, VitrineAnswerFunc done,
                    gpointer data)
{
  AdwAlertDialog *dialog = alert_new(heading, body, extra);

  for (const VitrineChoice *c = choices; c->id; c++) {
    adw_alert_dialog_add_response(dialog, c->id, _(c->label));
    if (c->look != VITRINE_CHOICE_PLAIN)
      adw_alert_dialog_set_response_appearance(
          dialog, c->id,
          c->look == VITRINE_CHOICE_SUGGESTED ? ADW_RESPONSE_SUGGESTED : ADW_RESPONSE_DESTRUCTIVE);
  }
  adw_alert_dialog_set_close_response(dialog, choices[0].id);
  connect_answer(dialog, done, data);
  adw_dialog_present(ADW_DIALOG(dialog), GTK_WIDGET(parent));
  return GTK_WIDGET(dialog);
}

void
vitrine_dialogs_close(GtkWidget *dialog)
{
  adw_dialog_force_close(ADW_DIALOG(dialog));
}

void
vitrine_dialogs_about(GtkWindow *parent)
{
  adw_show_about_dialog(GTK_WIDGET(parent), "application-name", "Vitrine", "application-icon",
                        "io.github.vitrine.Vitrine", "version", VITRINE_VERSION, "comments",
                        COMMENTS, "license-type", GTK_LICENSE_APACHE_2_0, NULL);
}

#else

GtkWidget *
vitrine_dialogs_message(GtkWindow *parent, const char *heading, const char *body)
{
  GtkWidget *dialog = adw_message_dialog_new(parent, heading, NULL);

  adw_message_dialog_set_extra_child(ADW_MESSAGE_DIALOG(dialog), body_new(body));
  adw_message_dialog_add_response(ADW_MESSAGE_DIALOG(dialog), "close", _("_Close"));
  gtk_window_present(GTK_WINDOW(dialog));
  return dialog;
}

GtkWidget *
vitrine_dialogs_ask(GtkWindow *parent, const char *heading, const char *body,
                    const VitrineChoice *choices, GtkWidget *extra, VitrineAnswerFunc done,
                    gpointer data)
{
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG(adw_message_dialog_new(parent, heading, NULL));

  adw_message_dialog_set_extra_child(dialog, question_body_new(NULL, body, extra));
  for (const VitrineChoice *c = choices; c->id; c++) {
    adw_message_dialog_add_response(dialog, c->id, _(c->label));
    if (c->look != VITRINE_CHOICE_PLAIN)
      adw_message_dialog_set_response_appearance(
          dialog, c->id,
          c->look == VITRINE_CHOICE_SUGGESTED ? ADW_RESPONSE_SUGGESTED : ADW_RESPONSE_DESTRUCTIVE);
  }
  adw_message_dialog_set_close_response(dialog, choices[0].id);
  connect_answer(dialog, done, data);
  gtk_window_present(GTK_WINDOW(dialog));
  return GTK_WIDGET(dialog);
}

void
vitrine_dialogs_close(GtkWidget *dialog)
{
  gtk_window_destroy(GTK_WINDOW(dialog));
}

void
vitrine_dialogs_about(GtkWindow *parent)
{
  adw_show_about_window(parent, "application-name", "Vitrine", "application-icon",
                        "io.github.vitrine.Vitrine", "version", VITRINE_VERSION, "comments",
                        COMMENTS, "license-type", GTK_LICENSE_APACHE_2_0, NULL);
}

#endif

void
vitrine_dialogs_present_page(GtkWindow *parent, const char *title, int width, int height,
                             GtkWidget *page)
{
  GtkWidget *window = adw_window_new();
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *header = adw_header_bar_new();
  GtkEventController *controller = gtk_shortcut_controller_new();

  gtk_widget_add_css_class(header, "flat");
  gtk_widget_set_vexpand(page, TRUE);
  gtk_box_append(GTK_BOX(box), header);
  gtk_box_append(GTK_BOX(box), page);
  adw_window_set_content(ADW_WINDOW(window), box);
  gtk_shortcut_controller_add_shortcut(
      GTK_SHORTCUT_CONTROLLER(controller),
      gtk_shortcut_new(gtk_shortcut_trigger_parse_string("Escape|<Control>w"),
                       gtk_named_action_new("window.close")));
  gtk_widget_add_controller(window, controller);
  gtk_window_set_title(GTK_WINDOW(window), title);
  gtk_window_set_default_size(GTK_WINDOW(window), width, height);
  gtk_window_set_transient_for(GTK_WINDOW(window), parent);
  gtk_window_set_modal(GTK_WINDOW(window), TRUE);
  vitrine_accessible_name_all(window);
  gtk_window_present(GTK_WINDOW(window));
}
