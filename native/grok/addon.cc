// Entry of grok.node. Holds no state: each thread that loads it gets classes of its own.
#include <napi.h>

#include "pattern.h"
#include "pattern_set.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("Pattern", palisade::Pattern::Define(env));
  exports.Set("PatternSet", palisade::PatternSet::Define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(grok, Init)
