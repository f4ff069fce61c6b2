// Entry of grok.node. Each thread that loads it gets classes of its own; they share only checked_patterns.h.
#include <napi.h>

#include "pattern.h"
#include "pattern_set.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("Pattern", palisade::Pattern::Define(env));
  exports.Set("checkPattern", Napi::Function::New(env, palisade::CheckPattern, "checkPattern"));
  exports.Set("PatternSet", palisade::PatternSet::Define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(grok, Init)
