/* What a screen reader says: the names that GTK computes and sends over AT-SPI, asked for over the
 * bus as a screen reader does. The registry that applications report to is here. */
#include "tests/support/window-fixture.h"
#include "ui/parts/vitrine-pane.h"
#include "ui/shell/vitrine-side.h"
#include "ui/shell/vitrine-window-private.h"
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#define ACCESSIBLE "org.a11y.atspi.Accessible"
#define ROOT       "/org/a11y/atspi/accessible/root"
/* Of AtspiStateType. */
#define STATE_FOCUSABLE 11
#define STATE_VISIBLE   30

typedef struct {
  Fixture f;
  GDBusConnection *bus;
  char *name, *root; /* where the program's tree is */
  guint all, bad;
  char last[80]; /* the last name that is one: where to look */
} Reader;

static const char socket_xml[] =
    "<node><interface name='org.a11y.atspi.Socket'><method name='Embed'>"
    "<arg direction='in' type='(so)'/><arg direction='out' type='(so)'/></method>"
    "</interface></node>";

static void
embed_cb(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
         const char *method, GVariant *parameters, GDBusMethodInvocation *call, gpointer data)
{
  Reader *self = data;

  g_variant_get(parameters, "((so))", &self->name, &self->root);
  g_dbus_method_invocation_return_value(
      call, g_variant_new("((so))", g_dbus_connection_get_unique_name(bus), ROOT));
}

static void
start_registry(Reader *self, const char *address)
{
  static const GDBusInterfaceVTable table = {.method_call = embed_cb};
  g_autoptr(GError) error = NULL;
  g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(socket_xml, &error);

  g_assert_no_error(error);
  self->bus =
      g_dbus_connection_new_for_address_sync(address,
                                             G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                 G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                             NULL, NULL, &error);
  g_assert_no_error(error);
  g_dbus_connection_register_object(self->bus, ROOT, node->interfaces[0], &table, self, NULL,
                                    &error);
  g_assert_no_error(error);
  g_autoptr(GVariant) got = g_dbus_connection_call_sync(
      self->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "RequestName", g_variant_new("(su)", "org.a11y.atspi.Registry", 0), NULL,
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error(error);
}

/* ---- asking ------------------------------------------------------------------------------ */

typedef struct {
  GVariant *answer;
  gboolean done;
} Asked;

static void
answered_cb(GObject *source, GAsyncResult *result, gpointer data)
{
  Asked *asked = data;

  asked->answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);
  asked->done = TRUE;
}

/* NULL: what was asked is gone, or cannot say. The program that answers is this one. */
static GVariant *
ask(Reader *self, const char *path, const char *interface, const char *method, GVariant *parameters)
{
  Asked asked = {NULL, FALSE};

  g_dbus_connection_call(self->bus, self->name, path, interface, method, parameters, NULL,
                         G_DBUS_CALL_FLAGS_NONE, 10000, NULL, answered_cb, &asked);
  while (!asked.done)
    g_main_context_iteration(NULL, TRUE);
  return asked.answer;
}

static char *
name_of(Reader *self, const char *path)
{
  g_autoptr(GVariant) answer = ask(self, path, "org.freedesktop.DBus.Properties", "Get",
                                   g_variant_new("(ss)", ACCESSIBLE, "Name"));
  g_autoptr(GVariant) value = NULL;

  if (!answer)
    return g_strdup("");
  g_variant_get(answer, "(v)", &value);
  return g_variant_dup_string(value, NULL);
}

static char *
role_of(Reader *self, const char *path)
{
  g_autoptr(GVariant) answer = ask(self, path, ACCESSIBLE, "GetRoleName", NULL);
  char *role = NULL;

  if (answer)
    g_variant_get(answer, "(s)", &role);
  return role ? role : g_strdup("");
}

static guint64
states_of(Reader *self, const char *path)
{
  g_autoptr(GVariant) answer = ask(self, path, ACCESSIBLE, "GetState", NULL);
  g_autoptr(GVariant) list = answer ? g_variant_get_child_value(answer, 0) : NULL;
  guint32 low = 0, high = 0;

  if (list && g_variant_n_children(list) == 2) {
    g_variant_get_child(list, 0, "u", &low);
    g_variant_get_child(list, 1, "u", &high);
  }
  return (guint64)high << 32 | low;
}

/* ---- the walk ---------------------------------------------------------------------------- */

static gboolean
is_class_name(const char *name)
{
  return g_str_has_prefix(name, "Gtk") || g_str_has_prefix(name, "Adw") ||
         g_str_has_prefix(name, "Vitrine");
}

