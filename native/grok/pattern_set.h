// Many regular expressions searched at once: says which of them can match a span, without captures.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "re2/re2.h"
#include "re2/set.h"

namespace palisade {

class PatternSet : public Napi::ObjectWrap<PatternSet> {
 public:
  static Napi::Function Define(Napi::Env env);

  /// new PatternSet(regexes: string[], memoryBytes: number). Throws an Error when RE2 refuses one of them (its
  /// property `index` says which). Regexes too large together for the memory are no error: every match then counts
  /// as out of memory.
  explicit PatternSet(const Napi::CallbackInfo& info);

 private:
  /// match(bytes, spans, count, masks: Uint32Array) -> number of spans for which memory ran out. Writes
  /// ceil(size / 32) words a span, bit i set when regex i matches; all bits set where memory ran out, for then any
  /// of them may.
  Napi::Value Match(const Napi::CallbackInfo& info);

  void FillAll(uint32_t* row) const;

  std::unique_ptr<re2::RE2::Set> set_;
  size_t size_ = 0;
  size_t words_ = 0;
  bool compiled_ = false;
  std::vector<int> found_;
};

}  // namespace palisade
