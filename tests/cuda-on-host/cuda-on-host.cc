/* The pretended device: its memory, its grids. */
#include "cuda-on-host.h"
#include <setjmp.h>
#include <sys/mman.h>
#include <cstdio>
#include <cstdlib>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

dim3 threadIdx, blockIdx, blockDim, gridDim;
double cuda_on_host_slots[1024];

/* ---- fibers ---------------------------------------------------------------------------------- */

namespace
{

struct Fiber {
  jmp_buf at;
  bool started, done;
  std::vector<char> stack;
};

const size_t stack_size = 64 << 10;
std::vector<std::unique_ptr<Fiber>> fibers;
Fiber *current;
jmp_buf scheduler;
const std::function<void()> *body;
unsigned launches;
std::recursive_mutex one_launch; /* several host threads share the device */

void
fail(const char *what)
{
  fprintf(stderr, "cuda-on-host: %s\n", what);
  abort();
}

/* Leaves the fiber; comes back when it is resumed. */
void
yield_fiber()
{
  if (!_setjmp(current->at))
    _longjmp(scheduler, 1);
}

/* A fiber runs one thread after the other. */
void
fiber_main()
{
  for (;;) {
    (*body)();
    current->done = true;
    yield_fiber();
  }
}

void
resume(Fiber *f)
{
  current = f;
  if (_setjmp(scheduler))
    return;
  if (f->started)
    _longjmp(f->at, 1);
  f->started = true;
  ucontext_t context;
  getcontext(&context);
  context.uc_stack.ss_sp = f->stack.data();
  context.uc_stack.ss_size = f->stack.size();
  makecontext(&context, fiber_main, 0);
  setcontext(&context);
}

dim3
place(unsigned i, dim3 size)
{
  return dim3(i % size.x, i / size.x % size.y, i / size.x / size.y);
}

/* All threads to the next barrier, again and again. */
void
run_waiting(dim3 block, unsigned threads)
{
  while (fibers.size() < threads) {
    fibers.push_back(std::make_unique<Fiber>());
    fibers.back()->stack.resize(stack_size);
  }
  for (unsigned t = 0; t < threads; t++)
    fibers[t]->done = false;
  for (unsigned left = threads; left > 0;) {
    unsigned before = left;
    for (unsigned i = 0; i < threads; i++) {
      unsigned t = launches % 2 ? threads - 1 - i : i;
      if (fibers[t]->done)
        continue;
      threadIdx = place(t, block);
      resume(fibers[t].get());
      left -= fibers[t]->done;
    }
    if (left != 0 && left != before)
      fail("some threads of a block ended while others wait at a barrier");
  }
}

} // namespace

void
__syncthreads()
{
  if (!current)
    fail("a barrier in a kernel that was launched as having none");
  yield_fiber();
}

/* ---- what goes wrong: from the moment on that the file named by the variable exists -----------
 */

static bool
happened(const char *variable)
{
  const char *path = getenv(variable);
  return path && access(path, F_OK) == 0;
}

/* VITRINE_ON_HOST_LOST: the device stops working, for good. */
static bool
lost()
{
  static std::atomic<bool> is_lost{false};
  if (!is_lost && happened("VITRINE_ON_HOST_LOST"))
    is_lost = true;
  return is_lost;
}

/* ---- streams and graphs ---------------------------------------------------------------------- */

struct cuda_on_host_graph {
  std::vector<std::function<void()>> work;
};

struct cuda_on_host_stream {
  cuda_on_host_graph *graph; /* what it is captured into, or null */
  int priority;
};

/* Now, or when the graph is launched. */
static void
enqueue(cudaStream_t stream, const std::function<void()> &work)
{
  if (stream->graph)
    stream->graph->work.push_back(work);
  else
    work();
}

cudaError_t
cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int priority)
{
  *stream = new cuda_on_host_stream();
  (*stream)->priority = priority;
  return cudaSuccess;
}

cudaError_t
cudaStreamGetPriority(cudaStream_t stream, int *priority)
{
  *priority = stream->priority;
  return cudaSuccess;
}

cudaError_t
cudaStreamDestroy(cudaStream_t stream)
{
  delete stream;
  return cudaSuccess;
}

cudaError_t
cudaStreamSynchronize(cudaStream_t stream)
{
  if (stream->graph)
    fail("waits for a stream that is captured");
  return lost() ? cudaErrorLaunchFailure : cudaSuccess;
}

