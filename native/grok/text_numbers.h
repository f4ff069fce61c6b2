// Small numbers for texts: the same one for the same bytes. What JavaScript remembers of a text it then keeps in an array, and
// makes no string of the text and no hash of the string.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"

namespace palisade {

class TextNumbers : public Napi::ObjectWrap<TextNumbers> {
 public:
  static Napi::Function Define(Napi::Env env);

  /// new TextNumbers(textsMax: number, bytesMax: number).
  explicit TextNumbers(const Napi::CallbackInfo& info);

 private:
  /// number(bytes, spans, count, out: Uint32Array) -> how often all numbers have been taken back so far.
  Napi::Value Number(const Napi::CallbackInfo& info);

  size_t texts_max_;
  size_t bytes_max_;
  uint32_t rounds_ = 0;
  absl::flat_hash_map<std::string, uint32_t> numbers_;
};

}  // namespace palisade
