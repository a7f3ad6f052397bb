/* What is asked of a training through its control socket, and how the trainer learns of it: flags,
 * values and a publication under a mutex that nobody holds for long. */
#include "engine/record/control-private.h"
#include "engine/record/changes.h"
#include <stdlib.h>

/* That wait for the end of an iteration. */
#define MAX_CHANGES 64

/* ---- commands -------------------------------------------------------------------------------- */

void
sg_control_stop_locked(SgControl *c)
{
  c->flags = (c->flags | SG_CONTROL_STOP) & ~SG_CONTROL_PAUSE;
  g_cond_broadcast(&c->changed);
}

json_t *
sg_control_refuse(const char *why)
{
  return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

/* Call with the mutex held. */
static json_t *
accept_locked(SgControl *c)
{
  json_t *answer =
      json_pack("{s:b, s:b}", "ok", 1, "paused", (c->flags & SG_CONTROL_PAUSE) ? 1 : 0);
  if (c->flags & SG_CONTROL_STOP)
    json_object_set_new(answer, "stopping", json_true());
  return answer;
}

/* Call with the mutex held. */
static void
add_status_locked(const SgControl *c, json_t *answer)
{
  if (c->advances) {
    json_object_set_new(answer, "nimg", json_integer((json_int_t)c->nimg));
    json_object_set_new(answer, "kimg", json_real((double)c->nimg / 1000));
  }
  json_object_update_missing(answer, c->status);
}

static json_t *
obey_locked(SgControl *c, const char *command)
{
  json_t *answer;

  if (g_str_equal(command, "pause")) {
    if (c->flags & SG_CONTROL_STOP)
      return sg_control_refuse("the training is stopping");
    c->flags |= SG_CONTROL_PAUSE;
  } else if (g_str_equal(command, "resume")) {
    c->flags &= ~SG_CONTROL_PAUSE;
  } else if (g_str_equal(command, "snapshot")) {
    c->flags |= SG_CONTROL_SNAPSHOT;
  } else if (g_str_equal(command, "stop")) {
    c->stops++;
    sg_control_stop_locked(c);
  } else if (!g_str_equal(command, "status")) {
    return sg_control_refuse(
        "unknown command; there are pause, resume, snapshot, stop, status, set and follow");
  }
  answer = accept_locked(c);
  if (g_str_equal(command, "status"))
    add_status_locked(c, answer);
  g_cond_broadcast(&c->changed);
  return answer;
}

/* Without the mutex: making the memory file may take its time. */
static json_t *
follow(SgControl *c, int *pass)
{
  g_autoptr(GError) error = NULL;

  g_mutex_lock(&c->mutex);
  SgPublisher *p = c->publisher;
  g_mutex_unlock(&c->mutex);
  if (!p)
    return sg_control_refuse("there is nothing to follow yet");
  *pass = sg_publisher_ask(p, &error);
  if (*pass < 0)
    return sg_control_refuse(error->message);
  g_mutex_lock(&c->mutex);
  json_t *answer = accept_locked(c);
  g_cond_broadcast(&c->changed); /* also a paused training shows its weights */
  g_mutex_unlock(&c->mutex);
  return answer;
}

/* Call with the mutex held. */
static void
queue_change(SgControl *c, const char *name, const char *value)
{
  g_queue_push_tail(&c->changes, g_strdup(name));
  g_queue_push_tail(&c->changes, g_strdup(value));
  c->flags |= SG_CONTROL_CHANGE;
  g_cond_broadcast(&c->changed);
}

static json_t *
set(SgControl *c, const char *name, const char *value)
{
  g_autoptr(GError) error = NULL;

  if (!name || !value)
    return sg_control_refuse(
        "expected a line like {\"command\": \"set\", \"name\": \"snap\", \"value\": \"10\"}");
  if (!sg_change_check(name, value, &error))
    return sg_control_refuse(error->message);
  g_mutex_lock(&c->mutex);
  gboolean room = g_queue_get_length(&c->changes) <= 2 * (MAX_CHANGES - 2);
  if (room && g_str_equal(name, "lr")) {
    queue_change(c, "lr-g", value);
    queue_change(c, "lr-d", value);
  } else if (room) {
    queue_change(c, name, value);
  }
  json_t *answer =
      room ? accept_locked(c) : sg_control_refuse("too many changes wait for this step to end");
  g_mutex_unlock(&c->mutex);
  return answer;
}

/* A number is as good as its text. */
static char *
value_text(const json_t *v)
{
  if (!json_is_number(v))
    return g_strdup(json_string_value(v));
  char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17)), *copy = g_strdup(text);
  free(text);
  return copy;
}

