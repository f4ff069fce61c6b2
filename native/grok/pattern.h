// One compiled regular expression, run over many spans of one buffer in a single call.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "extractor.h"
#include "re2/re2.h"

namespace palisade {

/// RE2 as CrowdSec uses it: Go's syntax (Perl classes, (?P<name>), leftmost-first), UTF-8, bounded memory, silent.
re2::RE2::Options OptionsWithin(size_t memory_bytes);

/// checkPattern(regex: string, memoryBytes: number): throws as new Pattern does. The next Pattern of the same text, in whichever
/// thread, takes what was compiled here.
Napi::Value CheckPattern(const Napi::CallbackInfo& info);

class Pattern : public Napi::ObjectWrap<Pattern> {
 public:
  static Napi::Function Define(Napi::Env env);

  /// new Pattern(regex: string, memoryBytes: number). Throws an Error with RE2's words when it refuses the regex.
  explicit Pattern(const Napi::CallbackInfo& info);

 private:
  /// groupCount: number of capturing groups.
  Napi::Value GroupCount(const Napi::CallbackInfo& info);
  /// exec(bytes, spans, count, groups: Uint32Array, out: Int32Array) -> number of spans that matched.
  Napi::Value Exec(const Napi::CallbackInfo& info);

  /// Searches the texts of the first lanes for their first `group_count` groups (0: only whether they match).
  void Search(size_t count, int group_count);
  void SearchWithRe2(Extractor::Lane* lane, int group_count);

  std::unique_ptr<re2::RE2> regex_;
  // Finds groups faster than regex_ does; null where the expression does not suit it.
  std::unique_ptr<Extractor> extractor_;
  bool extractor_made_ = false;
  std::vector<absl::string_view> groups_;
  Extractor::Lane lanes_[Extractor::kLanes];
};

}  // namespace palisade
