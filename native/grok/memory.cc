// Gives back memory. See memory.h.
#include "memory.h"

#include <v8.h>

#ifdef __linux__
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace palisade {

namespace {

#ifdef __linux__
// Segments without leave to write hold what is in the file and nothing else: what the linker writes to and then protects (RELRO)
// is part of a writable one. Returns 1, which ends the walk at the first object, the program itself.
int LetGo(dl_phdr_info* object, size_t, void*) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t from = object->dlpi_addr + segment.p_vaddr;
    // A page that a segment shares with the next one is left alone.
    const uintptr_t first = (from + page - 1) / page * page;
    const uintptr_t end = (from + segment.p_memsz) / page * page;
    if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
  }
  return 1;
}
#endif

}  // namespace

void ShrinkHeap(const Napi::CallbackInfo&) {
  v8::Isolate::GetCurrent()->LowMemoryNotification();
}

void ReleasePages(const Napi::CallbackInfo&) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
#ifdef __linux__
  dl_iterate_phdr(LetGo, nullptr);
#endif
}

void ReleaseBuffer(const Napi::CallbackInfo& info) {
  if (info.Length() < 1 || !info[0].IsArrayBuffer()) throw Napi::TypeError::New(info.Env(), "an ArrayBuffer expected");
  info[0].As<Napi::ArrayBuffer>().Detach();
}

}  // namespace palisade
