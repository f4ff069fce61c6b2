// Entry of grok.node. Each thread that loads it gets classes of its own; they share only checked_patterns.h.
#include <napi.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "memory.h"
#include "pattern.h"
#include "pattern_set.h"
#include "text_numbers.h"

namespace {

// Compilers, automata and databases of a dozen threads come and go; with an arena for each thread the process keeps what
// each of them needed at its most. Batches of lines are mapped and given back one by one: by itself glibc takes them out of
// the arenas as soon as the first one was freed, and what lies between them is never given back.
void BoundArenas() {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
#endif
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  BoundArenas();
  exports.Set("Pattern", palisade::Pattern::Define(env));
  exports.Set("checkPattern", Napi::Function::New(env, palisade::CheckPattern, "checkPattern"));
  exports.Set("PatternSet", palisade::PatternSet::Define(env));
  exports.Set("TextNumbers", palisade::TextNumbers::Define(env));
  exports.Set("shrinkHeap", Napi::Function::New(env, palisade::ShrinkHeap, "shrinkHeap"));
  exports.Set("releasePages", Napi::Function::New(env, palisade::ReleasePages, "releasePages"));
  exports.Set("releaseBuffer", Napi::Function::New(env, palisade::ReleaseBuffer, "releaseBuffer"));
  return exports;
}

}  // namespace

NODE_API_MODULE(grok, Init)
