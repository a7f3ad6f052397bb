/* Work that is done again and again as CUDA graphs: one launch instead of a hundred.
 *
 * A thread that records has a stream of its own, so that what other threads ask for meanwhile is
 * done as ever. Nothing runs while it is captured; the graph is launched into the common stream. */
#include "engine/backend/cuda/cuda-private.h"

/* Memory that nobody else may have. What is in it when a recording ends is free for the next one,
 * for they are never at work at once. */
typedef struct {
  int ref;
  GArray *pieces; /* of CudaPiece */
} Arena;

struct _SgReplay {
  SgBackend *backend;
  cudaGraphExec_t exec;
  Arena *arena;
  gboolean broken;
};

static __thread SgReplay *recording;

static SgReplay *
recording_on(const SgBackend *b)
{
  return recording && recording->backend == b ? recording : NULL;
}

cudaStream_t
cuda_recording_stream(const SgBackend *b)
{
  return recording_on(b) ? CU(b)->recorded : NULL;
}

gboolean
cuda_recording_take(const SgBackend *b, gsize taken, gpointer *data)
{
  SgReplay *r = recording_on(b);
  GArray *pieces = r ? r->arena->pieces : NULL;

  for (guint i = r ? pieces->len : 0; i-- > 0;)
    if (g_array_index(pieces, CudaPiece, i).taken == taken) {
      *data = g_array_index(pieces, CudaPiece, i).data;
      g_array_remove_index(pieces, i);
      return TRUE;
    }
  return FALSE;
}

gboolean
cuda_recording_give(const SgBackend *b, CudaPiece piece)
{
  SgReplay *r = recording_on(b);
  if (r)
    g_array_append_val(r->arena->pieces, piece);
  return r != NULL;
}

gboolean
cuda_recording_break(const SgBackend *b)
{
  SgReplay *r = recording_on(b);
  if (r)
    r->broken = TRUE;
  return r != NULL;
}

static Arena *
arena_of(const SgReplay *with)
{
  Arena *a = with ? with->arena : g_new0(Arena, 1);
  if (!with)
    a->pieces = g_array_new(FALSE, FALSE, sizeof(CudaPiece));
  a->ref++;
  return a;
}

static void
arena_unref(SgBackend *b, Arena *a)
{
  if (--a->ref > 0)
    return;
  for (guint i = 0; i < a->pieces->len; i++) {
    CudaPiece piece = g_array_index(a->pieces, CudaPiece, i);
    cuda_pool_give(b, piece.data, piece.taken);
  }
  g_array_unref(a->pieces);
  g_free(a);
}

/* The stream has the common one's priority: what is captured keeps that of its stream. */
static gboolean
has_stream(CudaBackend *cu)
{
  int priority = 0;
  return cu->recorded || (cudaStreamGetPriority(cu->stream, &priority) == cudaSuccess &&
                          cudaStreamCreateWithPriority(&cu->recorded, cudaStreamNonBlocking,
                                                       priority) == cudaSuccess);
}

/* Relaxed: memory may be taken while the stream is captured. One thread at a time. */
gboolean
cuda_record_begin(SgBackend *b, const SgReplay *with)
{
  CudaBackend *cu = CU(b);

  if (!g_mutex_trylock(&cu->record_lock))
    return FALSE;
  g_assert(!recording);
  cuda_stream(b);
  if (!has_stream(cu) ||
      cudaStreamBeginCapture(cu->recorded, cudaStreamCaptureModeRelaxed) != cudaSuccess) {
    cudaGetLastError(); /* it works without */
    g_mutex_unlock(&cu->record_lock);
    return FALSE;
  }
  recording = g_new0(SgReplay, 1);
  recording->backend = b;
  recording->arena = arena_of(with);
  return TRUE;
}

SgReplay *
cuda_record_end(SgBackend *b)
{
  SgReplay *r = recording;
  cudaGraph_t graph = NULL;

  g_assert(r && r->backend == b);
  recording = NULL;
  cudaError_t code = cudaStreamEndCapture(CU(b)->recorded, &graph);
  if (code == cudaSuccess && !r->broken)
    code = cudaGraphInstantiateWithFlags(&r->exec, graph, 0);
  if (graph)
    cudaGraphDestroy(graph);
  if (code != cudaSuccess)
    r->exec = NULL;
  if (!r->exec)
    cudaGetLastError(); /* not to be met again */
  g_mutex_unlock(&CU(b)->record_lock);
  if (!r->exec)
    g_clear_pointer(&r, cuda_replay_free);
  return r;
}

void
cuda_replay_run(SgReplay *r)
{
  cudaStream_t stream = cuda_stream(r->backend);
  cuda_note(r->backend, cudaGraphLaunch(r->exec, stream), "repeat recorded work");
}

void
cuda_replay_free(SgReplay *r)
{
  if (r->exec) {
    cuda_note(r->backend, cudaStreamSynchronize(cuda_stream(r->backend)), "finish");
    cudaGraphExecDestroy(r->exec);
  }
  arena_unref(r->backend, r->arena);
  g_free(r);
}
