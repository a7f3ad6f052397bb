/* GLib's locks as ThreadSanitizer can see them.
 *
 * GLib is not instrumented, and its GMutex is a futex of its own, so that everything a GMutex
 * guards looks like a race. This library, preloaded, puts locks of pthread in their place, which
 * ThreadSanitizer knows, and says of GLib's queues, pools, main contexts and counted references
 * what happens before what. Only what programs call is replaced: GLib's own calls of itself are
 * bound inside (-Bsymbolic), which is why the queues need their own words. */
#include <dlfcn.h>
#include <errno.h>
#include <glib-object.h>
#include <pthread.h>
#include <sanitizer/tsan_interface.h>
#include <stdlib.h>
#include <time.h>

#undef g_once_init_enter
#undef g_once_init_leave

/* The function of that name that would have been called. */
#define REAL(name)                                                                                 \
  static __typeof__(name) *real;                                                                   \
  if (!__atomic_load_n(&real, __ATOMIC_ACQUIRE))                                                   \
  __atomic_store_n(&real, (__typeof__(name) *)dlsym(RTLD_NEXT, #name), __ATOMIC_RELEASE)

/* ---- locks ----------------------------------------------------------------------------------- */

/* What a zeroed GMutex, GCond… points to once it is used: they need no initialisation. */
#define SLOT(type, make)                                                                           \
  static type *type##_at(gpointer *slot)                                                           \
  {                                                                                                \
    type *there = __atomic_load_n((type **)slot, __ATOMIC_ACQUIRE), *none = NULL;                  \
    if (there)                                                                                     \
      return there;                                                                                \
    there = malloc(sizeof *there);                                                                 \
    make(there);                                                                                   \
    if (__atomic_compare_exchange_n((type **)slot, &none, there, FALSE, __ATOMIC_ACQ_REL,          \
                                    __ATOMIC_ACQUIRE))                                             \
      return there;                                                                                \
    free(there);                                                                                   \
    return none;                                                                                   \
  }

static void
make_mutex(pthread_mutex_t *m)
{
  pthread_mutex_init(m, NULL);
}

static void
make_cond(pthread_cond_t *c)
{
  pthread_condattr_t a;
  pthread_condattr_init(&a);
  pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
  pthread_cond_init(c, &a);
  pthread_condattr_destroy(&a);
}

static void
make_rwlock(pthread_rwlock_t *l)
{
  pthread_rwlock_init(l, NULL);
}

SLOT(pthread_mutex_t, make_mutex)
SLOT(pthread_cond_t, make_cond)
SLOT(pthread_rwlock_t, make_rwlock)

void
g_mutex_init(GMutex *m)
{
  m->p = NULL;
}

void
g_mutex_clear(GMutex *m)
{
  if (m->p) {
    pthread_mutex_destroy(m->p);
    free(m->p);
  }
  m->p = NULL;
}

void
g_mutex_lock(GMutex *m)
{
  pthread_mutex_lock(pthread_mutex_t_at(&m->p));
}

gboolean
g_mutex_trylock(GMutex *m)
{
  return pthread_mutex_trylock(pthread_mutex_t_at(&m->p)) == 0;
}

void
g_mutex_unlock(GMutex *m)
{
  pthread_mutex_unlock(pthread_mutex_t_at(&m->p));
}

void
g_cond_init(GCond *c)
{
  c->p = NULL;
}

void
g_cond_clear(GCond *c)
{
  if (c->p) {
    pthread_cond_destroy(c->p);
    free(c->p);
  }
  c->p = NULL;
}

void
g_cond_wait(GCond *c, GMutex *m)
{
  pthread_cond_wait(pthread_cond_t_at(&c->p), pthread_mutex_t_at(&m->p));
}

gboolean
g_cond_wait_until(GCond *c, GMutex *m, gint64 end)
{
  struct timespec until = {end / G_USEC_PER_SEC, end % G_USEC_PER_SEC * 1000};
  return pthread_cond_timedwait(pthread_cond_t_at(&c->p), pthread_mutex_t_at(&m->p), &until) !=
         ETIMEDOUT;
}

void
g_cond_signal(GCond *c)
{
  pthread_cond_signal(pthread_cond_t_at(&c->p));
}

void
g_cond_broadcast(GCond *c)
{
  pthread_cond_broadcast(pthread_cond_t_at(&c->p));
}

void
g_rw_lock_init(GRWLock *l)
{
  l->p = NULL;
}

void
g_rw_lock_clear(GRWLock *l)
{
  if (l->p) {
    pthread_rwlock_destroy(l->p);
    free(l->p);
  }
  l->p = NULL;
}

void
g_rw_lock_writer_lock(GRWLock *l)
{
  pthread_rwlock_wrlock(pthread_rwlock_t_at(&l->p));
}

void
g_rw_lock_writer_unlock(GRWLock *l)
{
  pthread_rwlock_unlock(pthread_rwlock_t_at(&l->p));
}

void
g_rw_lock_reader_lock(GRWLock *l)
{
  pthread_rwlock_rdlock(pthread_rwlock_t_at(&l->p));
}

void
g_rw_lock_reader_unlock(GRWLock *l)
{
  pthread_rwlock_unlock(pthread_rwlock_t_at(&l->p));
}

/* ---- once ------------------------------------------------------------------------------------ */

static pthread_mutex_t once_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t once_changed = PTHREAD_COND_INITIALIZER;
static GSList *once_running; /* locations that somebody is initialising */

gboolean(g_once_init_enter)(volatile void *location)
{
  gsize *value = (gsize *)location;

  pthread_mutex_lock(&once_mutex);
  while (!__atomic_load_n(value, __ATOMIC_ACQUIRE) && g_slist_find(once_running, value))
    pthread_cond_wait(&once_changed, &once_mutex);
  gboolean first = !__atomic_load_n(value, __ATOMIC_ACQUIRE);
  if (first)
    once_running = g_slist_prepend(once_running, value);
  pthread_mutex_unlock(&once_mutex);
  return first;
}

void(g_once_init_leave)(volatile void *location, gsize result)
{
  pthread_mutex_lock(&once_mutex);
  __atomic_store_n((gsize *)location, result, __ATOMIC_RELEASE);
  once_running = g_slist_remove(once_running, (gpointer)location);
  pthread_cond_broadcast(&once_changed);
  pthread_mutex_unlock(&once_mutex);
}

gpointer
g_once_impl(GOnce *once, GThreadFunc func, gpointer data)
{
  REAL(g_once_impl);
  gpointer result = real(once, func, data);

  __tsan_release(once);
  __tsan_acquire(once);
  return result;
}

/* ---- queues and pools ------------------------------------------------------------------------ */

void
g_async_queue_push(GAsyncQueue *q, gpointer data)
{
  REAL(g_async_queue_push);
  __tsan_release(q);
  real(q, data);
}

#define POP(name, parameters, ...)                                                                 \
  gpointer name parameters                                                                         \
  {                                                                                                \
    REAL(name);                                                                                    \
    gpointer data = real(__VA_ARGS__);                                                             \
    __tsan_acquire(q);                                                                             \
    return data;                                                                                   \
  }
POP(g_async_queue_pop, (GAsyncQueue * q), q)
POP(g_async_queue_try_pop, (GAsyncQueue * q), q)
POP(g_async_queue_timeout_pop, (GAsyncQueue * q, guint64 timeout), q, timeout)

/* A pool's function with what comes before and after it. Never freed: there are few pools. */
typedef struct {
  GFunc func;
  gpointer user_data;
  GThreadPool *pool;
} Work;

static pthread_mutex_t pools_mutex = PTHREAD_MUTEX_INITIALIZER;
static GSList *pools; /* of Work */

static Work *
work_of(const GThreadPool *pool)
{
  Work *found = NULL;

  pthread_mutex_lock(&pools_mutex);
  for (GSList *l = pools; l && !found; l = l->next)
    if (((Work *)l->data)->pool == pool)
      found = l->data;
  pthread_mutex_unlock(&pools_mutex);
  return found;
}

static void
run_work(gpointer data, gpointer user_data)
{
  Work *w = user_data;

  __tsan_acquire(w);
  w->func(data, w->user_data);
  __tsan_release(w);
}

GThreadPool *
g_thread_pool_new(GFunc func, gpointer user_data, gint max_threads, gboolean exclusive,
                  GError **error)
{
  REAL(g_thread_pool_new);
  Work *w = malloc(sizeof *w);

  *w = (Work){func, user_data, NULL};
  __tsan_release(w);
  w->pool = real(run_work, w, max_threads, exclusive, error);
  pthread_mutex_lock(&pools_mutex);
  pools = g_slist_prepend(pools, w);
  pthread_mutex_unlock(&pools_mutex);
  return w->pool;
}

gboolean
g_thread_pool_push(GThreadPool *pool, gpointer data, GError **error)
{
  REAL(g_thread_pool_push);
  Work *w = work_of(pool);

  if (w)
    __tsan_release(w);
  return real(pool, data, error);
}

void
g_thread_pool_free(GThreadPool *pool, gboolean immediate, gboolean wait)
{
  REAL(g_thread_pool_free);
  Work *w = work_of(pool);

  real(pool, immediate, wait);
  if (!w)
    return;
  __tsan_acquire(w);
  pthread_mutex_lock(&pools_mutex);
  pools = g_slist_remove(pools, w);
  pthread_mutex_unlock(&pools_mutex);
}

/* ---- main contexts --------------------------------------------------------------------------- */

typedef struct {
  GSourceFunc func;
  gpointer data;
  GDestroyNotify notify;
} Idle;

static gboolean
run_idle(gpointer data)
{
  Idle *i = data;
  __tsan_acquire(i);
  return i->func(i->data);
}

static void
free_idle(gpointer data)
{
  Idle *i = data;
  __tsan_acquire(i);
  if (i->notify)
    i->notify(i->data);
  free(i);
}

guint
g_idle_add_full(gint priority, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
  REAL(g_idle_add_full);
  Idle *i = malloc(sizeof *i);

  *i = (Idle){func, data, notify};
  __tsan_release(i);
  return real(priority, run_idle, i, free_idle);
}

guint
g_idle_add(GSourceFunc func, gpointer data)
{
  return g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, func, data, NULL);
}

/* ---- counted references ---------------------------------------------------------------------- */

/* What others did with it before they let go of it happened before it is freed. */
#define UNREF(name, type)                                                                          \
  void name(type x)                                                                                \
  {                                                                                                \
    REAL(name);                                                                                    \
    __tsan_release((void *)x);                                                                     \
    __tsan_acquire((void *)x);                                                                     \
    real(x);                                                                                       \
  }
UNREF(g_ptr_array_unref, GPtrArray *)
UNREF(g_array_unref, GArray *)
UNREF(g_byte_array_unref, GByteArray *)
UNREF(g_hash_table_unref, GHashTable *)
UNREF(g_bytes_unref, GBytes *)
UNREF(g_main_loop_quit, GMainLoop *)
UNREF(g_object_unref, gpointer)