/* VITRINE_ON_HOST_NO_GRAPHS: as where a driver refuses. */
cudaError_t
cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode)
{
  if (getenv("VITRINE_ON_HOST_NO_GRAPHS"))
    return cudaErrorInvalidValue;
  stream->graph = new cuda_on_host_graph();
  return cudaSuccess;
}

cudaError_t
cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
  *graph = stream->graph;
  stream->graph = nullptr;
  return cudaSuccess;
}

cudaError_t
cudaGraphInstantiateWithFlags(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags)
{
  *exec = new cuda_on_host_graph(*graph);
  return cudaSuccess;
}

cudaError_t
cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
  if (lost())
    return cudaErrorLaunchFailure;
  for (auto &work : exec->work)
    work();
  return cudaSuccess;
}

cudaError_t
cudaGraphDestroy(cudaGraph_t graph)
{
  delete graph;
  return cudaSuccess;
}

cudaError_t
cudaGraphExecDestroy(cudaGraphExec_t exec)
{
  delete exec;
  return cudaSuccess;
}

void
cuda_on_host_call(cudaStream_t stream, void (*run)(const void *data), const void *data, size_t size)
{
  std::vector<char> copy((const char *)data, (const char *)data + size);
  enqueue(stream, [run, copy] {
    cuda_on_host_enter();
    run(copy.data());
    cuda_on_host_leave();
  });
}

/* ---- grids ----------------------------------------------------------------------------------- */

static void
run_grid(dim3 grid, dim3 block, bool waits, const std::function<void()> &thread)
{
  std::lock_guard<std::recursive_mutex> guard(one_launch);
  unsigned threads = block.x * block.y * block.z;
  size_t blocks = (size_t)grid.x * grid.y * grid.z;

  if (lost())
    return;
  gridDim = grid;
  blockDim = block;
  body = &thread;
  launches++;
  cuda_on_host_enter();
  for (size_t i = 0; i < blocks; i++) {
    size_t b = launches % 2 ? blocks - 1 - i : i;
    blockIdx = dim3((unsigned)(b % grid.x), (unsigned)(b / grid.x % grid.y),
                    (unsigned)(b / grid.x / grid.y));
    if (waits) {
      run_waiting(block, threads);
      continue;
    }
    current = nullptr;
    for (unsigned t = 0; t < threads; t++) {
      threadIdx = place(t, block);
      thread();
    }
  }
  current = nullptr;
  cuda_on_host_leave();
}

void
cuda_on_host_run(cudaStream_t stream, dim3 grid, dim3 block, bool waits,
                 const std::function<void()> &thread)
{
  unsigned threads = block.x * block.y * block.z;

  if (threads == 0 || threads > 1024 || block.z > 64 || grid.x == 0 || grid.y == 0 || grid.z == 0 ||
      grid.y > 65535 || grid.z > 65535 || grid.x > 0x7fffffff)
    fail("a grid or block that CUDA refuses");
  enqueue(stream, [=] { run_grid(grid, block, waits, thread); });
}

/* ---- memory ---------------------------------------------------------------------------------- */

static std::mutex memory_lock;
static std::map<void *, size_t> *pieces;
static size_t used;

/* -1 where the processor has none: then VITRINE_ON_HOST_GUARD=1 asks for the same by mprotect,
 * which is slow. */
static int
key()
{
  static int k = pkey_alloc(0, PKEY_DISABLE_ACCESS);
  return k;
}

static void
guard(int rights)
{
  static bool wanted = getenv("VITRINE_ON_HOST_GUARD");
  if (!wanted)
    return;
  std::lock_guard<std::mutex> hold(memory_lock);
  if (pieces)
    for (auto &piece : *pieces)
      mprotect(piece.first, piece.second, rights);
}

void
cuda_on_host_enter(void)
{
  if (key() >= 0)
    pkey_set(key(), 0);
  else
    guard(PROT_READ | PROT_WRITE);
}

void
cuda_on_host_leave(void)
{
  if (key() >= 0)
    pkey_set(key(), PKEY_DISABLE_ACCESS);
  else
    guard(PROT_NONE);
}

static size_t
mib(const char *variable, size_t otherwise)
{
  const char *number = getenv(variable);
  return (number ? (size_t)atol(number) : otherwise) << 20;
}

/* VITRINE_ON_HOST_MIB: as small a device as a test wants. */
static size_t
memory_size()
{
  return mib("VITRINE_ON_HOST_MIB", 8192);
}

/* VITRINE_ON_HOST_TAKEN_MIB: so much goes to others, but only once somebody wants it. */
static size_t
memory_left()
{
  return memory_size() - mib("VITRINE_ON_HOST_TAKEN_MIB", 0);
}