json_t *
sg_control_obey(SgControl *c, const guint8 *line, gsize n, int *pass)
{
  json_t *object = json_loadb((const char *)line, n, 0, NULL);
  const char *command = json_string_value(json_object_get(object, "command"));
  json_t *answer;

  if (command && g_str_equal(command, "follow")) {
    answer = follow(c, pass);
  } else if (command && g_str_equal(command, "set")) {
    g_autofree char *value = value_text(json_object_get(object, "value"));
    answer = set(c, json_string_value(json_object_get(object, "name")), value);
  } else if (command) {
    g_mutex_lock(&c->mutex);
    answer = obey_locked(c, command);
    g_mutex_unlock(&c->mutex);
  } else {
    answer = sg_control_refuse("expected a line like {\"command\": \"status\"}");
  }
  json_decref(object);
  return answer;
}

/* ---- the trainer's side ---------------------------------------------------------------------- */

/* Call with the mutex held. A signal counts from the moment it came. */
static SgControlFlags
take_locked(SgControl *c)
{
  if (c->takes_signals && sg_control_signals_seen())
    sg_control_stop_locked(c);
  SgControlFlags flags = c->flags;
  c->flags &= ~SG_CONTROL_SNAPSHOT;
  return flags;
}

guint
sg_control_stops(SgControl *c)
{
  g_mutex_lock(&c->mutex);
  guint n = c->stops;
  g_mutex_unlock(&c->mutex);
  return n + (c->takes_signals ? sg_control_signals_count() : 0);
}

SgControlFlags
sg_control_take(SgControl *c)
{
  g_mutex_lock(&c->mutex);
  SgControlFlags flags = take_locked(c);
  g_mutex_unlock(&c->mutex);
  return flags;
}

/* Call with the mutex held. Until something changes, or a publication is due. */
static void
rest_locked(SgControl *c, gint64 due)
{
  if (due > 0)
    g_cond_wait_until(&c->changed, &c->mutex, g_get_monotonic_time() + due);
  else
    g_cond_wait(&c->changed, &c->mutex);
}

SgControlFlags
sg_control_wait(SgControl *c)
{
  gint64 due;

  g_mutex_lock(&c->mutex);
  while ((c->flags & SG_CONTROL_PAUSE) && !(c->flags & (SG_CONTROL_SNAPSHOT | SG_CONTROL_CHANGE)) &&
         (due = c->publisher ? sg_publisher_due(c->publisher) : -1) != 0)
    rest_locked(c, due);
  SgControlFlags flags = take_locked(c);
  g_mutex_unlock(&c->mutex);
  return flags;
}

gboolean
sg_control_take_change(SgControl *c, char **name, char **value)
{
  g_mutex_lock(&c->mutex);
  *name = g_queue_pop_head(&c->changes);
  *value = g_queue_pop_head(&c->changes);
  if (g_queue_is_empty(&c->changes))
    c->flags &= ~SG_CONTROL_CHANGE;
  g_mutex_unlock(&c->mutex);
  return *name != NULL;
}

void
sg_control_set_status(SgControl *c, const char *json)
{
  json_t *status = json_loads(json, 0, NULL);

  if (!json_is_object(status)) {
    json_decref(status);
    g_return_if_reached();
  }
  g_mutex_lock(&c->mutex);
  json_t *old = c->status;
  c->status = status;
  g_mutex_unlock(&c->mutex);
  json_decref(old);
}

void
sg_control_advance(SgControl *c, guint64 nimg)
{
  g_mutex_lock(&c->mutex);
  c->advances = TRUE;
  c->nimg = nimg;
  g_mutex_unlock(&c->mutex);
}

void
sg_control_set_publisher(SgControl *c, SgPublisher *p)
{
  g_mutex_lock(&c->mutex);
  c->publisher = p;
  g_mutex_unlock(&c->mutex);
}