/* What takes the focus is read aloud, and has to have a name; nothing has that of its class, but
 * for what GTK passes over itself (its own boxes and handles, and the bars of what scrolls). Rows
 * of lists are read by what they hold. */
static void
check_node(Reader *self, const char *path, const char *name, const char *where)
{
  const char *const nameless[] = {"group",    "window",      "panel", "list item",
                                  "viewport", "scroll pane", NULL};
  const char *const silent[] = {"widget", "scroll bar", NULL};
  guint64 states = states_of(self, path);
  gboolean focusable = states >> STATE_FOCUSABLE & 1;
  g_autofree char *role = role_of(self, path);

  if (!(states >> STATE_VISIBLE & 1))
    return;
  self->all += focusable;
  if ((*name || !focusable || g_strv_contains(nameless, role)) &&
      (!is_class_name(name) ||
       (g_strv_contains(silent, role) && !focusable && !g_str_has_prefix(name, "Vitrine"))))
    return;
  g_printerr("%s is called “%s” behind “%s” in %s\n", role, name, self->last, where);
  self->bad++;
}

static void
walk(Reader *self, const char *path, const char *where, int depth)
{
  g_autoptr(GVariant) answer = ask(self, path, ACCESSIBLE, "GetChildren", NULL);
  g_autofree char *name = name_of(self, path);
  if (*name && !is_class_name(name))
    g_strlcpy(self->last, name, sizeof self->last);
  g_autofree char *inside = g_strdup_printf("%s%s%s", where, *name ? "/" : "", name);
  GVariantIter *children = NULL;
  const char *bus, *child;

  g_assert_cmpint(depth, <, 80);
  check_node(self, path, name, where);
  if (!answer)
    return;
  g_variant_get(answer, "(a(so))", &children);
  while (g_variant_iter_next(children, "(&s&o)", &bus, &child))
    walk(self, child, inside, depth + 1);
  g_variant_iter_free(children);
}

static gboolean
is_known(Fixture *f, gpointer data)
{
  return ((Reader *)data)->root != NULL;
}

static Reader reader;

static void
test_panes(void)
{
  guint n;
  const VitrinePaneInfo *panes = vitrine_panes(&n);

  fixture_forget_state();
  fixture_open(&reader.f, NULL);
  fixture_wait(&reader.f, is_known, &reader, 30);
  for (guint i = 0; i < n; i++) {
    vitrine_side_show(VITRINE_SIDE(reader.f.window->pane), panes[i].name);
    if (g_str_equal(panes[i].name, "mixing"))
      g_signal_emit_by_name(fixture_part(&reader.f, "mix-hint-add"), "clicked");
    fixture_run_for(0.3);
  }
  walk(&reader, reader.root, "", 0);
  g_test_message("%u take the focus", reader.all);
  g_assert_cmpuint(reader.all, >=, 150);
  g_assert_cmpuint(reader.bad, ==, 0);
  fixture_close(&reader.f);
}

static void
die_with_test_cb(gpointer data)
{
  prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* A bus for this test alone; its address. */
static char *
start_bus(GSubprocess **daemon)
{
  g_autoptr(GError) error = NULL;
  char address[512] = "";

  g_autoptr(GSubprocessLauncher) launcher =
      g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_subprocess_launcher_set_child_setup(launcher, die_with_test_cb, NULL, NULL);
  *daemon = g_subprocess_launcher_spawn(launcher, &error, "dbus-daemon", "--session", "--nofork",
                                        "--print-address", NULL);
  g_assert_no_error(error);
  gssize n = g_input_stream_read(g_subprocess_get_stdout_pipe(*daemon), address, sizeof address - 1,
                                 NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpint(n, >, 0);
  return g_strdup(g_strstrip(address));
}

int
main(int argc, char **argv)
{
  g_autofree char *program = g_find_program_in_path("dbus-daemon");
  GSubprocess *daemon;

  if (!program) {
    g_printerr("SKIPPED: dbus-daemon is not installed, so no screen reader can be played\n");
    return 77;
  }
  g_autofree char *address = start_bus(&daemon);
  g_setenv("AT_SPI_BUS_ADDRESS", address, TRUE);
  g_setenv("DBUS_SESSION_BUS_ADDRESS", address, TRUE); /* GTK's paths begin with the program's */
  g_setenv("GTK_A11Y", "atspi", TRUE);
  start_registry(&reader, address);
  gtk_test_init(&argc, &argv, NULL);
  g_test_add_func("/spoken/panes", test_panes);
  int result = g_test_run();
  g_clear_object(&reader.bus);
  g_free(reader.name);
  g_free(reader.root);
  g_subprocess_force_exit(daemon);
  g_object_unref(daemon);
  return result;
}