cudaError_t
cudaMalloc(void **data, size_t bytes)
{
  std::lock_guard<std::mutex> guard(memory_lock);
  *data = nullptr;
  if (lost())
    return cudaErrorLaunchFailure;
  /* VITRINE_ON_HOST_FULL: others have taken the rest of the memory. */
  if (used + bytes > memory_left() || happened("VITRINE_ON_HOST_FULL"))
    return cudaErrorMemoryAllocation;
  void *p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    return cudaErrorMemoryAllocation;
  memset(p, 0xff, bytes); /* not numbers */
  if (key() >= 0)
    pkey_mprotect(p, bytes, PROT_READ | PROT_WRITE, key());
  if (!pieces)
    pieces = new std::map<void *, size_t>();
  (*pieces)[p] = bytes;
  used += bytes;
  *data = p;
  return cudaSuccess;
}

cudaError_t
cudaFree(void *data)
{
  std::lock_guard<std::mutex> guard(memory_lock);
  auto at = pieces->find(data);
  if (at == pieces->end())
    return cudaErrorInvalidValue;
  used -= at->second;
  munmap(data, at->second);
  pieces->erase(at);
  return cudaSuccess;
}

cudaError_t
cudaMemGetInfo(size_t *available, size_t *total)
{
  *total = memory_size();
  *available = *total > used && !happened("VITRINE_ON_HOST_FULL") ? *total - used : 0;
  return lost() ? cudaErrorLaunchFailure : cudaSuccess;
}

/* Whether all of it lies within one piece of the device. */
static bool
on_device(const void *p, size_t bytes)
{
  std::lock_guard<std::mutex> guard(memory_lock);
  if (!pieces || pieces->empty())
    return false;
  auto at = pieces->upper_bound(const_cast<void *>(p));
  if (at == pieces->begin())
    return false;
  --at;
  return (const char *)p + bytes <= (const char *)at->first + at->second;
}

cudaError_t
cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream)
{
  if (on_device(to, bytes) != (kind != cudaMemcpyDeviceToHost) ||
      on_device(from, bytes) != (kind != cudaMemcpyHostToDevice))
    fail("a copy whose ends are not where its kind says");
  if (lost())
    return cudaErrorLaunchFailure;
  if (stream->graph && kind != cudaMemcpyDeviceToDevice)
    fail("a captured copy from or to the host's memory");
  enqueue(stream, [=] {
    cuda_on_host_enter();
    memcpy(to, from, bytes);
    cuda_on_host_leave();
  });
  return cudaSuccess;
}

cudaError_t
cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream)
{
  if (!on_device(to, bytes))
    fail("memory to be set is not on the device");
  if (lost())
    return cudaErrorLaunchFailure;
  enqueue(stream, [=] {
    cuda_on_host_enter();
    memset(to, value, bytes);
    cuda_on_host_leave();
  });
  return cudaSuccess;
}

/* ---- the rest -------------------------------------------------------------------------------- */

cudaError_t
cudaGetDeviceCount(int *count)
{
  const char *fail_with = getenv("VITRINE_ON_HOST_FAILS"); /* an error's number */
  *count = 1;
  return fail_with ? (cudaError_t)atoi(fail_with) : cudaSuccess;
}

cudaError_t
cudaDriverGetVersion(int *version)
{
  *version = 11040;
  return cudaSuccess;
}

cudaError_t
cudaSetDevice(int device)
{
  cuda_on_host_leave(); /* a new thread's rights */
  return device == 0 ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t
cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device)
{
  const char *capability = getenv("VITRINE_ON_HOST_CAPABILITY");
  *value = capability ? atoi(capability) : 9;
  return cudaSuccess;
}

cudaError_t
cudaGetDeviceProperties(struct cudaDeviceProp *p, int device)
{
  snprintf(p->name, sizeof p->name, "a device pretended on the CPU");
  p->totalGlobalMem = memory_size();
  return cudaSuccess;
}

cudaError_t
cudaDeviceGetStreamPriorityRange(int *low, int *high)
{
  *low = 0;
  *high = -5;
  return cudaSuccess;
}

cudaError_t
cudaGetLastError(void)
{
  return lost() ? cudaErrorLaunchFailure : cudaSuccess;
}

cudaError_t
cudaPeekAtLastError(void)
{
  return lost() ? cudaErrorLaunchFailure : cudaSuccess;
}

const char *
cudaGetErrorString(cudaError_t code)
{
  static char text[40];
  snprintf(text, sizeof text, "error %d", (int)code);
  return text;
}
